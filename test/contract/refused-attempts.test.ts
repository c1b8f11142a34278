/**
 * Who tries what is forbidden is on record: who, what, when and nothing of the input; and nobody fills the audit that way.
 */
import { beforeEach, expect, it } from "vitest";
import { createRefusedAttempts, type RefusedAttempts } from "../../shared/audit/refused-attempts.ts";
import { manualClock } from "../../shared/clock.ts";
import type { Database } from "../../shared/db/database.ts";
import { anonymous, type Role } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { recordingLogger } from "../helpers/gateways.ts";
import { openReturnsDesk, type ReturnsDesk } from "./returns-fixture.ts";

const most = limits.refusedAttemptsAuditedMax;
const as = (person: string, ...roles: Role[]) => ({
  identity: { ...anonymous, person, roles: new Set(roles) },
  correlationId: `story-of-${person}`,
});

async function rowsOf(db: Database) {
  const rows = await db.query("SELECT * FROM audit_rows WHERE outcome = 'FORBIDDEN' ORDER BY id");
  return rows.map((row) => ({ ...row, detail: JSON.parse(String(row["detail"])) }) as Record<string, unknown>);
}

eachDatabase("a forbidden attempt", (makeKernel) => {
  let desk: ReturnsDesk;

  it("is on record when the caller is told, without what was sent", async () => {
    desk = await openReturnsDesk(makeKernel);
    const before = (await rowsOf(desk.db)).length;
    const text = `mutation { inspectReturn(input: { idempotencyKey: "secret-key", returnId: "secret-return", lines: [] })
      { replayed } }`;
    const { errors } = await desk.ask(text, {}, ["crm"], "mallory");
    expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
    const rows = (await rowsOf(desk.db)).slice(before);
    expect(rows).toMatchObject([
      {
        subject: "command:inspectReturn",
        action: "inspectReturn",
        person: "mallory",
        roles: "crm",
        correlation_id: "story-1",
        idempotency_key: null,
        detail: {},
      },
    ]);
    expect(Number(rows[0]?.["recorded_at_ms"])).toBe(desk.clock.now());
    expect(JSON.stringify(rows)).not.toContain("secret");
  });

  it("of nobody, and a query, are refused and not recorded", async () => {
    const before = (await rowsOf(desk.db)).length;
    await desk.ask(
      `mutation { inspectReturn(input: { idempotencyKey: "k", returnId: "r", lines: [] }) { replayed } }`,
      {},
      [],
    );
    await desk.ask("{ returnsAuditChain { sequence } }", {}, ["crm"]);
    expect(await rowsOf(desk.db)).toHaveLength(before);
  });
});

eachDatabase("many forbidden attempts", (makeKernel) => {
  const clock = manualClock();
  let db: Database;
  let attempts: RefusedAttempts;
  let before: number;
  const news = async () =>
    (await rowsOf(db)).slice(before).map(({ person, action, detail }) => [person, action, detail]);

  beforeEach(async () => {
    db ??= (await openReturnsDesk(makeKernel)).db;
    attempts = createRefusedAttempts({ db, clock, log: silentLogger });
    before = (await rowsOf(db)).length;
  });

  it("of one person are so many rows, and one that says how many more there were", async () => {
    const startedMs = clock.now();
    for (let i = 0; i < most + 7; i++) await attempts.note("approveDisposition", as("mallory", "crm"));
    await attempts.note("approveDisposition", as("ada"));
    expect(await news()).toHaveLength(most + 1);
    clock.advance(limits.refusedAttemptsWindowMs);
    await attempts.sweep();
    await attempts.sweep();
    const told = await news();
    expect(told).toHaveLength(most + 2);
    expect(told.at(-1)).toEqual(["mallory", "several", { leftOut: 7, sinceMs: startedMs }]);
  });

  it("are counted anew in the next minute, and what was left out is said then", async () => {
    for (let i = 0; i < most + 1; i++) await attempts.note("approveDisposition", as("mallory", "crm"));
    clock.advance(limits.refusedAttemptsWindowMs);
    await attempts.note("rejectDisposition", as("mallory", "crm"));
    expect((await news()).slice(most).map(([, action]) => action)).toEqual(["several", "rejectDisposition"]);
  });

  it("that were left out are on record when the process stops", async () => {
    await Promise.all(Array.from({ length: most + 3 }, () => attempts.note("rejectDisposition", as("mallory"))));
    await attempts.stop();
    expect((await news()).filter(([, action]) => action === "several")).toHaveLength(1);
  });

  it("are refused all the same while nothing can be written", async () => {
    const { log, lines } = recordingLogger();
    const down = { ...db, system: db.system, transaction: () => Promise.reject(new Error("gone")) } as Database;
    await createRefusedAttempts({ db: down, clock, log }).note("rejectDisposition", as("mallory"));
    expect(lines.map(({ level }) => level)).toEqual(["warn"]);
  });
});
