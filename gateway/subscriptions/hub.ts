/**
 * The hub: one reader of the log in this process, and one execution per event, document and audience, however many
 * sockets wait for it.
 *
 * A change reaches a subscriber once and in the order of the log; an older version of a position after a newer one is
 * dropped. A subscriber who comes back is brought up to the hub by a reader of its own (`replay.ts`) and then joins.
 * Keeps nothing that is not in the log: another gateway serves the same cursors.
 */
import type { Clock } from "../../shared/clock.ts";
import { withinDeadline } from "../../shared/deadline.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import type { Identity } from "../../shared/identity.ts";
import type { Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import { hasReached, type LogPosition, toCursor } from "../../shared/log-cursor.ts";
import type { Logger } from "../../shared/logging.ts";
import type { EventLog } from "../../shared/messaging/bus.ts";
import { createLogFollower } from "../../shared/messaging/log-follower.ts";
import { noTracing, type Tracing, within } from "../../shared/tracing.ts";
import { createTurns } from "../../shared/turns.ts";
import type { OperationContext } from "../context.ts";
import type { Admission, SubscriptionRequest } from "./admission.ts";
import { type ChangeQueue, createChangeQueue } from "./change-queue.ts";
import { createGroups, type Execute, type Member } from "./groups.ts";
import { createReplay } from "./replay.ts";
import { createVersionFilter } from "./version-filter.ts";

/** Never fails: what goes wrong is in the result. */
export type Run = (request: SubscriptionRequest, context: OperationContext) => Promise<OperationResult>;

export interface HubParts {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly run: Run;
  /** Who else follows the log, and hears of a change before any subscriber does. */
  readonly watcher?: ChangeWatcher | undefined;
  readonly tracing?: Tracing | undefined;
}

export interface ChangeWatcher {
  /** At least once per change, in any order. */
  changed(event: AnyEvent): void;
  /** Changes may have passed unheard. */
  lost(): void;
}

export interface Hub extends Part {
  /** Fails with RESYNC_REQUIRED, SOURCE_UNAVAILABLE. */
  subscribe(admission: Admission, identity: Identity, onTooSlow: () => void): Promise<ChangeQueue>;
  /** Everything published before this moment has been handed to every subscriber it concerns and to the watcher. */
  knownUpToMs(): number;
  /** Resolves when everything that is in the log now has been handed to every subscriber it concerns. */
  caughtUp(): Promise<void>;
  /** Now: subscriptions that differ, and how many changes wait for each subscriber. */
  state(): { readonly groups: number; readonly queued: readonly number[] };
  /** Since the start: changes that were read, those of them that came late or twice, executions. */
  readonly counters: { readonly changes: number; readonly dropped: number; readonly executions: number };
}

export function createHub({ log, clock, logger, run, watcher, tracing }: HubParts): Hub {
  const groups = createGroups();
  const isNew = createVersionFilter(limits.knownVersionsMax);
  const counters = { changes: 0, dropped: 0, executions: 0 };
  const execute = createExecute(run, counters, tracing);

  const follower = createLogFollower({
    name: "subscriptions",
    log,
    clock,
    logger,
    lost(error) {
      watcher?.lost();
      groups.failAll(error);
    },
    give({ event }, at) {
      watcher?.changed(event);
      if (event.type === "rule.changed") return [];
      counters.changes += 1;
      if (isNew(event)) return groups.give({ cursor: toCursor(at), event }, execute);
      counters.dropped += 1;
      return [];
    },
  });

  async function resume(member: Member, cursor: LogPosition): Promise<void> {
    const { admission, identity, queue } = member;
    const where = follower.position;
    // Whoever was cut off comes back at once, and would wait behind what nobody reads any more.
    const reader = () => (queue.ended ? undefined : identity);
    const executeOne = (change: Parameters<Execute>[2]) => execute(admission.request, reader, change);
    const replay = createReplay({ log, admission, queue, execute: executeOne }, cursor);
    // The cursor may be one that another gateway gave out a moment ago.
    await follower.until(() => hasReached(where() ?? cursor, cursor));
    // What came while it was catching up is caught up with as well, until there is little of it.
    while (!queue.ended && (await replay(where() ?? lost())) > limits.resumePageMax);
    if (queue.ended) return;
    // From here on it is held: what the hub gives out waits until the rest has been replayed.
    groups.join(member);
    await replay(where() ?? lost());
    for (const change of member.held ?? []) queue.push(change);
    member.held = null;
  }

  return {
    name: "subscriptions",
    counters,
    state: () => groups.state(),
    start: () => follower.start(),
    stop: () => follower.stop(),
    knownUpToMs: () => follower.knownUpToMs(),
    caughtUp: () => follower.caughtUp(),
    async subscribe(admission, identity, onTooSlow) {
      await known(() => follower.until(() => follower.position() !== null));
      const { after: cursor } = admission;
      if (cursor) await log.check(cursor);
      const onEnd = () => groups.leave(member);
      const queue = createChangeQueue({ clock, withPrevious: previousOf(admission), onEnd, onTooSlow });
      const member: Member = { admission, identity, queue, held: cursor ? [] : null };
      if (cursor) resume(member, cursor).catch((error) => queue.fail(error));
      else groups.join(member);
      return queue;
    },
  };
}

function createExecute(run: Run, counters: { executions: number }, tracing: Tracing = noTracing): Execute {
  const turns = createTurns(limits.subscriptionExecutionsAtOnceMax);
  return (request, identityOf, change) =>
    turns.take(async () => {
      const identity = identityOf();
      // Everybody has left in the meantime.
      if (!identity) return { data: null };
      counters.executions += 1;
      const { correlationId, traceparent: parent } = change.event;
      const context = { identity, correlationId, change };
      // Of changes nobody traces there is no story to go on with.
      if (parent === undefined) return run(request, context);
      return within(tracing, ["push", "consumer", parent], (traceparent) => run(request, { ...context, traceparent }));
    });
}

function lost(): never {
  throw new AppError("RESYNC_REQUIRED");
}

/** Fails with SOURCE_UNAVAILABLE: it is not known in time. */
function known(condition: () => Promise<void>): Promise<void> {
  return withinDeadline(limits.subgraphQueryMs, condition).catch((cause) => {
    const message = "The stream of changes cannot be read at the moment.";
    throw new AppError("SOURCE_UNAVAILABLE", { message }, { cause });
  });
}

function previousOf({ previousAt }: Admission) {
  return (newest: OperationResult, oldest: OperationResult): OperationResult => {
    if (!newest.data) return newest;
    const data: Record<string, unknown> = { ...newest.data };
    for (const [root, field] of previousAt) {
      const before = oldest.data?.[root] as Record<string, unknown> | null | undefined;
      if (data[root] && before) data[root] = { ...data[root], [field]: before[field] };
    }
    return { ...newest, data };
  };
}
