/**
 * Tells of positions whose available-to-sell changed although nothing happened to them: a policy was put in force, or
 * master data changed.
 *
 * The change leaves a row in its own transaction. Rounds walk the positions it can reach, compare the answers before
 * and after, and emit `availability.changed` where one differs on any channel: one stretch a transaction, under the
 * row's lock, so a crash loses nothing and replicas do not double it. Changes no figure, and delays no answer.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../shared/clock.ts";
import type { Committed } from "../../shared/command.ts";
import type { Database, Reader, Transaction } from "../../shared/db/database.ts";
import {
  type AnyEvent,
  type CanonicalEvent,
  type ChangeCause,
  changeCauseOf,
  type EventData,
} from "../../shared/events/canonical-event.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { findLocations, findProducts, type LocationReplica, type ProductReplica } from "../../shared/master-data.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import { type Cause, createRecorder, ownCause, type Recorder } from "../../shared/recorder.ts";
import type { Answers } from "./answers.ts";
import { tellPosition } from "./claims.ts";
import type { RuleScope } from "./domain/policy.ts";
import { type IndexedPolicy, indexPolicy } from "./domain/policy-index.ts";
import { scopesOfChange } from "./domain/policy-scope.ts";
import type { RuleChangeRow } from "./entities.ts";
import type { Rows } from "./outlooks.ts";
import { readPolicy, readPolicyInForce } from "./policy-in-force.ts";
import { type WalkPlace, walkPositions } from "./position-walk.ts";
import { lockKnownPositions, raiseVersions } from "./store/positions.ts";
import {
  insertRuleChange,
  locationsWithPositions,
  lockDueRuleChange,
  removeRuleChange,
  saveRuleChange,
  skusWithPositions,
} from "./store/rule-changes.ts";

/** What was before; a product or a location that was not known is null. */
type RuleChange = { readonly cause: ChangeCause } & RuleChanged;

type RuleChanged =
  | { readonly kind: "policy"; readonly before: number; readonly after: number }
  | {
      readonly kind: "master";
      readonly products: Readonly<Record<string, ProductReplica | null>>;
      readonly locations: Readonly<Record<string, LocationReplica | null>>;
    };

/** A policy was put in force by `origin`. Told a little later, when every replica answers by it. */
export async function notePolicyChange(
  tx: Transaction,
  origin: AnyEvent,
  before: number,
  after: number,
  nowMs: number,
): Promise<void> {
  await insertRuleChange(tx, rowOf(origin, { kind: "policy", before, after }, nowMs + limits.policyTellWaitMs));
}

/** Master data is about to change: to be called before the replica follows `events`. */
export async function noteMasterChanges(tx: Transaction, events: readonly AnyEvent[], nowMs: number): Promise<void> {
  const changes = events.filter((event) => event.type === "master.changed");
  const [first] = changes;
  if (!first) return;
  const products = await changedProducts(tx, changes);
  const locations = await changedLocations(tx, changes);
  if (products.size === 0 && locations.size === 0) return;
  const body = { products: Object.fromEntries(products), locations: Object.fromEntries(locations) };
  await insertRuleChange(tx, rowOf(first, { kind: "master", ...body }, nowMs));
}

/** Tells every process that keeps what answers rest on. */
export function tellRule(recorder: Recorder, rule: EventData["rule.changed"], by?: Cause): void {
  const partitionKey = rule.kind === "policy" ? "policy" : `${rule.kind}:${rule.id}`;
  recorder.event({ type: "rule.changed", sourceSeq: rule.version, partitionKey, data: rule }, by);
}

/** The same of master data, after the replica has followed `events`. */
export function tellMasterData(recorder: Recorder, events: readonly AnyEvent[], consumer: string): void {
  for (const event of events) {
    if (event.type !== "master.changed") continue;
    const { kind, version } = event.data;
    const id = (kind === "product" ? event.sku : event.locationId) ?? event.partitionKey.slice(kind.length + 1);
    tellRule(recorder, { kind, id, version }, causeOf(consumer, event));
  }
}

export interface RuleChanges extends Part {
  /** Tells of everything that is due now; how many positions that were. */
  tell(): Promise<number>;
}

interface RuleChangesDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly answers: Pick<Answers, "from">;
  readonly committed: Committed;
}

export function createRuleChanges({ db, clock, log, answers, committed }: RuleChangesDeps): RuleChanges {
  let stopping = false;

  async function tell(): Promise<number> {
    let told = 0;
    while (!stopping) {
      const changed = await db.transaction((tx) => tellStretch(tx, clock, answers));
      if (changed === null) break;
      told += changed.positions;
      if (changed.events.length > 0) committed(changed.events);
      await nextTurn();
    }
    return told;
  }

  const rounds = createRounds({ name: "rule-changes", everyMs: limits.policyPollMs, log, round: tell });
  return {
    ...rounds,
    tell,
    async stop() {
      // What is left goes on where it stands, here or elsewhere.
      stopping = true;
      await rounds.stop();
    },
  };
}

