/**
 * Statements of what partners' codes stand for.
 *
 * A mapping is changed under its lock, in the order of its key; every version of it stays.
 */
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, insertRows, only, tupleMarks, upsertRows } from "../../../shared/db/statements.ts";
import type { CodeKind } from "../../../shared/events/letter-events.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import type { MappingKey, PartnerMapping } from "../domain/partner-mapping.ts";

export function mappingText({ partner, kind, code }: MappingKey): string {
  return [partner, kind, code].join("\n");
}

/** Those that there are, locked until the transaction ends. */
export async function lockMappings(tx: Transaction, keys: readonly MappingKey[]): Promise<Map<string, PartnerMapping>> {
  if (keys.length === 0) return new Map();
  const rows = await tx.query<Row>(
    `SELECT * FROM partner_mappings WHERE (partner, kind, code) IN ${tupleMarks(tx.dialect, keys.length, 3)}
      ORDER BY partner, kind, code${forUpdate(tx.dialect)}`,
    keys.flatMap(({ partner, kind, code }) => [partner, kind, code]),
  );
  return new Map(rows.map(toMapping).map((mapping) => [mappingText(mapping), mapping]));
}

export async function saveMappings(tx: Transaction, mappings: readonly PartnerMapping[]): Promise<void> {
  await upsertRows(tx, "partner_mappings", ["partner", "kind", "code"], mappings.map(columnsOf));
  await insertRows(tx, "partner_mapping_versions", mappings.map(columnsOf));
}

/** By kind and code; one more than the page's size where there are more. */
export async function listMappings(
  db: Reader,
  partner: string,
  kind: CodeKind | null,
  page: Page,
): Promise<PartnerMapping[]> {
  const conditions = [only("partner")];
  const params: SqlValue[] = [partner];
  if (kind !== null) {
    conditions.push(only("kind"));
    params.push(kind);
  }
  if (page.after) {
    const [afterKind, afterCode] = page.after as readonly [string, string];
    conditions.push("(kind > ? OR (kind = ? AND code > ?))");
    params.push(afterKind, afterKind, afterCode);
  }
  const rows = await db.query<Row>(
    `SELECT * FROM partner_mappings WHERE ${conditions.join(" AND ")}
      ORDER BY partner, kind, code LIMIT ${page.size + 1}`,
    params,
  );
  return rows.map(toMapping);
}

/** The newest first, up to `countMax`. */
export async function versionsOf(
  db: Reader,
  { partner, kind, code }: MappingKey,
  countMax: number,
): Promise<PartnerMapping[]> {
  const rows = await db.query<Row>(
    `SELECT * FROM partner_mapping_versions WHERE partner = ? AND kind = ? AND code = ?
      ORDER BY version DESC LIMIT ${countMax}`,
    [partner, kind, code],
  );
  return rows.map(toMapping);
}

type Row = Record<string, string | number | null>;

function toMapping(row: Row): PartnerMapping {
  return {
    partner: String(row["partner"]),
    kind: row["kind"] as CodeKind,
    code: String(row["code"]),
    version: Number(row["version"]),
    target: row["target"] === null ? null : String(row["target"]),
    owner: String(row["owner"]),
    changedBy: String(row["changed_by"]),
    changedAtMs: Number(row["changed_at_ms"]),
  };
}

function columnsOf(mapping: PartnerMapping) {
  const { partner, kind, code, version, target, owner } = mapping;
  return {
    ...{ partner, kind, code, version, target, owner },
    changed_by: mapping.changedBy,
    changed_at_ms: mapping.changedAtMs,
  };
}
