/**
 * What a system does by itself, now and then: retries, housekeeping, sealing, relaying what was left, and what has to be
 * waited for before its tables are made large.
 */
import { expect, vi } from "vitest";
import { auditSource } from "../../shared/audit/audit-store.ts";
import { createSealer } from "../../shared/audit/sealer.ts";
import { verifyAudit } from "../../shared/audit/verify.ts";
import { createMemoryCache } from "../../shared/cache/memory-cache.ts";
import { systemClock } from "../../shared/clock.ts";
import { type Config, systemNames } from "../../shared/config.ts";
import type { Database } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import { createKernel } from "../../shared/kernel.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import { dueLetters, lockDueLetter, type RetryRule, setAside } from "../../shared/messaging/dead-letters.ts";
import { createHousekeeping } from "../../shared/messaging/housekeeping.ts";
import { createRelay } from "../../shared/messaging/relay.ts";
import { createRecorder } from "../../shared/recorder.ts";
import { createQueueClock } from "../../subgraphs/control/queue-clock.ts";
import { createSourceWatch } from "../../subgraphs/control/source-watch.ts";
import type { System } from "../../system.ts";
import { canonicalEvent } from "./events.ts";
import { tamper } from "./plain-sql.ts";

const monthMs = 31 * 24 * 3_600_000;

const rule: RetryRule = {
  consumer: "erp",
  types: ["shipment.confirmed", "receipt.recorded"],
  attemptsMax: limits.postingAttemptsMax,
  backoffMs: limits.postingRetryBackoffMs,
};

export function letter(db: Database, seq: number, attempts: number): Promise<void> {
  const event = canonicalEvent("wms", "shipment.confirmed", "HOT|L1", seq, { data: {} } as never);
  const nowMs = systemClock.now();
  const recorder = createRecorder("erp", systemClock, causeOf(rule.consumer, event));
  return db.transaction((tx) =>
    setAside(tx, recorder, { consumer: rule.consumer, event, error: new AppError("INTERNAL"), attempts, nowMs }),
  );
}

/** What runs by itself, now and then, while there is nothing old. */
export async function keepHouse({ subgraphs }: System): Promise<void> {
  const erp = subgraphs.find(({ name }) => name === "erp")?.db as Database;
  await letter(erp, 2, 1);
  const nowMs = systemClock.now() + limits.postingRetryBackoffMs;
  const [due = ""] = await dueLetters(erp, rule, nowMs, 100);
  await erp.transaction((tx) => lockDueLetter(tx, rule, due, nowMs));
  const control = subgraphs.find(({ name }) => name === "control")?.db as Database;
  const parts = { db: control, clock: systemClock, log: silentLogger, committed: () => {} };
  await createQueueClock(parts).rank();
  await createSourceWatch({ ...parts, cache: createMemoryCache(systemClock) }).look();
  for (const { db } of subgraphs) {
    await sweep(db, 0);
    await verifyAudit(auditSource(db), [], nowMs);
  }
}

/** Seals what there is. Like everything that grows, gaps have to be there before they can be copied. */
export async function sealAll({ subgraphs }: System): Promise<void> {
  const heads = { sealed: () => {}, exportDue: async () => {}, exportNow: async () => {} };
  for (const { db } of subgraphs) {
    const sealer = createSealer({ db, clock: systemClock, log: silentLogger, heads });
    await vi.waitFor(async () => expect(await sealer.seal()).toBe(0), 30_000);
  }
}

/** The first policy changes every position: told only now, it would change the copies of all of them as well. */
export async function policyTold({ subgraphs, drain }: System): Promise<void> {
  const { db } = subgraphs.find(({ name }) => name === "availability") as { db: Database };
  await vi.waitFor(async () => expect(await db.query("SELECT event_id FROM rule_changes")).toEqual([]), 30_000);
  await drain();
}

/** Copies of audits come a moment later. */
export async function auditCopied({ subgraphs }: System): Promise<void> {
  const { db } = subgraphs.find(({ name }) => name === "control") as { db: Database };
  const sql = "SELECT source FROM audit_copies WHERE subject = 'position:HOT|L1' LIMIT 1";
  await vi.waitFor(async () => expect(await db.query(sql)).toHaveLength(1), 30_000);
}

export async function leaveGap(config: Config): Promise<void> {
  const sql = `INSERT INTO audit_gaps (from_id, to_id, seen_at_ms) VALUES (-1, -1, ${systemClock.now()})`;
  for (const name of systemNames) await tamper(config, name, sql);
}

function sweep(db: Database, laterMs: number): Promise<number> {
  const clock = { now: () => systemClock.now() + laterMs };
  return createHousekeeping({ db, clock, log: silentLogger }).sweep();
}

/** A relay that comes back to a full outbox; and a month later, when everything is old. */
export async function comeBack(config: Config): Promise<void> {
  await tamper(config, "returns", "UPDATE outbox SET state = 'new' ORDER BY id LIMIT 2000");
  const opened = await createKernel({ ...config, migrateOnStart: false }, { log: silentLogger });
  try {
    for (const system of systemNames) {
      const db = await opened.openDatabase({ system, entities: [], migrations: [] });
      const relay = createRelay({ db, bus: opened.bus, clock: systemClock, log: silentLogger });
      await relay.heartbeat();
      await relay.flush();
      await sweep(db, monthMs);
    }
  } finally {
    await opened.close();
  }
}
