/**
 * A returns desk on a database of its own, with the memory bus: what its suites start from.
 *
 * Knows products A (CASE = 12 EA), B and C, and the locations WEST and EAST. The clock stands still.
 */
import { type ManualClock, manualClock } from "../../shared/clock.ts";
import type { RequestContext } from "../../shared/command.ts";
import type { Database } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import { anonymous, type Role } from "../../shared/identity.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { createReturns } from "../../subgraphs/returns/subgraph.ts";
import type { MakeKernel } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";

export interface ReturnsDesk {
  readonly kernel: Kernel;
  readonly clock: ManualClock;
  readonly db: Database;
  /** As a person with these roles, rita unless named; no roles: anonymous. */
  ask<T = Record<string, unknown>>(
    query: string,
    variables?: Record<string, unknown>,
    roles?: readonly Role[],
    person?: string,
  ): Promise<{ data: T; errors?: OperationResult["errors"] }>;
  /** Delivers facts; resolves when they have been handled. */
  deliver(...events: readonly AnyEvent[]): Promise<void>;
  /** Events in the outbox, in their order, e.g. of one type. */
  events(type?: string): Promise<AnyEvent[]>;
}

export async function openReturnsDesk(makeKernel: MakeKernel): Promise<ReturnsDesk> {
  const clock = manualClock();
  const kernel = await makeKernel({ clock });
  const returns = await createReturns(kernel);
  for (const consumer of returns.consumers) await consumer.start();
  const desk: ReturnsDesk = {
    kernel,
    clock,
    db: returns.db,
    ask: async (query, variables = {}, roles = ["returns-desk"], person = "rita") =>
      (await returns.execute({ query, variables }, contextOf(roles, person))) as never,
    deliver: (...events) => kernel.bus.publish("facts", events),
    async events(type) {
      const rows = await returns.db.query<{ body: string }>("SELECT body FROM outbox ORDER BY id");
      const all = rows.map(({ body }) => JSON.parse(body) as AnyEvent);
      return type ? all.filter((event) => event.type === type) : all;
    },
  };
  await desk.deliver(
    product("A", [{ unit: "CASE", numerator: 12, denominator: 1 }]),
    product("B"),
    product("C"),
    location("WEST"),
    location("EAST"),
  );
  return desk;
}

function contextOf(roles: readonly Role[], person: string): RequestContext {
  const identity = roles.length === 0 ? anonymous : { ...anonymous, person, roles: new Set(roles) };
  return { identity, correlationId: "story-1" };
}

export function product(
  sku: string,
  units: readonly { unit: string; numerator: number; denominator: number }[] = [],
  version = 1,
): AnyEvent {
  return canonicalEvent("erp", "master.changed", `product:${sku}`, version, {
    sku,
    data: {
      kind: "product",
      version,
      name: sku,
      baseUnit: "EA",
      class: null,
      active: true,
      safetyStock: 0,
      units,
    },
  });
}

export function location(locationId: string, accounts?: readonly string[]): AnyEvent {
  return canonicalEvent("erp", "master.changed", `location:${locationId}`, 1, {
    locationId,
    data: {
      kind: "location",
      version: 1,
      name: locationId,
      type: "WAREHOUSE",
      timeZone: "UTC",
      sellable: true,
      ...(accounts ? { accounts } : {}),
    },
  });
}

let moves = 0;

/** The warehouse put units of a return back on the shelf. */
export function putaway(returnId: string, sku: string, quantity: number, more: Partial<AnyEvent> = {}): AnyEvent {
  return takenOut("putaway.completed", returnId, sku, quantity, { toBucket: "unrestricted", ...more });
}

/** The warehouse took units of a return out of quarantine; out of the building where `more` names no bucket. */
export function takenOut(
  type: "putaway.completed" | "shipment.confirmed" | "adjustment.posted" | "stock.status.changed",
  returnId: string,
  sku: string,
  quantity: number,
  more: Partial<AnyEvent> = {},
): AnyEvent {
  const fact = canonicalEvent("wms", type, `${sku}|WEST`, ++moves, {
    sku,
    locationId: "WEST",
    quantity: type === "adjustment.posted" ? -quantity : quantity,
    fromBucket: "quarantine",
    documentRef: { type: "RETURN", id: returnId },
    data: { deltas: { quarantine: -quantity, ...(more.toBucket ? { [more.toBucket]: quantity } : {}) } },
  });
  return { ...fact, ...more } as AnyEvent;
}

export const authorizeReturn = `
  mutation ($input: AuthorizeReturnInput!) {
    authorizeReturn(input: $input) {
      return { id orderId locationId status announced version createdAt updatedAt
               lines { lineId sku authorized received restocked reasonCode condition disposition } }
      userErrors { code message field }
      replayed
    }
  }`;

export const receiveReturn = `
  mutation ($input: ReceiveReturnInput!) {
    receiveReturn(input: $input) {
      return { id orderId locationId status announced version lines { lineId sku authorized received } }
      userErrors { code message field }
      replayed
    }
  }`;

const judged = `
      return { id status contentHash proposedBy decidedBy decisionNote
               lines { lineId received restocked removed condition inspectionNote disposition } }
      userErrors { code message field }
      replayed`;

export const inspectReturn = `mutation ($input: InspectReturnInput!) { inspectReturn(input: $input) {${judged} } }`;
export const proposeDisposition = `
  mutation ($input: ProposeDispositionInput!) { proposeDisposition(input: $input) {${judged} } }`;
export const approveDisposition = `
  mutation ($input: DecideDispositionInput!) { approveDisposition(input: $input) {${judged} } }`;
export const rejectDisposition = `
  mutation ($input: DecideDispositionInput!) { rejectDisposition(input: $input) {${judged} } }`;

export interface Reply {
  readonly return: Record<string, unknown> & { id: string; lines: Record<string, unknown>[] };
  readonly userErrors: { code: string; message: string; field: string[] | null }[];
  readonly replayed: boolean;
}

/** What the desk holds of a position, as an entity that the gateway asks for. */
export async function stockOf(desk: ReturnsDesk, sku: string, locationId = "WEST") {
  const { data } = await desk.ask<{ _entities: { returns: Record<string, unknown> }[] }>(
    `query ($representations: [_Any!]!) {
       _entities(representations: $representations) {
         ... on StockPosition { returns { quarantined inInspection restockApproved version asOf } }
       }
     }`,
    { representations: [{ __typename: "StockPosition", sku, locationId }] },
  );
  return data._entities[0]?.returns;
}

/** Positions whose figures are not the sum of their movements: must be none. */
export function unexplainedPositions(db: Database) {
  return db.query(
    `SELECT p.sku, p.location_id, p.quarantined, SUM(m.quarantined_delta) AS explained
       FROM return_positions p
       LEFT JOIN return_movements m ON m.sku = p.sku AND m.location_id = p.location_id
      GROUP BY p.sku, p.location_id, p.quarantined, p.in_inspection, p.restock_approved
     HAVING COALESCE(SUM(m.quarantined_delta), 0) <> p.quarantined
         OR COALESCE(SUM(m.in_inspection_delta), 0) <> p.in_inspection
         OR COALESCE(SUM(m.restock_approved_delta), 0) <> p.restock_approved`,
  );
}
