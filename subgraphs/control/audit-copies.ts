/**
 * Copies of the audit of every system: taken in as they come, and verified from where the last verification ended.
 *
 * Each copy is hashed once, when everything before it is there; a hole waits. From the first break on nothing of that
 * system is verified any more: what follows on a broken link proves nothing.
 */

import { emptyHead } from "../../shared/audit/chain.ts";
import { checkSeal } from "../../shared/audit/verify.ts";
import type { SystemName } from "../../shared/config.ts";
import type { Transaction } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { countFacts } from "./kpis.ts";
import { addCopies, auditRowOf, copiesAfter, lockVerified, saveVerified, type Verified } from "./store/audit-copies.ts";

export async function takeCopies(tx: Transaction, events: readonly AnyEvent[], nowMs: number): Promise<void> {
  const sources = new Set<SystemName>();
  for (const event of events) {
    if (event.type !== "audit.sealed") continue;
    await addCopies(tx, event.source, event.data.rows);
    sources.add(event.source);
  }
  for (const source of [...sources].sort()) await verifyOn(tx, source, nowMs);
  await countFacts(tx, events);
}

async function verifyOn(tx: Transaction, source: SystemName, nowMs: number): Promise<void> {
  const known: Verified = (await lockVerified(tx, source)) ?? {
    ...{ source, ...emptyHead(source), brokenAt: null, verifiedAtMs: nowMs },
  };
  if (known.brokenAt !== null) return;
  let head = { sequence: known.sequence, hash: known.hash };
  let brokenAt: number | null = null;
  for (const copy of await copiesAfter(tx, source, head.sequence, limits.auditCopiesVerifiedMax)) {
    const { sequence, hash, sealed_at_ms, id } = copy;
    const finding = checkSeal(head, { seal: { sequence, hash, sealed_at_ms, audit_id: id }, row: auditRowOf(copy) });
    // What is missing may be on its way.
    if (finding === "SEAL_MISSING") break;
    if (finding) {
      brokenAt = sequence;
      break;
    }
    head = { sequence, hash };
  }
  await saveVerified(tx, { source, ...head, brokenAt, verifiedAtMs: nowMs });
}
