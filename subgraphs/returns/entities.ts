/**
 * The tables of `returns` as TypeORM knows them, and the row types.
 *
 * Names of properties are the domain's; names of columns stand beside them.
 */
import { EntitySchema, In } from "typeorm";
import type { Disposition, ReturnStatus } from "./domain/return.ts";

export interface ReturnRow {
  returnId: string;
  orderId: string | null;
  locationId: string;
  status: ReturnStatus;
  announced: boolean;
  contentHash: string | null;
  proposedBy: string | null;
  decidedBy: string | null;
  decisionNote: string | null;
  version: number;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface ReturnLineRow {
  returnId: string;
  lineNumber: number;
  sku: string;
  authorized: number;
  received: number;
  restocked: number;
  removed: number;
  reasonCode: string | null;
  condition: string | null;
  inspectionNote: string | null;
  disposition: Disposition | null;
}

export interface PositionRow {
  sku: string;
  locationId: string;
  quarantined: number;
  inInspection: number;
  restockApproved: number;
  version: number;
  updatedAtMs: number;
}

export interface MovementRow {
  id: number;
  sku: string;
  locationId: string;
  /** The position's version after it, and the `sourceSeq` of its event. */
  positionVersion: number;
  eventId: string;
  returnId: string;
  lineNumber: number;
  quarantinedDelta: number;
  inInspectionDelta: number;
  restockApprovedDelta: number;
  occurredAtMs: number;
  recordedAtMs: number;
}

/** TypeORM hands BIGINT over as text on MySQL; every number here is far below 2^53. */
const wholeNumber = { to: (value: number) => value, from: (value: number | string) => Number(value) };
const yesNo = { to: (value: boolean) => (value ? 1 : 0), from: (value: number) => value === 1 };

export const ReturnEntity = new EntitySchema<ReturnRow>({
  name: "Return",
  tableName: "return_documents",
  columns: {
    returnId: { name: "id", type: "varchar", length: 128, primary: true },
    orderId: { name: "order_id", type: "varchar", length: 128, nullable: true },
    locationId: { name: "location_id", type: "varchar", length: 64 },
    status: { type: "varchar", length: 32 },
    announced: { type: "smallint", transformer: yesNo },
    contentHash: { name: "content_hash", type: "varchar", length: 64, nullable: true },
    proposedBy: { name: "proposed_by", type: "varchar", length: 128, nullable: true },
    decidedBy: { name: "decided_by", type: "varchar", length: 128, nullable: true },
    decisionNote: { name: "decision_note", type: "varchar", length: 500, nullable: true },
    version: { type: "int" },
    createdAtMs: { name: "created_at_ms", type: "bigint", transformer: wholeNumber },
    updatedAtMs: { name: "updated_at_ms", type: "bigint", transformer: wholeNumber },
  },
});

export const ReturnLineEntity = new EntitySchema<ReturnLineRow>({
  name: "ReturnLine",
  tableName: "return_lines",
  columns: {
    returnId: { name: "return_id", type: "varchar", length: 128, primary: true },
    lineNumber: { name: "line_number", type: "int", primary: true },
    sku: { type: "varchar", length: 64 },
    authorized: { type: "int" },
    received: { type: "int" },
    restocked: { type: "int" },
    removed: { type: "int" },
    reasonCode: { name: "reason_code", type: "varchar", length: 64, nullable: true },
    condition: { name: "item_condition", type: "varchar", length: 64, nullable: true },
    inspectionNote: { name: "inspection_note", type: "varchar", length: 500, nullable: true },
    disposition: { type: "varchar", length: 32, nullable: true },
  },
});

export const PositionEntity = new EntitySchema<PositionRow>({
  name: "ReturnPosition",
  tableName: "return_positions",
  columns: {
    sku: { type: "varchar", length: 64, primary: true },
    locationId: { name: "location_id", type: "varchar", length: 64, primary: true },
    quarantined: { type: "int" },
    inInspection: { name: "in_inspection", type: "int" },
    restockApproved: { name: "restock_approved", type: "int" },
    version: { type: "int" },
    updatedAtMs: { name: "updated_at_ms", type: "bigint", transformer: wholeNumber },
  },
});

export const MovementEntity = new EntitySchema<MovementRow>({
  name: "ReturnMovement",
  tableName: "return_movements",
  columns: {
    id: { type: "bigint", primary: true, generated: true, transformer: wholeNumber },
    sku: { type: "varchar", length: 64 },
    locationId: { name: "location_id", type: "varchar", length: 64 },
    positionVersion: { name: "position_version", type: "int" },
    eventId: { name: "event_id", type: "varchar", length: 128 },
    returnId: { name: "return_id", type: "varchar", length: 128 },
    lineNumber: { name: "line_number", type: "int" },
    quarantinedDelta: { name: "quarantined_delta", type: "int" },
    inInspectionDelta: { name: "in_inspection_delta", type: "int" },
    restockApprovedDelta: { name: "restock_approved_delta", type: "int" },
    occurredAtMs: { name: "occurred_at_ms", type: "bigint", transformer: wholeNumber },
    recordedAtMs: { name: "recorded_at_ms", type: "bigint", transformer: wholeNumber },
  },
});

/** The condition for documents and lines of these returns. */
export function ofReturns(ids: readonly string[]) {
  return { returnId: In([...new Set(ids)]) };
}

export const entities = [ReturnEntity, ReturnLineEntity, PositionEntity, MovementEntity];
