/**
 * The relay: outbox rows → bus, at least once, of one partition key in the order of commit, however many relays there are.
 *
 * How rows are claimed is in `outbox.ts`. A claim that is not finished in time is open to the next relay; the copies
 * that may follow are removed by the consumers' inboxes.
 */
import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { upsertRows } from "../db/statements.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import { type Topic, topicOf } from "../events/topics.ts";
import { failpoint } from "../failpoints.ts";
import type { Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import { createRecent } from "../recent.ts";
import { type Tracing, withinEach } from "../tracing.ts";
import type { Bus } from "./bus.ts";
import {
  type ClaimedRow,
  claimRows,
  eventsOf,
  type OwnEvents,
  release,
  reopenStaleClaims,
  waitingSince,
} from "./outbox.ts";

export interface Relay extends Part {
  /** These are new in the outbox: look soon, and need not read them again. */
  notify(events: readonly AnyEvent[]): void;
  /** Publishes until the outbox is empty; how many rows that were. */
  flush(): Promise<number>;
  /** Tells the bus up to when everything has been published. */
  heartbeat(): Promise<void>;
}

interface RelayDeps {
  readonly db: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tracing?: Tracing;
  /** Called before events are published; if it fails, they are not, and tried again. */
  readonly beforePublish?: (events: readonly AnyEvent[]) => Promise<void>;
  /** Called after events have been published. */
  readonly published?: (topic: Topic, events: readonly AnyEvent[]) => void;
  /** How long `stop` may go on publishing. */
  readonly drainMs?: number;
}

export function createRelay(deps: RelayDeps): Relay {
  const { db, bus, clock, log, drainMs = limits.drainMs } = deps;
  const passes = createPasses(deps);
  let beat: NodeJS.Timeout | undefined;
  let work: Promise<unknown> = Promise.resolve();

  /** One pass at a time; callers queue behind it. */
  function serially<T>(pass: () => Promise<T>): Promise<T> {
    const mine = work.then(pass, pass);
    work = mine.catch(() => {});
    return mine;
  }

  async function beatOnce(): Promise<void> {
    const nowMs = clock.now();
    await bus.heartbeat(db.system, Math.min(nowMs, (await waitingSince(db)) ?? nowMs));
  }

  async function guarded(pass: () => Promise<unknown>): Promise<void> {
    try {
      await pass();
    } catch (error) {
      log.warn({ error, system: db.system }, "relay pass failed; it is tried again");
    }
  }

  const poll = createPoll(() => guarded(() => serially(passes.soon)));

  return {
    name: `relay:${db.system}`,
    async start() {
      poll.start();
      beat = setInterval(() => guarded(beatOnce), limits.heartbeatEveryMs);
      await beatOnce();
    },
    async stop() {
      poll.stop();
      clearInterval(beat);
      const enough = setTimeout(passes.halt, drainMs);
      await serially(passes.whole).catch((error) => log.warn({ error }, "the outbox was not emptied at stop"));
      clearTimeout(enough);
    },
    notify(events) {
      passes.remember(events);
      poll.soon();
    },
    flush: () => serially(passes.whole),
    heartbeat: beatOnce,
  };
}

/** Ways through the outbox, each until nothing is left in it; how many rows that were. */
interface Passes {
  whole(): Promise<number>;
  /** As often as there is something new: what others left behind waits for the next look at it. */
  soon(): Promise<number>;
  /** Lets the pass under way end after its batch. */
  halt(): void;
  /** These need not be read again. */
  remember(events: readonly AnyEvent[]): void;
}

function createPasses(deps: RelayDeps): Passes {
  const { db, bus, clock, log } = deps;
  const publish = publishing(deps);
  const relayId = randomUUID();
  const own: OwnEvents = createRecent(limits.relayOwnEventsMax);
  let claims = 0;
  let halted = false;
  let lookedForLostAtMs = Number.NEGATIVE_INFINITY;

  async function whole(): Promise<number> {
    await republishIfLost(db, bus, clock, log);
    await reopenStale();
    return publishNew();
  }

  async function reopenStale(): Promise<void> {
    await reopenStaleClaims(db, clock);
    lookedForLostAtMs = performance.now();
  }

  const isTimeToLook = () => performance.now() - lookedForLostAtMs >= limits.relayPollMs;

  async function publishNew(): Promise<number> {
    let published = 0;
    for (;;) {
      const claim = `${relayId}:${++claims}`;
      const { rows, isLast } = await claimRows(db, clock, claim);
      await publishClaimed(db, publish, claim, rows, own);
      published += rows.length;
      // Others may write faster than we publish: what is left then is in the outbox for the next relay.
      if (isLast || halted) return published;
      await pauseAfter(rows.length);
      // What is left may follow on rows of a relay that is dead: without this it would be waited for for ever.
      if (isTimeToLook()) await reopenStale();
    }
  }

  return {
    whole,
    soon: () => (isTimeToLook() ? whole() : publishNew()),
    halt() {
      halted = true;
    },
    remember(events) {
      for (const event of events) own.set(event.id, event);
    },
  };
}

function pauseAfter(published: number): Promise<unknown> {
  // All that is left follows on what another relay is publishing.
  if (published === 0) return wait(limits.relayWaitMs);
  // SQLite answers at once: without a pause nobody else would have a turn until the outbox is empty.
  return nextTurn();
}

interface Poll {
  start(): void;
  stop(): void;
  /** Do not wait for the next turn. */
  soon(): void;
}

/**
 * Runs `pass` now and then, and soon after being asked to; never again once stopped. However often it is asked while a
 * pass is under way, one more follows: passes that wait for a silent server must not queue up.
 */
function createPoll(pass: () => Promise<void>): Poll {
  let running = false;
  let timer: NodeJS.Timeout | undefined;
  let isSoon = false;
  let isPassing = false;

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      isPassing = true;
      do {
        isSoon = false;
        await pass();
      } while (running && isSoon);
      isPassing = false;
      if (running) schedule(limits.relayPollMs);
    }, delayMs);
  }

  return {
    start() {
      running = true;
      schedule(0);
    },
    stop() {
      running = false;
      clearTimeout(timer);
    },
    soon() {
      if (!running || isSoon) return;
      isSoon = true;
      if (!isPassing) schedule(0);
    },
  };
}

