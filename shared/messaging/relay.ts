/**
 * The relay: outbox rows → bus, at least once, of one partition key in the order of commit, however many relays there are.
 *
 * Rows are claimed by their state with a fenced UPDATE, never by "id greater than the last": row numbers are given
 * before COMMIT, so a transaction may commit a lower number later. A claim that is not finished in time is open to
 * the next relay; the copies that may follow are removed by the consumers' inboxes.
 */
import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Database, Transaction } from "../db/database.ts";
import { marks, upsertRows } from "../db/statements.ts";
import type { AnyEvent, Topic } from "../events/canonical-event.ts";
import type { Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import type { Bus } from "./bus.ts";

export interface Relay extends Part {
  /** There may be new rows: look soon. */
  notify(): void;
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
  /** Called before events are published; if it fails, they are not, and tried again. */
  readonly beforePublish?: (events: readonly AnyEvent[]) => Promise<void>;
  /** How long `stop` may go on publishing. */
  readonly drainMs?: number;
}

export function createRelay(deps: RelayDeps): Relay {
  const { db, bus, clock, log, drainMs = limits.drainMs } = deps;
  const publish = publishing(deps);
  const relayId = randomUUID();
  let claims = 0;
  let halted = false;
  let beat: NodeJS.Timeout | undefined;
  let work: Promise<unknown> = Promise.resolve();

  /** One pass at a time; callers queue behind it. */
  function serially<T>(pass: () => Promise<T>): Promise<T> {
    const mine = work.then(pass, pass);
    work = mine.catch(() => {});
    return mine;
  }

  async function publishAll(): Promise<number> {
    await republishIfLost(db, bus, clock, log);
    await reopenStaleClaims(db, clock);
    let published = 0;
    for (;;) {
      const claim = `${relayId}:${++claims}`;
      const { rows, isLast } = await claimRows(db, clock, claim);
      await publishClaimed(db, publish, claim, rows);
      published += rows.length;
      // Others may write faster than we publish: what is left then is in the outbox for the next relay.
      if (isLast || halted) return published;
      await pauseAfter(rows.length);
    }
  }

  async function beatOnce(): Promise<void> {
    const nowMs = clock.now();
    const [waiting] = await db.query<{ since: number | string | null }>(oldestWaiting);
    await bus.heartbeat(db.system, Math.min(nowMs, Number(waiting?.since ?? nowMs)));
  }

  async function guarded(pass: () => Promise<unknown>): Promise<void> {
    try {
      await pass();
    } catch (error) {
      log.warn({ error, system: db.system }, "relay pass failed; it is tried again");
    }
  }

  const poll = createPoll(() => guarded(() => serially(publishAll)));

  const relay: Relay = {
    name: `relay:${db.system}`,
    async start() {
      poll.start();
      beat = setInterval(() => guarded(beatOnce), limits.heartbeatEveryMs);
      await beatOnce();
    },
    async stop() {
      poll.stop();
      clearInterval(beat);
      const enough = setTimeout(() => {
        halted = true;
      }, drainMs);
      await serially(publishAll).catch((error) => log.warn({ error }, "the outbox was not emptied at stop"));
      clearTimeout(enough);
    },
    notify: () => poll.soon(),
    flush: () => serially(publishAll),
    heartbeat: beatOnce,
  };
  return relay;
}

/** Since when something waits: rows are numbered as they are written, so the oldest is among the first of each state. */
const oldestWaiting = `SELECT MIN(created_at_ms) AS since FROM (${["new", "claimed"]
  .map(
    (state) =>
      `SELECT created_at_ms FROM (SELECT created_at_ms FROM outbox WHERE state = '${state}' ORDER BY id LIMIT 1000) ${state}_rows`,
  )
  .join(" UNION ALL ")}) waiting`;

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

/** Runs `pass` now and then, and soon after being asked to; never again once stopped. */
function createPoll(pass: () => Promise<void>): Poll {
  let running = false;
  let timer: NodeJS.Timeout | undefined;
  let soon = false;

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      soon = false;
      await pass();
      if (running && !soon) schedule(limits.relayPollMs);
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
      if (!running || soon) return;
      soon = true;
      schedule(0);
    },
  };
}

interface ClaimedRow {
  readonly topic: Topic;
  readonly body: string;
}

