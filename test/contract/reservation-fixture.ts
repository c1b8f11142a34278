/**
 * The availability subgraph with stock to reserve: items A, B, C at the location L (and A at M), on any database.
 *
 * The other systems are played by hand-made events. Nothing sweeps unless the test says so: the clock stands still.
 */
import { type ManualClock, manualClock } from "../../shared/clock.ts";
import type { Database } from "../../shared/db/database.ts";
import { type AnyEvent, type EventType, noStock } from "../../shared/events/canonical-event.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import { commandDeps } from "../../shared/graphql/subgraph.ts";
import { anonymous, type Identity, type Role } from "../../shared/identity.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createReservationSweep, type ReservationSweep } from "../../subgraphs/availability/reservation-sweep.ts";
import { createAvailability } from "../../subgraphs/availability/subgraph.ts";
import type { MakeKernel } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { createFacts } from "../helpers/facts.ts";

export interface Payload {
  readonly reservation: Record<string, unknown> & { readonly id: string };
  readonly shortages?: readonly Record<string, unknown>[];
  readonly userErrors: readonly { code: string; message: string; field: string[] | null }[];
  readonly replayed: boolean;
}

export interface Shop {
  readonly clock: ManualClock;
  readonly db: Database;
  readonly sweep: ReservationSweep;
  ask(query: string, variables?: object, identity?: Identity): Promise<OperationResult>;
  reserve(lines: readonly Line[], more?: object, identity?: Identity): Promise<Payload>;
  confirm(id: string, orderId: string, more?: object, identity?: Identity): Promise<Payload>;
  release(id: string, more?: object, identity?: Identity): Promise<Payload>;
  /** `orderId` is committed in the ERP for `quantity` (or given back, below zero). */
  allocate(orderId: string, quantity: number, sku?: string, locationId?: string): Promise<void>;
  publish(...events: readonly AnyEvent[]): Promise<void>;
  /** `onHand` at the position, from now on. */
  stock(onHand: number, sku?: string, locationId?: string): Promise<void>;
  figures(channel?: string, sku?: string, locationId?: string): Promise<{ ats: number; net: number; terms: object }>;
  events(type: EventType): Promise<AnyEvent[]>;
}

export interface Line {
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
}

interface Answer {
  readonly availableToSell: number;
  readonly net: number;
  readonly terms: readonly { readonly name: string; readonly quantity: number }[];
}

export const person = (name: string, ...roles: Role[]): Identity => ({
  ...anonymous,
  person: name,
  roles: new Set(roles),
});
export const shopper = person("web-shop", "storefront");
export const lineOf = (quantity: number, sku = "A", locationId = "L"): Line => ({ sku, locationId, quantity });

const reservationFields = `reservation { id status channel orderId reference expiresAt allocationOverdue
  lines { sku locationId quantity held } } userErrors { code message field } replayed`;

