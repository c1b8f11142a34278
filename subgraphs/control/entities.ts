/**
 * The tables of `control` as TypeORM knows them, and the row types.
 *
 * Names of properties are the domain's; names of columns stand beside them.
 */
import { EntitySchema, In } from "typeorm";
import type { ExceptionStatus, ExceptionType } from "./domain/exception.ts";
import type { RankingTerm } from "./domain/ranking.ts";

export interface ExceptionRow {
  id: string;
  type: ExceptionType;
  /** What it is about, e.g. `event:…` or `position:4711|WEST`. */
  subject: string;
  openKey: string | null;
  status: ExceptionStatus;
  sku: string | null;
  locationId: string | null;
  /** Base units concerned; null where it is not about a quantity. */
  quantity: number | null;
  hint: string;
  documentType: string | null;
  documentId: string | null;
  correlationId: string;
  occurrences: number;
  priority: number;
  /** What the priority was made of, when it was last looked at, and by which version of the policy. */
  terms: readonly RankingTerm[];
  policyVersion: number;
  dueAtMs: number;
  escalationLevel: number;
  assignee: string | null;
  /** How it was settled, and by whom; null where the facts took it back. */
  resolution: string | null;
  resolvedBy: string | null;
  raisedAtMs: number;
  lastSeenAtMs: number;
  resolvedAtMs: number | null;
  version: number;
}

const milliseconds = (name: string) => ({ type: "bigint", name, transformer: toNumber }) as const;
const toNumber = {
  to: (value: number | null) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

export const ExceptionEntity = new EntitySchema<ExceptionRow>({
  name: "ExceptionCase",
  tableName: "exceptions",
  columns: {
    id: { type: "varchar", length: 36, primary: true },
    type: { type: "varchar", length: 32 },
    subject: { type: "varchar", length: 255 },
    openKey: { type: "varchar", length: 300, name: "open_key", nullable: true },
    status: { type: "varchar", length: 16 },
    sku: { type: "varchar", length: 64, nullable: true },
    locationId: { type: "varchar", length: 64, name: "location_id", nullable: true },
    quantity: { type: "int", nullable: true },
    hint: { type: "varchar", length: 500 },
    documentType: { type: "varchar", length: 32, name: "document_type", nullable: true },
    documentId: { type: "varchar", length: 128, name: "document_id", nullable: true },
    correlationId: { type: "varchar", length: 128, name: "correlation_id" },
    occurrences: { type: "int" },
    priority: { type: "int" },
    terms: { type: "simple-json" },
    policyVersion: { type: "int", name: "policy_version" },
    dueAtMs: milliseconds("due_at_ms"),
    escalationLevel: { type: "int", name: "escalation_level" },
    assignee: { type: "varchar", length: 128, nullable: true },
    resolution: { type: "varchar", length: 500, nullable: true },
    resolvedBy: { type: "varchar", length: 128, name: "resolved_by", nullable: true },
    raisedAtMs: milliseconds("raised_at_ms"),
    lastSeenAtMs: milliseconds("last_seen_at_ms"),
    resolvedAtMs: { ...milliseconds("resolved_at_ms"), nullable: true },
    version: { type: "int" },
  },
});

/** A version of the policy that somebody has set. */
export interface ExceptionPolicyRow {
  readonly version: number;
  readonly body: string;
  readonly set_by: string;
  readonly set_at_ms: number;
  readonly note: string | null;
}

/** The condition for these exceptions. */
export function ofExceptions(ids: readonly string[]) {
  return { id: In([...new Set(ids)]) };
}

export const entities = [ExceptionEntity];
