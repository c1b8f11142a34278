/**
 * An ERP on a database of its own, with the memory bus: what its suites start from.
 *
 * Knows products A (CASE = 12 EA, THIRD = 1/3 EA) and B, and the locations WEST and EAST. The clock stands still.
 */
import { type ManualClock, manualClock } from "../../shared/clock.ts";
import type { Payload } from "../../shared/command.ts";
import type { Database } from "../../shared/db/database.ts";
import type { AnyEvent, CanonicalEvent, EventType, StockMoved } from "../../shared/events/canonical-event.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import { anonymous, type Role } from "../../shared/identity.ts";
import type { Kernel } from "../../shared/kernel.ts";
import type { OrderAllocationReply } from "../../subgraphs/erp/commands/allocate-order.ts";
import type { SaveProductsReply } from "../../subgraphs/erp/commands/save-products.ts";
import type { SavePurchaseOrderReply } from "../../subgraphs/erp/commands/save-purchase-order.ts";
import { createErp } from "../../subgraphs/erp/subgraph.ts";
import type { MakeKernel } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";

interface Replies {
  saveProducts: SaveProductsReply;
  saveLocations: SaveProductsReply;
  saveBookBalances: SaveProductsReply;
  savePurchaseOrder: SavePurchaseOrderReply;
  allocateOrder: OrderAllocationReply;
  deallocateOrder: OrderAllocationReply;
}

const selections: Record<keyof Replies, string> = {
  saveProducts: "results { id status code message }",
  saveLocations: "results { id status code message }",
  saveBookBalances: "results { id status code message }",
  savePurchaseOrder:
    "status purchaseOrder { id status version lines { line sku locationId ordered received rejected open discrepancy promisedOn } }",
  allocateOrder: "orderAllocation { orderId channel lines { line sku locationId allocated shipped open } }",
  deallocateOrder: "orderAllocation { orderId channel lines { line sku locationId allocated shipped open } }",
};

export interface Caller {
  readonly person?: string;
  readonly roles?: readonly Role[];
}

export interface BookView {
  readonly onHand: number;
  readonly committed: number;
  readonly safetyStock: number;
  readonly version: number;
  readonly asOf: string | null;
  readonly inbound: readonly { purchaseOrderId: string; line: string; quantity: number; promisedOn: string | null }[];
}

/** A position of which nothing was ever posted. */
export const untouched = { onHand: 0, committed: 0, version: 0, asOf: null, inbound: [] };

export interface Erp {
  readonly kernel: Kernel;
  readonly clock: ManualClock;
  readonly db: Database;
  /** As erika, a planner, unless the caller says otherwise; no roles: anonymous. */
  ask<T = Record<string, unknown>>(
    query: string,
    variables?: Record<string, unknown>,
    caller?: Caller,
  ): Promise<{ data: T; errors?: OperationResult["errors"] }>;
  /** One mutation; a new idempotency key unless `input` has one. */
  run<M extends keyof Replies>(mutation: M, input: Record<string, unknown>): Promise<Payload<Replies[M]>>;
  book(sku: string, locationId?: string): Promise<BookView | null>;
  deliver(...events: readonly AnyEvent[]): Promise<void>;
  /** The outbox in its order, of one type where given. */
  events<T extends EventType>(type?: T): Promise<CanonicalEvent<T>[]>;
  count(table: string): Promise<number>;
}

export const products = [
  {
    sku: "A",
    name: "Angle bracket",
    baseUnit: "EA",
    units: [
      { unit: "CASE", numerator: 12, denominator: 1 },
      { unit: "THIRD", numerator: 1, denominator: 3 },
    ],
    safetyStock: 4,
  },
  { sku: "B", name: "Bolt", baseUnit: "EA", unitCost: "0.10" },
];

