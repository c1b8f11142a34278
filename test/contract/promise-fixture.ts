/**
 * The availability subgraph with supply to come: any item at any location, the other systems played by hand.
 *
 * The clock stands still at 2026-01-05; sequence numbers are counted per owner and position, so that nothing is missing.
 */
import { type ManualClock, manualClock } from "../../shared/clock.ts";
import type { SystemName } from "../../shared/config.ts";
import type { Database } from "../../shared/db/database.ts";
import {
  type AnyEvent,
  type CanonicalEvent,
  type EventData,
  type EventType,
  type InboundLine,
  noStock,
} from "../../shared/events/canonical-event.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import { anonymous, type Identity, type Role } from "../../shared/identity.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createAvailability } from "../../subgraphs/availability/subgraph.ts";
import type { MakeKernel } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { createFacts, type Facts } from "../helpers/facts.ts";

export interface Horizon {
  readonly clock: ManualClock;
  readonly db: Database;
  readonly facts: Facts;
  ask(query: string, variables?: object, identity?: Identity): Promise<OperationResult>;
  /** The field `name` of an answer without errors. */
  read<T>(query: string, variables?: object, identity?: Identity): Promise<T>;
  publish(...events: readonly AnyEvent[]): Promise<void>;
  /** The next event of `owner` about the position. */
  next<T extends EventType>(
    owner: SystemName,
    type: T,
    sku: string,
    locationId: string,
    data: EventData[T],
    more?: Partial<CanonicalEvent<T>>,
  ): AnyEvent;
  /** `onHand` at the position, from now on. */
  stock(sku: string, locationId: string, onHand: number): Promise<void>;
  supply(sku: string, locationId: string, line: Partial<InboundLine>): AnyEvent;
  /** ATS and ATP on the dates. */
  promised(sku: string, locationId: string, ...on: readonly string[]): Promise<(number | null)[]>;
}

export const person = (name: string, ...roles: Role[]): Identity => ({
  ...anonymous,
  person: name,
  roles: new Set(roles),
});

export const today = "2026-01-05";

export async function openHorizon(makeKernel: MakeKernel): Promise<Horizon> {
  const clock = manualClock();
  const bus = createMemoryBus();
  const kernel = await makeKernel({ clock, bus });
  const subgraph = await createAvailability(kernel);
  for (const part of subgraph.consumers) if (part.name.startsWith("consumer")) await part.start();
  const sequences = new Map<string, number>();

  const horizon: Horizon = {
    clock,
    db: subgraph.db,
    facts: createFacts(clock),
    ask: (query, variables = {}, identity = anonymous) =>
      subgraph.execute({ query, variables: { ...variables } }, { identity, correlationId: "story-1" }),
    async read(query, variables, identity) {
      const { data, errors } = await horizon.ask(query, variables, identity);
      if (errors) throw new Error(JSON.stringify(errors));
      return data as never;
    },
    publish: (...events) => bus.publish("facts", events),
    next(owner, type, sku, locationId, data, more = {}) {
      const key = `${owner}|${sku}|${locationId}`;
      const seq = (sequences.get(key) ?? 0) + 1;
      sequences.set(key, seq);
      return canonicalEvent(owner, type, `${sku}|${locationId}`, seq, { sku, locationId, data, ...more } as never);
    },
    async stock(sku, locationId, onHand) {
      const asOfSeq = (sequences.get(`wms|${sku}|${locationId}`) ?? 0) + 1;
      const wms = { ...noStock, unrestricted: onHand };
      await bus.publish("facts", [horizon.next("wms", "inventory.snapshot", sku, locationId, { asOfSeq, wms })]);
      for (const system of ["erp", "wms", "returns"] as const) await bus.heartbeat(system, clock.now());
    },
    supply: (sku, locationId, line) =>
      horizon.next("erp", "supply.expected.changed", sku, locationId, { ...orderLine, ...line }),
    async promised(sku, locationId, ...on) {
      const fields = on.map((date, i) => `d${i}: availableToPromise(on: "${date}")`).join(" ");
      const { availability } = await horizon.read<{ availability: Record<string, number | null>[] }>(
        `query ($skus: [ID!]!, $at: [ID!]) { availability(skus: $skus, locationIds: $at) { availableToSell ${fields} } }`,
        { skus: [sku], at: [locationId] },
      );
      const [answer = {}] = availability;
      return [answer["availableToSell"] ?? null, ...on.map((_, i) => answer[`d${i}`] ?? null)];
    },
  };
  const { facts } = horizon;
  await horizon.publish(...["A", "B", "C"].map((sku) => facts.product(sku)));
  await horizon.publish(...["L", "M", "N"].map((id) => facts.location(id)));
  return horizon;
}

const orderLine: InboundLine = {
  documentType: "PURCHASE_ORDER",
  documentId: "PO1",
  line: "1",
  openQuantity: 50,
  orderedQuantity: 50,
  promisedOn: "2026-01-19",
  from: "ACME",
  arrivedOn: null,
};
