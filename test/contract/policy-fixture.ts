/**
 * The availability subgraph with many positions, and people who propose and approve policies, on any database.
 *
 * Positions are written as facts would have left them; items have the class of their first letter.
 */
import { type ManualClock, manualClock } from "../../shared/clock.ts";
import type { Database } from "../../shared/db/database.ts";
import { insertRows } from "../../shared/db/statements.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import { anonymous, type Identity, type Role } from "../../shared/identity.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { createAnswers } from "../../subgraphs/availability/answers.ts";
import { defaultPolicy } from "../../subgraphs/availability/domain/policy.ts";
import { indexPolicy } from "../../subgraphs/availability/domain/policy-index.ts";
import { createRuleChanges, type RuleChanges } from "../../subgraphs/availability/rule-changes.ts";
import { createAvailability } from "../../subgraphs/availability/subgraph.ts";
import { createWatermarks } from "../../subgraphs/availability/watermarks.ts";
import type { MakeKernel } from "../helpers/databases.ts";
import { createFacts } from "../helpers/facts.ts";

export interface Effect {
  readonly comparedWith: number;
  readonly positionsInScope: number;
  readonly positionsChanged: number;
  readonly channels: readonly { channel: string; before: number; after: number; unknownBefore: number }[];
  readonly largestLosses: readonly { sku: string; locationId: string; channel: string; change: number }[];
  readonly largestGains: readonly { sku: string; change: number }[];
  readonly complete: boolean;
  readonly endCursor: string | null;
}

export interface Policy {
  readonly policyVersion: number;
  readonly status: string;
  readonly effect: Effect | null;
}

export interface Reply {
  readonly policy: Policy | null;
  readonly userErrors: readonly { readonly code: string; readonly field: readonly string[] | null }[];
  readonly replayed: boolean;
}

const fields = `{ comparedWith policyVersion computedAt positionsInScope positionsChanged confidence complete endCursor
  channels { channel before after positionsChanged unknownBefore unknownAfter }
  largestLosses { sku locationId channel before after change } largestGains { sku locationId channel before after change } }`;
export const payload = `policy { policyVersion status effect(first: 5) ${fields} } userErrors { code field } replayed`;

export interface PolicyDesk {
  readonly clock: ManualClock;
  readonly db: Database;
  readonly bus: ReturnType<typeof createMemoryBus>;
  ask(query: string, variables?: object, identity?: Identity): Promise<OperationResult>;
  propose(input: object, identity?: Identity): Promise<Reply>;
  approve(policyVersion: number, identity?: Identity): Promise<Reply>;
  /** The effect of a version on the list of versions. */
  effectOf(policyVersion: number, args?: string): Promise<Effect | null>;
  publish(...events: readonly AnyEvent[]): Promise<void>;
  /** What each channel may sell of an item at a place. */
  ats(sku: string, locationId: string, channel: string): Promise<number | null>;
  outbox(type: string): Promise<AnyEvent[]>;
  /** One more replica that tells of what rules changed; nobody else does. */
  ruleChanges(more?: Partial<Parameters<typeof createRuleChanges>[0]>): RuleChanges;
}

export const person = (name: string, ...roles: Role[]): Identity => ({
  ...anonymous,
  person: name,
  roles: new Set(roles),
});
export const ann = person("ann", "planner");
export const bob = person("bob", "manager");