export async function openErp(makeKernel: MakeKernel): Promise<Erp> {
  const clock = manualClock();
  const kernel = await makeKernel({ clock });
  const subgraph = await createErp(kernel);
  for (const consumer of subgraph.consumers) await consumer.start();
  let keys = 0;

  const erp: Erp = {
    kernel,
    clock,
    db: subgraph.db,
    async ask(query, variables = {}, caller: Caller = {}) {
      const { person = "erika", roles = ["planner"] } = caller;
      const identity = roles.length === 0 ? anonymous : { ...anonymous, person, roles: new Set<Role>(roles) };
      return (await subgraph.execute({ query, variables }, { identity, correlationId: "story-1" })) as never;
    },
    async run(mutation, input) {
      const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!`;
      const fields = `${selections[mutation]} userErrors { code message field } replayed`;
      const { data, errors } = await erp.ask<Record<string, never>>(
        `mutation ($input: ${type}) { ${mutation}(input: $input) { ${fields} } }`,
        { input: { idempotencyKey: `key-${++keys}`, ...input } },
      );
      if (errors) throw new Error(JSON.stringify(errors));
      return data[mutation] as never;
    },
    async book(sku, locationId = "WEST") {
      const { data, errors } = await erp.ask<{ _entities: { book: BookView | null }[] }>(
        `query ($representations: [_Any!]!) {
           _entities(representations: $representations) {
             ... on StockPosition {
               book { onHand committed safetyStock version asOf inbound { purchaseOrderId line quantity promisedOn } }
             }
           }
         }`,
        { representations: [{ __typename: "StockPosition", sku, locationId }] },
      );
      if (errors) throw new Error(JSON.stringify(errors));
      return data._entities[0]?.book ?? null;
    },
    deliver: (...events) => kernel.bus.publish("facts", events),
    async events(type) {
      const rows = await subgraph.db.query<{ body: string }>("SELECT body FROM outbox ORDER BY id");
      const all = rows.map(({ body }) => JSON.parse(body) as CanonicalEvent);
      return all.filter((event) => type === undefined || event.type === type) as never;
    },
    async count(table) {
      const [row] = await subgraph.db.query<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`);
      return Number(row?.n);
    },
  };
  await erp.run("saveProducts", { products });
  await erp.run("saveLocations", {
    locations: ["WEST", "EAST"].map((id) => ({ id, name: id, type: "WAREHOUSE" })),
  });
  return erp;
}

export type WarehouseFact = "shipment.confirmed" | "shipment.voided" | "receipt.recorded" | "adjustment.posted";

let facts = 0;

/** A fact of the warehouse about A at WEST, but for what the test is about. `document`: `TYPE id` or `TYPE id/line`. */
export function warehouseFact(
  type: WarehouseFact,
  quantity: number,
  document: string | null = null,
  more: Partial<CanonicalEvent<WarehouseFact>> = {},
): AnyEvent {
  const [, documentType = "", id = "", line] = /^(\S+) ([^/]+)(?:\/(.+))?$/.exec(document ?? "") ?? [];
  const sku = more.sku ?? "A";
  const locationId = more.locationId ?? "WEST";
  const data: StockMoved = { deltas: { unrestricted: type === "shipment.confirmed" ? -quantity : quantity } };
  return canonicalEvent<WarehouseFact>("wms", type, `${sku}|${locationId}`, ++facts, {
    sku,
    locationId,
    quantity: Math.abs(quantity),
    documentRef: document === null ? null : { type: documentType, id, line: line ?? null },
    data,
    ...more,
  });
}

/** Positions that their journal does not explain, or whose committed demand is not what is open: must be none. */
export function unexplainedPositions(db: Database) {
  return db.query(
    `SELECT p.sku, p.location_id
       FROM book_positions p
       LEFT JOIN (SELECT sku, location_id, SUM(book_delta) AS book, SUM(committed_delta) AS committed
                    FROM book_postings GROUP BY sku, location_id) j
         ON j.sku = p.sku AND j.location_id = p.location_id
       LEFT JOIN (SELECT sku, location_id, SUM(allocated - shipped) AS still_open
                    FROM order_lines GROUP BY sku, location_id) o
         ON o.sku = p.sku AND o.location_id = p.location_id
      WHERE p.on_hand <> COALESCE(j.book, 0) OR p.committed <> COALESCE(j.committed, 0)
         OR p.committed <> COALESCE(o.still_open, 0)`,
  );
}

/** Per partition: the sequence numbers of the outbox, which must be 1, 2, 3, …. */
export async function sequences(erp: Erp): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for (const { partitionKey, sourceSeq } of await erp.events()) {
    found.set(partitionKey, [...(found.get(partitionKey) ?? []), sourceSeq]);
  }
  return found;
}
