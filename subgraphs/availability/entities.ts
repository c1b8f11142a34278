/**
 * The tables of `availability`: positions and policy versions.
 *
 * A position is addressed by (sku, locationId) and written by the projection only.
 */
import { EntitySchema } from "typeorm";

/** How far the events of one owner have been applied to a position. */
type ProgressColumns<O extends string> = { [C in `${O}_seq` | `${O}_as_of_ms`]: number } & {
  [C in `${O}_ahead`]: string | null;
} & { [C in `${O}_gap_since_ms`]: number | null };

export type PositionRow = {
  sku: string;
  location_id: string;
  version: number;
  unrestricted: number;
  picked: number;
  dock: number;
  damaged: number;
  hold: number;
  expired: number;
  quarantine: number;
  book: number;
  committed: number;
  quarantined: number;
  in_inspection: number;
  restock_approved: number;
  shipped_not_posted: number;
  received_not_posted: number;
  adjusted_not_posted: number;
  reserved: number;
  resync_asked_at_ms: number | null;
} & ProgressColumns<"wms"> &
  ProgressColumns<"erp"> &
  ProgressColumns<"returns">;

export interface PolicyRow {
  version: number;
  channel: string;
  state: "PROPOSED" | "ACTIVE" | "SUPERSEDED";
  change_body: string;
  policy_body: string | null;
  proposed_by: string;
  decided_by: string | null;
  note: string | null;
  proposed_at_ms: number;
  decided_at_ms: number | null;
}

/** MySQL hands BIGINT over as text; every number here is far below 2^53. */
const wholeNumber = {
  type: "bigint",
  transformer: {
    to: (value: number | null) => value,
    from: (value: string | null) => (value === null ? null : Number(value)),
  },
} as const;

const progress = <O extends string>(owner: O) =>
  ({
    [`${owner}_seq`]: { ...wholeNumber },
    [`${owner}_as_of_ms`]: { ...wholeNumber },
    [`${owner}_ahead`]: { type: "text", nullable: true },
    [`${owner}_gap_since_ms`]: { ...wholeNumber, nullable: true },
  }) as { [C in keyof ProgressColumns<O>]: typeof wholeNumber };

const quantity = { type: "int" } as const;

export const PositionEntity = new EntitySchema<PositionRow>({
  name: "Position",
  tableName: "positions",
  columns: {
    sku: { type: "varchar", length: 64, primary: true },
    location_id: { type: "varchar", length: 64, primary: true },
    version: wholeNumber,
    unrestricted: quantity,
    picked: quantity,
    dock: quantity,
    damaged: quantity,
    hold: quantity,
    expired: quantity,
    quarantine: quantity,
    book: quantity,
    committed: quantity,
    quarantined: quantity,
    in_inspection: quantity,
    restock_approved: quantity,
    shipped_not_posted: quantity,
    received_not_posted: quantity,
    adjusted_not_posted: quantity,
    reserved: quantity,
    ...progress("wms"),
    ...progress("erp"),
    ...progress("returns"),
    resync_asked_at_ms: { ...wholeNumber, nullable: true },
  },
});

export const PolicyEntity = new EntitySchema<PolicyRow>({
  name: "Policy",
  tableName: "policies",
  columns: {
    version: { type: "int", primary: true },
    channel: { type: "varchar", length: 32 },
    state: { type: "varchar", length: 16 },
    change_body: { type: "text" },
    policy_body: { type: "text", nullable: true },
    proposed_by: { type: "varchar", length: 128 },
    decided_by: { type: "varchar", length: 128, nullable: true },
    note: { type: "varchar", length: 500, nullable: true },
    proposed_at_ms: wholeNumber,
    decided_at_ms: { ...wholeNumber, nullable: true },
  },
});