interface Claim {
  readonly rows: readonly ClaimedRow[];
  /** There were no more than this. */
  readonly isLast: boolean;
}

/**
 * Claims the oldest new rows. They are named by number: a condition on `state` that an index answers would wait for
 * rows that are not committed yet. The second look at it, in a form no index answers, leaves alone what another relay
 * has claimed in between.
 */
async function claimRows(db: Database, clock: Clock, claim: string): Promise<Claim> {
  const found = await db.query<{ id: number }>(
    `SELECT id FROM outbox WHERE state = 'new' ORDER BY id LIMIT ${limits.relayBatchMax}`,
  );
  const isLast = found.length < limits.relayBatchMax;
  if (found.length === 0) return { rows: [], isLast };
  const ids = found.map((row) => row.id);
  return db.transaction(async (tx) => {
    await tx.run(
      `UPDATE outbox SET state = 'claimed', claim = ?, claimed_at_ms = ?
        WHERE id IN (${marks(ids.length)}) AND COALESCE(state, '') = 'new'`,
      [claim, clock.now(), ...ids],
    );
    const waiting = await leaveToOthers(tx, claim);
    const rows = await tx.query<ClaimedRow>(
      "SELECT topic, body FROM outbox WHERE state = 'claimed' AND claim = ? ORDER BY id",
      [claim],
    );
    return { rows, isLast: isLast && waiting === 0 };
  });
}

/**
 * Gives back what follows on rows that another relay is publishing right now: of one partition key a later event never
 * overtakes an earlier one. How many rows that were; they are new again, and soon claimed by somebody.
 */
async function leaveToOthers(tx: Transaction, claim: string): Promise<number> {
  const busy = await tx.query<{ partition_key: string }>(
    "SELECT DISTINCT partition_key FROM outbox WHERE state = 'claimed' AND claim <> ?",
    [claim],
  );
  if (busy.length === 0) return 0;
  return tx.run(
    `UPDATE outbox SET state = 'new', claim = NULL
      WHERE state = 'claimed' AND claim = ? AND partition_key IN (${marks(busy.length)})`,
    [claim, ...busy.map((row) => row.partition_key)],
  );
}

type Publish = Bus["publish"];

function publishing({ bus, beforePublish = async () => {} }: RelayDeps): Publish {
  return async (topic, events) => {
    await beforePublish(events);
    await bus.publish(topic, events);
  };
}

async function publishClaimed(
  db: Database,
  publish: Publish,
  claim: string,
  rows: readonly ClaimedRow[],
): Promise<void> {
  try {
    for (const [topic, events] of byTopic(rows)) await publish(topic, events);
  } catch (error) {
    await giveBack(db, claim);
    throw error;
  }
  if (rows.length > 0) await markPublished(db, claim);
}

/** What could not be published is open at once: without this it would wait until the claim is stale. */
async function giveBack(db: Database, claim: string): Promise<void> {
  await db.transaction((tx) =>
    tx.run("UPDATE outbox SET state = 'new', claim = NULL WHERE claim = ? AND state = 'claimed'", [claim]),
  );
}

async function markPublished(db: Database, claim: string): Promise<void> {
  await db.transaction((tx) =>
    tx.run("UPDATE outbox SET state = 'done' WHERE state = 'claimed' AND claim = ?", [claim]),
  );
}

async function reopenStaleClaims(db: Database, clock: Clock): Promise<void> {
  const before = clock.now() - limits.relayClaimMs;
  const [stale] = await db.query("SELECT 1 AS one FROM outbox WHERE state = 'claimed' AND claimed_at_ms < ? LIMIT 1", [
    before,
  ]);
  if (!stale) return;
  await db.transaction((tx) =>
    tx.run("UPDATE outbox SET state = 'new', claim = NULL WHERE state = 'claimed' AND claimed_at_ms < ?", [before]),
  );
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

function byTopic(rows: readonly ClaimedRow[]): Map<Topic, AnyEvent[]> {
  const topics = new Map<Topic, AnyEvent[]>();
  for (const row of rows) {
    const event = JSON.parse(row.body) as AnyEvent;
    const list = topics.get(row.topic);
    if (list) list.push(event);
    else topics.set(row.topic, [event]);
  }
  return topics;
}