/** The next stretch of the oldest change; what it told, null when nothing is due. */
async function tellStretch(
  tx: Transaction,
  clock: Clock,
  answers: Pick<Answers, "from">,
): Promise<{ positions: number; events: readonly AnyEvent[] } | null> {
  const nowMs = clock.now();
  const row = await lockDueRuleChange(tx, nowMs);
  if (!row) return null;
  const change = JSON.parse(row.change_body) as RuleChange;
  const { scopes, differs } = await comparison(tx, change, answers);
  const place = row.place_body === null ? null : (JSON.parse(row.place_body) as WalkPlace);
  const { rows, next } = await walkPositions(scopes).stretch(tx, place, nowMs);
  const keys = rows.filter(differs).map(({ position: { sku, locationId } }) => ({ sku, locationId }));
  const cause: Cause = {
    ...ownCause("availability", nowMs),
    correlationId: row.correlation_id,
    causationId: row.event_id,
  };
  const recorder = createRecorder("availability", clock, cause);
  // Whatever changes one of them from now on tells of it by itself, so only these need a lock, and only now.
  const positions = await lockKnownPositions(tx, keys);
  await raiseVersions(tx, positions);
  for (const position of positions)
    tellPosition(recorder, position, { ...position, version: position.version + 1 }, [change.cause]);
  const after: RuleChangeRow = {
    ...row,
    place_body: JSON.stringify(next),
    positions: row.positions + rows.length,
    changed: row.changed + positions.length,
  };
  if (next !== null) await saveRuleChange(tx, after);
  else {
    await removeRuleChange(tx, row.event_id);
    const subject = change.kind === "policy" ? `policy:${change.after}` : `event:${row.event_id}`;
    recorder.audit({
      subject,
      action: "availability.told",
      detail: { positions: after.positions, changed: after.changed },
    });
  }
  return { positions: positions.length, events: await recorder.flush(tx) };
}

interface Comparison {
  readonly scopes: readonly RuleScope[];
  /** Has the position another answer on any channel that was there before? */
  readonly differs: (rows: Rows) => boolean;
}

async function comparison(reader: Reader, change: RuleChange, answers: Pick<Answers, "from">): Promise<Comparison> {
  const ats = (rows: Rows, channel: string, under: IndexedPolicy) =>
    answers.from(rows, [], channel, under).availableToSell;
  if (change.kind === "policy") {
    const before = indexPolicy(await readPolicy(reader, change.before));
    const after = indexPolicy(await readPolicy(reader, change.after));
    return {
      scopes: scopesOfChange(before.policy, after.policy),
      differs: (rows) => before.channels.some(({ policy: { id } }) => ats(rows, id, before) !== ats(rows, id, after)),
    };
  }
  const policy = indexPolicy(await readPolicyInForce(reader));
  const { products, locations } = change;
  const was = (rows: Rows): Rows => {
    const { sku, locationId } = rows.position;
    const product = Object.hasOwn(products, sku) ? (products[sku] ?? null) : rows.product;
    const location = Object.hasOwn(locations, locationId) ? (locations[locationId] ?? null) : rows.location;
    return { ...rows, product, location };
  };
  return {
    scopes: [
      ...Object.keys(products).map((sku) => ({ sku, locationId: null, class: null })),
      ...Object.keys(locations).map((locationId) => ({ sku: null, locationId, class: null })),
    ],
    differs: (rows) =>
      policy.channels.some(({ policy: { id } }) => ats(was(rows), id, policy) !== ats(rows, id, policy)),
  };
}

type MasterChanged = CanonicalEvent<"master.changed">;

/** Products of which the formula will see something else, as they are; those without a position concern nobody. */
async function changedProducts(reader: Reader, events: readonly MasterChanged[]) {
  const told = events.flatMap((event) =>
    event.data.kind === "product" ? [{ sku: event.sku ?? "", to: event.data }] : [],
  );
  const known = await findProducts(
    reader,
    told.map(({ sku }) => sku),
  );
  const changed = told.filter(({ sku, to }) => {
    const is = known.get(sku);
    if (!is) return true;
    const same =
      is.active === to.active &&
      is.class === to.class &&
      is.safetyStock === to.safetyStock &&
      is.sellMultiple === (to.sellMultiple ?? null);
    return to.version > is.version && !same;
  });
  const stocked = await skusWithPositions(reader, [...new Set(changed.map(({ sku }) => sku))]);
  return new Map([...stocked].map((sku) => [sku, known.get(sku) ?? null]));
}

async function changedLocations(reader: Reader, events: readonly MasterChanged[]) {
  const told = events.flatMap((event) =>
    event.data.kind === "location" ? [{ id: event.locationId ?? "", to: event.data }] : [],
  );
  const known = await findLocations(
    reader,
    told.map(({ id }) => id),
  );
  const changed = told.filter(({ id, to }) => {
    const is = known.get(id);
    return !is || (to.version > is.version && is.sellable !== to.sellable);
  });
  const stocked = await locationsWithPositions(reader, [...new Set(changed.map(({ id }) => id))]);
  return new Map([...stocked].map((id) => [id, known.get(id) ?? null]));
}

function rowOf(origin: AnyEvent, changed: RuleChanged, dueAtMs: number): RuleChangeRow {
  const change: RuleChange = { ...changed, cause: changeCauseOf(origin) };
  return {
    event_id: origin.id,
    correlation_id: origin.correlationId,
    change_body: JSON.stringify(change),
    due_at_ms: dueAtMs,
    place_body: null,
    positions: 0,
    changed: 0,
  };
}