type Publish = Bus["publish"];

function publishing({ bus, beforePublish = async () => {}, published, tracing }: RelayDeps): Publish {
  return async (topic, events) => {
    await beforePublish(events);
    await withinEach(tracing, "publish", "producer", events, () => bus.publish(topic, events));
    published?.(topic, events);
  };
}

async function publishClaimed(
  db: Database,
  publish: Publish,
  claim: string,
  rows: readonly ClaimedRow[],
  own: OwnEvents,
): Promise<void> {
  if (rows.length === 0) return;
  const ids = rows.map((row) => row.id);
  try {
    for (const [topic, events] of byTopic(await eventsOf(db, rows, own))) {
      await failpoint("before_xadd");
      await publish(topic, events);
    }
  } catch (error) {
    // What could not be published is open at once: without this it would wait until the claim is stale.
    await release(db, claim, ids, "new");
    throw error;
  }
  await failpoint("after_xadd");
  await release(db, claim, ids, "done");
  await failpoint("after_mark");
}

/** The stream may lose acknowledged writes; the outbox has not. Copies are harmless, holes are not. */
async function republishIfLost(db: Database, bus: Bus, clock: Clock, log: Logger): Promise<void> {
  const epoch = await bus.epoch();
  const [known] = await db.query<{ value: string }>("SELECT value FROM relay_state WHERE name = 'epoch'");
  if (known?.value === epoch) return;
  await db.transaction(async (tx) => {
    if (known) {
      const since = clock.now() - limits.publishedEventKeptMs;
      const rows = await tx.run("UPDATE outbox SET state = 'new', claim = NULL WHERE created_at_ms >= ?", [since]);
      log.warn({ rows, system: db.system }, "the event stream is a new one: publishing again");
    }
    await upsertRows(tx, "relay_state", ["name"], [{ name: "epoch", value: epoch }]);
  });
}

function byTopic(events: readonly AnyEvent[]): Map<Topic, AnyEvent[]> {
  const topics = new Map<Topic, AnyEvent[]>();
  for (const event of events) {
    const topic = topicOf(event.type);
    const list = topics.get(topic);
    if (list) list.push(event);
    else topics.set(topic, [event]);
  }
  return topics;
}
