/**
 * A warehouse on a database of its own, with the memory bus: what its suites start from.
 *
 * Knows products A (CASE = 12 EA, THIRD = 1/3 EA) and B, and the locations WEST and EAST. The clock stands still.
 */
import { type ManualClock, manualClock } from "../../shared/clock.ts";
import type { Database } from "../../shared/db/database.ts";
import type { AnyEvent, ProductChanged } from "../../shared/events/canonical-event.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import { anonymous, type Role } from "../../shared/identity.ts";
import type { Kernel } from "../../shared/kernel.ts";
import type { StockEventResult } from "../../subgraphs/wms/commands/stock-facts.ts";
import type { StockEventInput } from "../../subgraphs/wms/stock-reports.ts";
import { createWms } from "../../subgraphs/wms/subgraph.ts";
import type { MakeKernel } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";

export interface BulkReply {
  readonly results: readonly StockEventResult[];
  readonly userErrors: readonly { code: string; message: string; field: string[] | null }[];
  readonly replayed: boolean;
}

export interface Caller {
  readonly person?: string;
  readonly roles?: readonly Role[];
}

export interface Warehouse {
  readonly kernel: Kernel;
  readonly clock: ManualClock;
  readonly db: Database;
  /** As wanda of the warehouse, unless the caller says otherwise; no roles: anonymous. `record`: as its connector. */
  ask<T = Record<string, unknown>>(
    query: string,
    variables?: Record<string, unknown>,
    caller?: Caller,
  ): Promise<{ data: T; errors?: OperationResult["errors"] }>;
  record(events: readonly StockEventInput[], more?: object, caller?: Caller): Promise<BulkReply>;
  physical(sku: string, locationId?: string): Promise<Record<string, unknown> | null>;
  /** Delivers facts; resolves when they have been handled. */
  deliver(...events: readonly AnyEvent[]): Promise<void>;
  /** The outbox in its order, of one position where given. */
  events(sku?: string): Promise<AnyEvent[]>;
}

export async function openWarehouse(makeKernel: MakeKernel): Promise<Warehouse> {
  const clock = manualClock();
  const kernel = await makeKernel({ clock });
  // Long enough for what is on its way, short enough for what never comes.
  const wms = await createWms(kernel, { masterDataWaitMs: 300 });
  for (const consumer of wms.consumers) await consumer.start();
  let keys = 0;

  const warehouse: Warehouse = {
    kernel,
    clock,
    db: wms.db,
    async ask(query, variables = {}, caller = {}) {
      const roles = new Set(caller.roles ?? (["warehouse"] as const));
      const identity = roles.size === 0 ? anonymous : { ...anonymous, person: caller.person ?? "wanda", roles };
      return (await wms.execute({ query, variables }, { identity, correlationId: "story-1" })) as never;
    },
    async record(events, more = {}, caller = { roles: ["connector-wms"] }) {
      const input = { idempotencyKey: `key-${++keys}`, events, ...more };
      const { data, errors } = await warehouse.ask<{ recordStockEvents: BulkReply }>(
        recordStockEvents,
        { input },
        caller,
      );
      if (errors) throw new Error(JSON.stringify(errors));
      return data.recordStockEvents;
    },
    async physical(sku, locationId = "WEST") {
      const { data } = await warehouse.ask<{ _entities: { physical: Record<string, unknown> | null }[] }>(
        `query ($representations: [_Any!]!) {
           _entities(representations: $representations) {
             ... on StockPosition {
               physical { onHand unrestricted picked dock damaged hold expired quarantine version asOf }
             }
           }
         }`,
        { representations: [{ __typename: "StockPosition", sku, locationId }] },
      );
      return data._entities[0]?.physical ?? null;
    },
    deliver: (...events) => kernel.bus.publish("facts", events),
    async events(sku) {
      const rows = await wms.db.query<{ body: string }>("SELECT body FROM outbox ORDER BY id");
      const all = rows.map(({ body }) => JSON.parse(body) as AnyEvent);
      return sku === undefined ? all : all.filter((event) => event.sku === sku);
    },
  };
  await warehouse.deliver(product("A"), product("B"), location("WEST"), location("EAST"));
  return warehouse;
}

export const recordStockEvents = `
  mutation ($input: RecordStockEventsInput!) {
    recordStockEvents(input: $input) {
      results { id status code message }
      userErrors { code message field }
      replayed
    }
  }`;

let eventIds = 0;

/** A receipt of 10 A at WEST, but for what the test is about. */
export function stockEvent(more: Partial<StockEventInput> = {}): StockEventInput {
  return {
    id: `e${++eventIds}`,
    type: "RECEIPT",
    sku: "A",
    locationId: "WEST",
    quantity: 10,
    occurredAt: "2026-01-05T07:00:00.000Z",
    ...more,
  };
}

export function product(sku: string, more: Partial<ProductChanged> = {}): AnyEvent {
  return canonicalEvent("erp", "master.changed", `product:${sku}`, more.version ?? 1, {
    sku,
    data: {
      kind: "product",
      version: 1,
      name: `Item ${sku}`,
      baseUnit: "EA",
      class: null,
      active: true,
      safetyStock: 0,
      units: [
        { unit: "CASE", numerator: 12, denominator: 1 },
        { unit: "THIRD", numerator: 1, denominator: 3 },
      ],
      ...more,
    },
  });
}

export function location(locationId: string): AnyEvent {
  return canonicalEvent("erp", "master.changed", `location:${locationId}`, 1, {
    locationId,
    data: { kind: "location", version: 1, name: locationId, type: "WAREHOUSE", timeZone: "UTC", sellable: true },
  });
}

let papers = 0;

/** What the ERP tells of one line of a transfer from WEST to EAST. */
export function transferPaper(
  type: "transfer.approved" | "transfer.cancelled",
  transferId: string,
  sku: string,
  quantity: number,
): AnyEvent {
  return canonicalEvent<typeof type>("erp", type, `${sku}|WEST`, ++papers, {
    sku,
    locationId: "WEST",
    toLocationId: "EAST",
    quantity,
    documentRef: { type: "TRANSFER", id: transferId, line: "1" },
    data: { transferId, committedDelta: type === "transfer.approved" ? quantity : -quantity },
  });
}

/** Positions whose balance is not the sum of their effective movements, or whose journal has a hole: must be none. */
export function unexplainedPositions(db: Database) {
  const buckets = ["unrestricted", "picked", "dock", "damaged", "hold", "expired", "quarantine"];
  const sums = buckets.map((b) => `SUM(CASE WHEN m.status = 'ACCEPTED' THEN m.${b}_delta ELSE 0 END)`);
  return db.query(
    `SELECT b.sku, b.location_id
       FROM stock_balances b LEFT JOIN stock_movements m ON m.sku = b.sku AND m.location_id = b.location_id
      GROUP BY b.sku, b.location_id, b.version, b.entries, ${buckets.map((b) => `b.${b}`).join(", ")}
     HAVING ${buckets.map((b, i) => `COALESCE(${sums[i]}, 0) <> b.${b}`).join(" OR ")}
         OR COUNT(m.entry_no) <> b.entries OR COALESCE(MAX(m.entry_no), 0) <> b.entries`,
  );
}