export async function openShop(makeKernel: MakeKernel): Promise<Shop> {
  const clock = manualClock();
  const bus = createMemoryBus();
  const kernel = await makeKernel({ clock, bus });
  const subgraph = await createAvailability(kernel);
  for (const part of subgraph.consumers) if (part.name.startsWith("consumer")) await part.start();
  const { db } = subgraph;
  const quiet = { committed: () => {}, listen: () => {} };
  const sweep = createReservationSweep({ ...commandDeps(kernel, db, quiet), log: silentLogger });
  const facts = createFacts(clock);
  const sequences = new Map<string, number>();
  const next = (...key: string[]) => {
    const seq = (sequences.get(key.join("|")) ?? 0) + 1;
    sequences.set(key.join("|"), seq);
    return seq;
  };
  let keys = 0;

  async function mutate(field: string, type: string, input: object, identity: Identity, fields = reservationFields) {
    const query = `mutation ($input: ${type}!) { ${field}(input: $input) { ${fields} } }`;
    const { data, errors } = await shop.ask(query, { input: { idempotencyKey: `key-${++keys}`, ...input } }, identity);
    if (errors) throw Object.assign(new Error(JSON.stringify(errors)), { code: errors[0]?.extensions?.["code"] });
    return data?.[field] as Payload;
  }

  const shop: Shop = {
    clock,
    db,
    sweep,
    ask: (query, variables = {}, identity = shopper) =>
      subgraph.execute({ query, variables: { ...variables } }, { identity, correlationId: "story-1" }),
    reserve: (lines, more = {}, identity = shopper) =>
      mutate(
        "reserveStock",
        "ReserveStockInput",
        { lines, ...more },
        identity,
        `${reservationFields} shortages { sku locationId requested available }`,
      ),
    confirm: (id, orderId, more = {}, identity = shopper) =>
      mutate("confirmReservation", "ConfirmReservationInput", { id, orderId, ...more }, identity),
    release: (id, more = {}, identity = shopper) =>
      mutate("releaseReservation", "ReleaseReservationInput", { id, ...more }, identity),
    publish: (...events) => bus.publish("facts", events),
    async allocate(orderId, quantity, sku = "A", locationId = "L") {
      const type = quantity > 0 ? "order.allocated" : "order.deallocated";
      const documentRef = { type: "ORDER", id: orderId, line: "1" };
      await shop.publish(
        canonicalEvent("erp", type, `${sku}|${locationId}`, next("erp", sku, locationId), {
          sku,
          locationId,
          quantity: Math.abs(quantity),
          documentRef,
          data: { committedDelta: quantity },
        }),
      );
    },
    async stock(onHand, sku = "A", locationId = "L") {
      const asOfSeq = next("wms", sku, locationId);
      const place = { sku, locationId, data: { asOfSeq, wms: { ...noStock, unrestricted: onHand } } };
      await shop.publish(canonicalEvent("wms", "inventory.snapshot", `${sku}|${locationId}`, asOfSeq, place));
      for (const system of ["erp", "wms", "returns"] as const) await bus.heartbeat(system, clock.now());
    },
    figures: (channel = "WEB", sku = "A", locationId = "L") => figuresOf(shop, { channel, sku, locationId }),
    events: (type) => eventsOf(db, type),
  };
  await shop.publish(facts.product("A"), facts.product("B"), facts.product("C"));
  await shop.publish(facts.location("L"), facts.location("M"));
  return shop;
}

async function eventsOf(db: Database, type: EventType): Promise<AnyEvent[]> {
  const rows = await db.query<{ body: string }>("SELECT body FROM outbox ORDER BY id");
  return rows.map(({ body }) => JSON.parse(body) as AnyEvent).filter((event) => event.type === type);
}

async function figuresOf(shop: Shop, of: { channel: string; sku: string; locationId: string }) {
  const { data, errors } = await shop.ask(
    `query ($channel: ID!, $sku: ID!, $locationId: ID!) { stockPosition(sku: $sku, locationId: $locationId) {
       availability(channel: $channel) { availableToSell net terms { name quantity } } } }`,
    of,
    person("clerk", "crm"),
  );
  if (!data) throw new Error(JSON.stringify(errors));
  const { availability: answer } = data["stockPosition"] as { availability: Answer };
  const terms = Object.fromEntries(answer.terms.map(({ name, quantity }) => [name, quantity]));
  return { ats: answer.availableToSell, net: answer.net, terms };
}

/** Positions whose claims are not the sum of what the lines hold, in total or by channel: must be none. */
export async function unexplainedClaims(db: Database): Promise<unknown[]> {
  const positions = await db.query<{ sku: string; location_id: string; reserved: number; reserved_by_channel: string }>(
    "SELECT sku, location_id, reserved, reserved_by_channel FROM positions",
  );
  const held = await db.query<{ sku: string; location_id: string; channel: string; held: number }>(
    `SELECT sku, location_id, channel, SUM(held) AS held FROM reservation_lines WHERE held > 0
      GROUP BY sku, location_id, channel`,
  );
  return positions.filter(({ sku, location_id, reserved, reserved_by_channel }) => {
    const own = held.filter((line) => line.sku === sku && line.location_id === location_id);
    const byChannel = Object.fromEntries(own.map(({ channel, held: units }) => [channel, Number(units)]));
    const stored = JSON.parse(reserved_by_channel ?? "{}") as Record<string, number>;
    const total = own.reduce((sum, line) => sum + Number(line.held), 0);
    const same = (a: object, b: object) =>
      JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
    return reserved !== total || !same(byChannel, stored);
  });
}