/** `items` at each of `locationIds`. */
export async function openPolicyDesk(
  makeKernel: MakeKernel,
  items: readonly string[],
  locationIds: readonly string[],
): Promise<PolicyDesk> {
  const { clock, bus, subgraph, answers } = await openStockedSubgraph(makeKernel, items, locationIds);
  const { db } = subgraph;
  let keys = 0;

  async function mutate(operation: string, type: string, input: object, identity: Identity): Promise<Reply> {
    const { data, errors } = await desk.ask(
      `mutation ($input: ${type}!) { ${operation}(input: $input) { ${payload} } }`,
      { input: { idempotencyKey: `policy-${++keys}`, ...input } },
      identity,
    );
    if (errors) throw new Error(JSON.stringify(errors));
    return data?.[operation] as Reply;
  }

  const desk: PolicyDesk = {
    clock,
    db,
    bus,
    ask: (query, variables = {}, identity = ann) =>
      subgraph.execute({ query, variables: { ...variables } }, { identity, correlationId: "story-1" }),
    propose: (input, identity = ann) => mutate("setChannelPolicy", "SetChannelPolicyInput", input, identity),
    approve: (policyVersion, identity = bob) =>
      mutate("approveChannelPolicy", "ApproveChannelPolicyInput", { policyVersion }, identity),
    async effectOf(policyVersion, args = "(first: 5)") {
      const { data, errors } = await desk.ask(
        `{ channelPolicies(first: 4) { policyVersion effect${args} ${fields} } }`,
      );
      if (errors) throw new Error(JSON.stringify(errors));
      const versions = data?.["channelPolicies"] as unknown as Policy[];
      return versions.find((version) => version.policyVersion === policyVersion)?.effect ?? null;
    },
    publish: (...events) => bus.publish("facts", events),
    async ats(sku, locationId, channel) {
      const { data } = await desk.ask(
        `query ($sku: ID!, $at: ID!, $channel: ID!) { availability(skus: [$sku], locationIds: [$at], channel: $channel) {
           availableToSell } }`,
        { sku, at: locationId, channel },
      );
      const [answer] = (data?.["availability"] ?? []) as { availableToSell: number | null }[];
      return answer?.availableToSell ?? null;
    },
    ruleChanges: (more = {}) =>
      createRuleChanges({ db, clock, log: silentLogger, answers, committed: () => {}, ...more }),
    async outbox(type) {
      const rows = await db.query<{ body: string }>("SELECT body FROM outbox WHERE type = ? ORDER BY id", [type]);
      return rows.map(({ body }) => JSON.parse(body) as AnyEvent);
    },
  };
  return desk;
}

async function openStockedSubgraph(makeKernel: MakeKernel, items: readonly string[], locationIds: readonly string[]) {
  const clock = manualClock();
  const bus = createMemoryBus();
  const kernel = await makeKernel({ clock, bus });
  const subgraph = await createAvailability(kernel);
  for (const part of subgraph.consumers) if (part.name !== "rule-changes") await part.start();
  const facts = createFacts(clock);
  const products = items.map((sku) => facts.product(sku, { class: sku[0] ?? "" }));
  const locations = locationIds.map((id) => facts.location(id));
  await bus.publish("facts", [...products, ...locations]);
  await fillPositions(subgraph.db, items, locationIds, clock.now());
  for (const system of ["erp", "wms", "returns"] as const) await bus.heartbeat(system, clock.now());
  const watermarks = createWatermarks(kernel.cache, bus.partitions, silentLogger);
  await watermarks.refresh();
  const answers = createAnswers({ clock, policy: () => indexPolicy(defaultPolicy()), watermarks, cache: null });
  return { clock, bus, subgraph, answers };
}

/** Positions as facts would have left them: 10 on the shelf at the first location, 11 at the second, and so on. */
async function fillPositions(
  db: Database,
  items: readonly string[],
  locationIds: readonly string[],
  nowMs: number,
): Promise<void> {
  const none = { picked: 0, dock: 0, damaged: 0, hold: 0, expired: 0, quarantine: 0, book: 0, committed: 0 };
  const zeros = { quarantined: 0, in_inspection: 0, restock_approved: 0, shipped_not_posted: 0 };
  const claims = { received_not_posted: 0, adjusted_not_posted: 0, reserved: 0 };
  const progress = Object.fromEntries(
    ["wms", "erp", "returns"].flatMap((of) => [
      [`${of}_seq`, 1],
      [`${of}_as_of_ms`, nowMs],
    ]),
  );
  const rows = items.flatMap((sku) =>
    locationIds.map((location_id, i) => ({
      ...{ sku, location_id, version: 1, unrestricted: 10 + i },
      ...none,
      ...zeros,
      ...claims,
      ...progress,
    })),
  );
  await db.transaction((tx) => insertRows(tx, "positions", rows));
}
