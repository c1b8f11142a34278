/**
 * Adjustments: the paper of a correction, from the request to the posting in the books.
 *
 * An adjustment is locked after the position it is about. Does not touch stock: that is `posting.ts`.
 */
import type { Tier } from "../../../shared/approval-tiers.ts";
import type { Reader, SqlValue, Transaction } from "../../../shared/db/database.ts";
import { forUpdate, marks, numberOrNull, only, upsertRows } from "../../../shared/db/statements.ts";
import type { Bucket } from "../../../shared/events/canonical-event.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import type { AdjustmentState, AdjustmentStatus } from "../domain/adjustment.ts";
import type { ReferralReason } from "../domain/adjustment-policy.ts";
import type { AdjustmentRow } from "../entities.ts";

/** Those that exist, by id. */
export async function loadAdjustments(reader: Reader, ids: readonly string[]): Promise<Map<string, AdjustmentState>> {
  const found = await selectAdjustments(reader, "id", ids, "");
  return new Map(found.map((state) => [state.adjustmentId, state]));
}

/** A page, newest first; one more than its size where there are more. */
export async function listAdjustments(
  reader: Reader,
  status: AdjustmentStatus | null,
  page: Page,
): Promise<AdjustmentState[]> {
  const conditions = status ? [only("status")] : [];
  const params: SqlValue[] = [...(status ? [status] : [])];
  if (page.after) {
    const [requestedAtMs, id] = page.after as readonly [string, string];
    conditions.push("requested_at_ms <= ? AND (requested_at_ms < ? OR id < ?)");
    // As text: a forged cursor that holds no number is then compared like any other, and is no SQL error.
    params.push(requestedAtMs, requestedAtMs, id);
  }
  const rows = await reader.query<AdjustmentRow>(
    `SELECT * FROM adjustments ${conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : ""}
      ORDER BY ${status ? "status DESC, " : ""}requested_at_ms DESC, id DESC LIMIT ${page.size + 1}`,
    params,
  );
  return rows.map(toAdjustment);
}

/** As they are now, locked in the order of their ids until the transaction ends; their positions are locked before. */
export function lockAdjustments(tx: Transaction, ids: readonly string[]): Promise<AdjustmentState[]> {
  return selectAdjustments(tx, "id", ids, forUpdate(tx.dialect));
}

/** Those that became one of the movements, locked in the order of their ids. */
export function lockAdjustmentsOf(tx: Transaction, movementIds: readonly string[]): Promise<AdjustmentState[]> {
  return selectAdjustments(tx, "movement_id", movementIds, forUpdate(tx.dialect));
}

/**
 * Σ |delta| of what a person asked for at each position of a location since a moment, the rejected left out; by SKU. To
 * be asked under the positions' locks: then two requests of one person never both count without the other.
 */
export async function requestedSince(
  tx: Transaction,
  {
    person,
    skus,
    locationId,
  }: { readonly person: string; readonly skus: readonly string[]; readonly locationId: string },
  sinceMs: number,
): Promise<Map<string, number>> {
  const rows = await tx.query<{ sku: string; total: number | string }>(
    `SELECT sku, SUM(ABS(delta)) AS total FROM adjustments
      WHERE requested_by = ? AND sku IN (${marks(skus.length)}) AND location_id = ? AND requested_at_ms > ?
        AND status <> 'REJECTED' GROUP BY sku`,
    [person, ...skus, locationId, sinceMs],
  );
  return new Map(rows.map(({ sku, total }) => [sku, Number(total)]));
}

export async function saveAdjustments(tx: Transaction, states: readonly AdjustmentState[]): Promise<void> {
  await upsertRows(tx, "adjustments", ["id"], states.map(toAdjustmentRow));
}

async function selectAdjustments(
  reader: Reader,
  column: "id" | "movement_id",
  values: readonly string[],
  lock: string,
): Promise<AdjustmentState[]> {
  if (values.length === 0) return [];
  const rows = await reader.query<AdjustmentRow>(
    `SELECT * FROM adjustments WHERE ${column} IN (${marks(values.length)}) ORDER BY id${lock}`,
    values,
  );
  return rows.map(toAdjustment);
}

function toAdjustment(row: AdjustmentRow): AdjustmentState {
  return {
    adjustmentId: row.id,
    sku: row.sku,
    locationId: row.location_id,
    bucket: row.bucket as Bucket,
    delta: row.delta,
    changeFromQuantity: row.change_from_quantity,
    reasonCode: row.reason_code,
    note: row.note,
    evidence: JSON.parse(row.evidence) as string[],
    requestedBy: row.requested_by,
    countedBy: row.counted_by,
    contentHash: row.content_hash,
    requestedAtMs: Number(row.requested_at_ms),
    status: row.status as AdjustmentStatus,
    tier: row.tier as Tier | null,
    reasons: JSON.parse(row.reasons) as ReferralReason[],
    value: row.total_value,
    decidedBy: row.decided_by,
    decidedAtMs: numberOrNull(row.decided_at_ms),
    decisionNote: row.decision_note,
    movementId: row.movement_id,
    failureCode: row.failure_code,
    version: Number(row.version),
  };
}

function toAdjustmentRow(state: AdjustmentState) {
  return {
    id: state.adjustmentId,
    sku: state.sku,
    location_id: state.locationId,
    bucket: state.bucket,
    delta: state.delta,
    change_from_quantity: state.changeFromQuantity,
    reason_code: state.reasonCode,
    note: state.note,
    evidence: JSON.stringify(state.evidence),
    requested_by: state.requestedBy,
    counted_by: state.countedBy,
    content_hash: state.contentHash,
    requested_at_ms: state.requestedAtMs,
    status: state.status,
    tier: state.tier,
    reasons: JSON.stringify(state.reasons),
    total_value: state.value,
    decided_by: state.decidedBy,
    decided_at_ms: state.decidedAtMs,
    decision_note: state.decisionNote,
    movement_id: state.movementId,
    failure_code: state.failureCode,
    version: state.version,
  };
}
