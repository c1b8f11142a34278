/**
 * The queue of exceptions over time: ranked by the policy in force, escalated when due, and told of silent systems.
 *
 * The clock stands still until it is moved; rounds are called by hand.
 */
import { beforeAll, expect, it } from "vitest";
import { createMemoryCache } from "../../shared/cache/memory-cache.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createQueueClock, type QueueClock } from "../../subgraphs/control/queue-clock.ts";
import { createSourceWatch } from "../../subgraphs/control/source-watch.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type ControlDesk, openControl } from "./control-fixture.ts";
import { product } from "./returns-fixture.ts";

const minute = 60_000;

interface Shown {
  readonly id: string;
  readonly subject: string;
  readonly priority: number;
  readonly policyVersion: number;
  readonly escalationLevel: number;
  readonly responsibleRole: string;
  readonly dueAt: string;
  readonly raisedAt: string;
  readonly priorityTerms: readonly { readonly name: string; readonly weight: number; readonly points: number }[];
}

type Page = { nodes: Shown[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

eachDatabase("the queue over time", (makeKernel) => {
  let desk: ControlDesk;
  let queueClock: QueueClock;
  let seq = 0;
  let keys = 0;

  beforeAll(async () => {
    desk = await openControl(makeKernel);
    const { data, ...known } = product("A");
    const costly = { ...data, unitCost: "2.50", class: "A", version: 9 };
    await desk.deliver({ ...known, id: "A-costs", sourceSeq: 9, data: costly } as AnyEvent);
    queueClock = createQueueClock({ db: desk.db, clock: desk.clock, log: silentLogger, committed: () => {} });
  });

  const fields = `id subject priority policyVersion escalationLevel responsibleRole dueAt raisedAt
    priorityTerms { name weight value points reason }`;

  async function queue(args = ""): Promise<readonly Shown[]> {
    const { data } = await desk.ask<{ exceptions: { nodes: Shown[] } }>(
      `{ exceptions(first: 200${args}) { nodes { ${fields} } } }`,
    );
    return data.exceptions.nodes;
  }

  const missing = (transferId: string, units: number) =>
    desk.deliver(
      canonicalEvent("erp", "transfer.discrepancy", "A|EAST", ++seq, {
        ...{ sku: "A", locationId: "EAST", correlationId: `story-${transferId}` },
        data: { transferId, missing: units },
      }),
    );

  const setPolicy = async (input: object, roles = ["manager"] as const) => {
    const { data, errors } = await desk.ask<{
      setExceptionPolicy: { policy: Record<string, unknown> | null; userErrors: { code: string }[] };
    }>(
      `mutation ($input: SetExceptionPolicyInput!) { setExceptionPolicy(input: $input) {
        policy { version setBy setAt note weights { name weight } types { type slaMinutes responsibleRole } }
        userErrors { code } } }`,
      { input: { idempotencyKey: `policy-${++keys}`, ...input } },
      roles,
      "maria",
    );
    if (errors) throw new Error(JSON.stringify(errors));
    return data.setExceptionPolicy;
  };

  it("has the most urgent first, says why, and of equals the oldest stands first", async () => {
    for (const [transferId, units] of [
      ["T-few", 1],
      ["T-many", 5_000],
      ["T-few-2", 1],
    ] as const) {
      await missing(transferId, units);
      desk.clock.advance(1);
    }
    const rows = await queue();
    expect(rows.map(({ subject }) => subject)).toEqual(["T-many", "T-few", "T-few-2"].map((id) => `transfer:${id}|A`));
    for (const { priority, priorityTerms } of rows) {
      expect(Math.round(priorityTerms.reduce((sum, { points }) => sum + points, 0))).toBe(priority);
      expect(priorityTerms.reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
    }
    expect(rows[0]).toMatchObject({ policyVersion: 0, escalationLevel: 0, responsibleRole: "warehouse" });
  });

  it("turns its pages by type, place and item alike", async () => {
    for (const filter of [
      'sku: "A"',
      'locationId: "EAST"',
      "type: TRANSFER_DISCREPANCY",
      'type: TRANSFER_DISCREPANCY, sku: "A"',
    ]) {
      const seen: string[] = [];
      for (let after: string | null = null, more = true; more; ) {
        const { data }: { data: { exceptions: Page } } = await desk.ask(
          `query ($after: String) { exceptions(first: 1, after: $after, ${filter}) {
            nodes { subject } pageInfo { hasNextPage endCursor } } }`,
          { after },
        );
        seen.push(...data.exceptions.nodes.map(({ subject }) => subject));
        after = data.exceptions.pageInfo.endCursor;
        more = data.exceptions.pageInfo.hasNextPage;
      }
      expect([filter, seen]).toEqual([filter, (await queue()).map(({ subject }) => subject)]);
    }
  });

  it("ranks what is open anew as time passes, and escalates each time it is due, on record", async () => {
    const [before] = await queue();
    desk.clock.advance(720 * minute);
    expect(await queueClock.rank()).toBe(3);
    expect(await queueClock.rank()).toBe(0);
    const [later] = await queue();
    expect(later?.priority).toBeGreaterThan(before?.priority ?? 100);
    expect(later?.escalationLevel).toBe(0);
    desk.clock.advance(720 * minute);
    await queueClock.rank();
    const [due] = await queue();
    expect(due).toMatchObject({ escalationLevel: 1, responsibleRole: "supervisor", dueAt: before?.dueAt });
    const told = await desk.events("exception.escalated");
    expect(told.map(({ correlationId }) => correlationId).sort()).toEqual(
      ["story-T-few", "story-T-few-2", "story-T-many"].sort(),
    );
    expect(told[0]?.data).toMatchObject({ escalationLevel: 1 });
    const audited = await desk.db.query<{ action: string }>(
      "SELECT action FROM audit_rows WHERE subject = ? ORDER BY id",
      [`exception:${due?.id}`],
    );
    expect(audited.map(({ action }) => action)).toEqual(["raiseException", "escalateException"]);
    desk.clock.advance(30 * 1_440 * minute);
    await queueClock.rank();
    expect((await queue())[0]).toMatchObject({ escalationLevel: 3, responsibleRole: "controller" });
  });

  it("walks pages of any number", async () => {
    for (let i = 0; i < 3; i++) await missing(`T-page-${i}`, 2);
    desk.clock.advance(500 * minute);
    const count = limits.queueClockPageMax + 10;
    const events = Array.from({ length: count }, (_, i) =>
      canonicalEvent("erp", "transfer.discrepancy", "B|WEST", ++seq, {
        ...{ sku: "B", locationId: "WEST" },
        data: { transferId: `T-w-${i}`, missing: 1 },
      }),
    );
    await desk.kernel.bus.publish("facts", events);
    desk.clock.advance(1_440 * minute);
    expect(await queueClock.rank()).toBeGreaterThanOrEqual(count);
  });

  it("a new version of the policy ranks what is open, is on record with who and when, and leaves the old one", async () => {
    const { policy } = await setPolicy({
      weights: [
        { name: "VALUE", weight: 35 },
        { name: "RISK", weight: 0 },
      ],
      types: [{ type: "TRANSFER_DISCREPANCY", slaMinutes: 99_999, responsibleRole: "planner" }],
      note: "Money first.",
    });
    expect(policy).toMatchObject({ version: 1, setBy: "maria", note: "Money first." });
    expect(policy?.["setAt"]).toBeTruthy();
    await queueClock.rank();
    const rows = await queue();
    expect(new Set(rows.map(({ policyVersion }) => policyVersion))).toEqual(new Set([1]));
    const { data } = await desk.ask<{ now: { version: number }; first: { version: number }; none: null }>(
      "{ now: exceptionPolicy { version } first: exceptionPolicy(version: 0) { version setBy } none: exceptionPolicy(version: 9) { version } }",
    );
    expect(data).toMatchObject({ now: { version: 1 }, first: { version: 0, setBy: null }, none: null });
    const audited = await desk.db.query("SELECT detail FROM audit_rows WHERE subject = 'exception-policy:1'");
    expect(audited).toHaveLength(1);
    expect((await setPolicy({ weights: [{ name: "VALUE", weight: 99 }] })).userErrors).toMatchObject([
      { code: "INVALID_INPUT" },
    ]);
    const { errors } = await desk.ask(
      'mutation { setExceptionPolicy(input: { idempotencyKey: "p" }) { policy { version } } }',
    );
    expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
  });

  it("two that set a policy at once set two versions", async () => {
    const both = await Promise.all([setPolicy({ halfValue: 10 }), setPolicy({ fullAgeMinutes: 10 })]);
    expect(both.map(({ policy }) => policy?.["version"]).sort()).toEqual([2, 3]);
  });

  it("a system that is not heard of for a while is an exception until it is back", async () => {
    const cache = createMemoryCache(desk.clock);
    const parts = { db: desk.db, cache, clock: desk.clock, log: silentLogger, committed: () => {} };
    const [watch, other] = [createSourceWatch(parts), createSourceWatch(parts)];
    const beat = (...systems: readonly ("erp" | "wms" | "returns" | "availability")[]) =>
      watch.hear(systems.map((system) => ({ system, timeMs: desk.clock.now() })));
    const silent = async () => (await queue(", type: STALE_SOURCE")).map(({ subject }) => subject).sort();
    beat("erp", "wms", "returns", "availability");
    expect(await watch.look()).toBe(0);
    desk.clock.advance(limits.sourceSilentMs + 1);
    beat("wms", "returns");
    expect(await watch.look()).toBe(2);
    // What one replica has heard, the others know.
    expect(await other.look()).toBe(0);
    expect(await silent()).toEqual(["source:availability", "source:erp"]);
    beat("erp");
    expect(await watch.look()).toBe(1);
    expect(await silent()).toEqual(["source:availability"]);
  });
});
