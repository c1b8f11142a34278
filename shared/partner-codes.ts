/**
 * What a partner's codes stand for here: each system's replica of the mappings, filled from `mapping.changed`.
 *
 * A code that nobody has mapped stands for itself; nothing is guessed beyond that. A replica never goes back: an event
 * counts only if its version is newer.
 */
import type { Reader, Transaction } from "./db/database.ts";
import { tupleMarks, upsertNewer } from "./db/statements.ts";
import type { AnyEvent } from "./events/canonical-event.ts";
import type { CodeKind } from "./events/letter-events.ts";

export interface PartnerCode {
  readonly kind: CodeKind;
  readonly code: string;
}

/** The codes of one partner. */
export interface PartnerCodes {
  /** What the code stands for; itself where nobody has said. */
  of(kind: CodeKind, code: string): string;
}

export function partnerCodesOf(targets: readonly (PartnerCode & { readonly target: string })[]): PartnerCodes {
  const known = new Map(targets.map(({ kind, code, target }) => [textOf({ kind, code }), target]));
  return { of: (kind, code) => known.get(textOf({ kind, code })) ?? code };
}

export const noPartnerCodes: PartnerCodes = partnerCodesOf([]);

/** `KIND|code`: what a dead letter waits for. */
export function textOf({ kind, code }: PartnerCode): string {
  return `${kind}|${code}`;
}

/** Of these codes, those that are mapped. */
export async function findPartnerCodes(
  db: Reader,
  partner: string,
  wanted: readonly PartnerCode[],
): Promise<PartnerCodes> {
  const codes = [...new Map(wanted.map((code) => [textOf(code), code])).values()];
  if (codes.length === 0) return noPartnerCodes;
  const rows = await db.query<PartnerCode & { readonly target: string | null }>(
    `SELECT kind, code, target FROM partner_codes
      WHERE (partner, kind, code) IN ${tupleMarks(db.dialect, codes.length, 3)}`,
    codes.flatMap(({ kind, code }) => [partner, kind, code]),
  );
  return partnerCodesOf(rows.flatMap(({ target, ...code }) => (target === null ? [] : [{ ...code, target }])));
}

/** Takes over what `mapping.changed` events among `events` say; for a consumer's `handle`. */
export async function applyPartnerCodes(tx: Transaction, events: readonly AnyEvent[]): Promise<void> {
  const rows = events.flatMap((event) => {
    if (event.type !== "mapping.changed") return [];
    const { partner, kind, code, target, version } = event.data;
    return [{ partner, kind, code, target, version }];
  });
  // In key order, so that two workers do not wait for each other.
  const key = ({ partner, kind, code }: (typeof rows)[number]) => [partner, kind, code].join("\n");
  rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  await upsertNewer(tx, "partner_codes", ["partner", "kind", "code"], "version", rows);
}
