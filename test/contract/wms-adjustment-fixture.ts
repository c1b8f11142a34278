/**
 * A warehouse whose people ask for adjustments and decide on them: what the suites about adjustments start from.
 */
import { expect } from "vitest";
import type { MakeKernel } from "../helpers/databases.ts";
import { type Caller, openWarehouse, product, type Warehouse } from "./wms-fixture.ts";

export interface Adjustment {
  readonly id: string;
  readonly status: string;
  readonly contentHash: string;
  readonly movement: { readonly id: string; readonly person: string } | null;
  readonly [member: string]: unknown;
}

export interface Reply {
  readonly adjustment: Adjustment | null;
  readonly userErrors: readonly { readonly code: string; readonly field: readonly string[] | null }[];
  readonly replayed: boolean;
}

export type Operation = "requestAdjustment" | "approveAdjustment" | "rejectAdjustment";

const fields = `id status sku locationId bucket delta changeFromQuantity reasonCode note evidence value tier reasons
  contentHash requestedBy requestedAt decidedBy decidedAt decisionNote failureCode version movement { id person }`;
export const payload = `{ adjustment { ${fields} } userErrors { code field } replayed }`;

export const rosa: Caller = { person: "rosa", roles: ["warehouse"] };
export const sven: Caller = { person: "sven", roles: ["supervisor"] };
export const mona: Caller = { person: "mona", roles: ["manager"] };

type More = Readonly<Record<string, unknown>>;
type Named = Pick<Adjustment, "id" | "contentHash">;

export interface AdjustmentDesk {
  readonly warehouse: Warehouse;
  send(operation: Operation, input: More, caller: Caller): Promise<Reply>;
  /** A new item with `onHand` on the shelf at WEST, worth 2.50 unless said otherwise. */
  stocked(sku: string, onHand: number, unitCost?: string | null): Promise<void>;
  /** Counted, with evidence, by rosa, unless said otherwise. */
  request(sku: string, delta: number, more?: More, caller?: Caller): Promise<Reply>;
  /** The same, where another person has to decide. */
  pending(sku: string, delta: number, more?: More, caller?: Caller): Promise<Adjustment>;
  approve(adjustment: Named, caller: Caller, more?: More): Promise<Reply>;
  reject(adjustment: Named, caller: Caller, more?: More): Promise<Reply>;
  find(id: string): Promise<Adjustment | null>;
  /** What the audit says about a person's attempts, oldest first. */
  auditedOutcomes(person: string, action: Operation): Promise<string[]>;
  shelf(sku: string): Promise<unknown>;
  /** The types of the events told of an item, oldest first. */
  told(sku: string): Promise<string[]>;
}

export const refused = (code: string) =>
  expect.objectContaining({ adjustment: null, userErrors: [expect.objectContaining({ code })] });

export async function openAdjustmentDesk(makeKernel: MakeKernel): Promise<AdjustmentDesk> {
  const warehouse = await openWarehouse(makeKernel);
  let keys = 0;

  const desk: AdjustmentDesk = {
    warehouse,
    async send(operation, input, caller) {
      const type = operation === "requestAdjustment" ? "RequestAdjustmentInput" : "DecideAdjustmentInput";
      const { data, errors } = await warehouse.ask<Record<Operation, Reply>>(
        `mutation ($input: ${type}!) { ${operation}(input: $input) ${payload} }`,
        { input: { idempotencyKey: `adjust-${++keys}`, ...input } },
        caller,
      );
      expect(errors).toBeUndefined();
      return data[operation];
    },
    async stocked(sku, onHand, unitCost = "2.50") {
      await warehouse.deliver(product(sku, { unitCost }));
      const occurredAt = "2026-01-05T06:00:00.000Z";
      const buckets = { unrestricted: onHand };
      await warehouse.record([
        { id: `${sku}-opening`, type: "SNAPSHOT", sku, locationId: "WEST", quantity: onHand, buckets, occurredAt },
      ]);
    },
    request(sku, delta, more = {}, caller = rosa) {
      const counted = { reasonCode: "COUNTED", evidence: ["count:C-1"] };
      return desk.send("requestAdjustment", { sku, locationId: "WEST", delta, ...counted, ...more }, caller);
    },
    async pending(...asked) {
      const { adjustment } = await desk.request(...asked);
      if (adjustment?.status !== "PENDING_APPROVAL") throw new Error(`not pending: ${JSON.stringify(adjustment)}`);
      return adjustment;
    },
    approve: ({ id, contentHash }, caller, more = {}) =>
      desk.send("approveAdjustment", { id, contentHash, ...more }, caller),
    reject: ({ id, contentHash }, caller, more = {}) =>
      desk.send("rejectAdjustment", { id, contentHash, ...more }, caller),
    async find(id) {
      const { data } = await warehouse.ask<{ adjustment: Adjustment | null }>(
        `query ($id: ID!) { adjustment(id: $id) { ${fields} } }`,
        { id },
      );
      return data.adjustment;
    },
    async auditedOutcomes(person, action) {
      const rows = await warehouse.db.query<{ outcome: string }>(
        "SELECT outcome FROM audit_rows WHERE person = ? AND action = ? ORDER BY id",
        [person, action],
      );
      return rows.map(({ outcome }) => outcome);
    },
    shelf: async (sku) => (await warehouse.physical(sku))?.["unrestricted"],
    told: async (sku) => (await warehouse.events(sku)).map(({ type }) => type),
  };
  return desk;
}
