/**
 * `/metrics` of running processes: what the gateway and every system say of themselves, and to whom.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { createKernel } from "../../shared/kernel.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createRedisBus } from "../../shared/messaging/redis-bus.ts";
import { createErp } from "../../subgraphs/erp/subgraph.ts";
import { collector, eventually, fact, skuIn } from "../helpers/bus.ts";
import { createScratch, eachDatabase } from "../helpers/databases.ts";
import { send, startTestGateway, stopAll } from "../helpers/gateways.ts";
import { type Samples, samplesOf, valuesOf } from "../helpers/metrics.ts";
import { describeRedis, openRedisCorner } from "../helpers/redis.ts";
import { openShop } from "../helpers/shop.ts";
import { openEmbedded } from "../helpers/target.ts";
import { createItems, ways } from "./limits-fixture.ts";

afterEach(stopAll);

const token = "a-metrics-token-of-the-tests-and-nobody-else";
const metricsOf = (url: string) => new URL("/metrics", url).href;
const scrape = async (url: string): Promise<Samples> => samplesOf((await send(metricsOf(url))).text);

describe("/metrics of a gateway", () => {
  it("is for whoever shows the token, where there is one", async () => {
    const gateway = await startTestGateway(createItems().endpoints, { production: true, metricsToken: token });
    const url = metricsOf(gateway.url());
    const refused = await send(url);
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect((await send(url, { headers: { authorization: "Bearer guess" } })).status).toBe(401);
    const shown = await send(url, { headers: { authorization: `Bearer ${token}` } });
    expect(shown.status).toBe(200);
    expect(shown.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(shown.text).toContain("# TYPE inventory_operations_total counter");
  });

  it("without a token is open, and in production not there", async () => {
    const production = await startTestGateway(createItems().endpoints, { production: true });
    expect((await send(metricsOf(production.url()))).status).toBe(404);
    const open = await startTestGateway(createItems().endpoints);
    expect((await send(metricsOf(open.url()))).status).toBe(200);
  });

  it.each([true, false])(
    "counts operations by their end, whichever way they took (short path: %s)",
    async (shortPath) => {
      const gateway = await startTestGateway(createItems().endpoints, { shortPath });
      const [, post] = ways[0] as (typeof ways)[number];
      for (let time = 1; time <= 5; time++) await post(gateway, 3);
      await post(gateway, 3, "{ nonsense }");
      await post(gateway, 3, 'mutation { touch(sku: "A") { sku } }');
      await post(gateway, 3, undefined, { authorization: "Bearer guess" });
      const values = await scrape(gateway.url());
      const counted = (operation: string, code: string) =>
        values[`inventory_operations_total{operation="${operation}",code="${code}"}`];
      expect(counted("query", "OK")).toBe(5);
      expect(counted("mutation", "OK")).toBe(1);
      expect(counted("unknown", "UNAUTHENTICATED")).toBe(1);
      expect(
        (counted("unknown", "GRAPHQL_VALIDATION_FAILED") ?? 0) + (counted("query", "GRAPHQL_VALIDATION_FAILED") ?? 0),
      ).toBe(1);
      const timed = ["kept", "short", "long"].map(
        (way) => values[`inventory_operation_seconds_count{operation="query",way="${way}"}`] ?? 0,
      );
      expect(timed.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(5);
      if (shortPath) expect(timed[1]).toBe(4);
      else expect(timed.slice(0, 2)).toEqual([0, 0]);
      expect(values['inventory_subgraph_calls_total{subgraph="items",outcome="ok"}']).toBeGreaterThan(0);
      expect(values['inventory_breaker_open{subgraph="items"}']).toBe(0);
    },
  );

  it("counts who is refused at the door", async () => {
    const doors = { rateLimit: { points: 5, windowS: 3_600 } };
    const limited = await startTestGateway(createItems().endpoints, { doors });
    for (const [, way] of ways) await way(limited, 5);
    const refused = (await scrape(limited.url()))['inventory_refusals_total{code="RATE_LIMITED"}'];
    expect(refused).toBeGreaterThanOrEqual(ways.length - 1);
    const full = await startTestGateway(createItems().endpoints, { load: { operationsMax: 0 } });
    for (const [, way] of ways.slice(0, 2)) await way(full, 1);
    expect((await scrape(full.url()))['inventory_refusals_total{code="OVERLOADED"}']).toBe(2);
  });
});

describe("/metrics of a whole system", () => {
  it("tells of events from the owner to where they are followed", async () => {
    const scratch = createScratch("sqlite", { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
    const target = await openEmbedded(scratch.config);
    try {
      const shop = await openShop(target.connector, "metrics", 3, 10);
      await shop.move();
      const values = await target.eventually(() => scrape(target.url));
      const applied = (consumer: string) =>
        values[`inventory_events_applied_total{consumer="${consumer}",type="shipment.confirmed"}`];
      expect([applied("availability"), applied("erp")]).toEqual([3, 3]);
      const late = 'inventory_event_apply_seconds_bucket{le="60",consumer="availability",type="shipment.confirmed"}';
      expect(values[late]).toBe(3);
      expect(values['inventory_events_published_total{system="wms",topic="facts"}']).toBeGreaterThanOrEqual(6);
      expect(values['inventory_outbox_waiting{system="wms"}']).toBe(0);
      expect(values['inventory_source_age_seconds{source="wms"}']).toBeLessThan(60);
      expect(values['inventory_database_connections{system="erp",state="idle"}']).toBe(1);
      expect(Object.keys(values).filter((key) => key.includes("scrape_failures") && values[key] !== 0)).toEqual([]);
    } finally {
      await target.stop();
      await scratch.remove();
    }
  });
});

eachDatabase("what a system is asked for", (makeKernel, kind) => {
  let kernel: Awaited<ReturnType<typeof createKernel>>;
  let db: Awaited<ReturnType<typeof createErp>>["db"];

  beforeAll(async () => {
    kernel = await makeKernel();
    db = (await createErp(kernel)).db;
  });

  it("its outbox, its letters, its audit rows and its connections", async () => {
    const sinceMs = kernel.clock.now() - 40_000;
    await db.transaction(async (tx) => {
      for (const [i, state] of ["new", "claimed", "done"].entries()) {
        await tx.run(
          `INSERT INTO outbox (event_id, topic, type, partition_key, correlation_id, body, state, created_at_ms)
           VALUES (?, 'facts', 't', 'k', 'c', '{}', ?, ?)`,
          [`event-${i}`, state, sinceMs + i],
        );
        await tx.run(
          `INSERT INTO dead_letters (id, consumer, source, event_id, type, class, code, hint, body, attempts,
             first_seen_at_ms, last_seen_at_ms) VALUES (?, 'erp', 'wms', ?, 't', ?, 'X', '', '{}', 1, 0, 0)`,
          [`letter-${i}`, `event-${i}`, i === 0 ? "MAPPING" : "DEFECT"],
        );
        await tx.run(
          `INSERT INTO audit_rows (subject, action, outcome, person, roles, correlation_id, detail, recorded_at_ms)
           VALUES ('s', 'a', 'done', 'p', '', 'c', '{}', 0)`,
        );
      }
    });
    const values = await valuesOf(kernel.metrics);
    expect(values['inventory_outbox_waiting{system="erp"}']).toBe(2);
    expect(values['inventory_outbox_oldest_seconds{system="erp"}']).toBeCloseTo(40, 0);
    expect(values['inventory_dead_letters{system="erp",class="MAPPING"}']).toBe(1);
    expect(values['inventory_dead_letters{system="erp",class="DEFECT"}']).toBe(2);
    expect(values['inventory_dead_letters{system="erp",class="SCHEMA"}']).toBe(0);
    expect(values['inventory_audit_unsealed_rows{system="erp"}']).toBe(3);
    expect(values['inventory_database_waiting{system="erp"}']).toBe(0);
    // Read before the other readings have given their connections back, or after.
    const states = ["used", "idle"].map(
      (state) => values[`inventory_database_connections{system="erp",state="${state}"}`],
    );
    expect((states[0] ?? 0) + (states[1] ?? 0)).toBeGreaterThanOrEqual(1);
  });

  it("who works with a connection, and who waits for one", async () => {
    let leave: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const before = db.connections();
    const inside = new Promise<void>((resolve) => {
      void db.transaction(async () => {
        resolve();
        await held;
      });
    });
    await inside;
    const second = kind === "sqlite" ? db.transaction(async () => {}) : Promise.resolve();
    expect(db.connections().used).toBe(before.used + 1);
    expect(db.connections().waiting).toBe(kind === "sqlite" ? 1 : 0);
    leave();
    await second;
    await eventually(() => expect(db.connections()).toMatchObject({ used: 0, waiting: 0 }));
  });
});

describeRedis("how far a group is behind", () => {
  const corner = openRedisCorner();
  afterAll(() => corner.close());

  it("is known to whoever has the group, partition by partition", async () => {
    const bus = await createRedisBus({ url: corner.url, prefix: corner.prefix, log: silentLogger });
    try {
      const sku = skuIn(1);
      await bus.publish("facts", [fact(sku, 1), fact(sku, 2)]);
      expect(await bus.lags()).toEqual([]);
      const behind = async (group: string) =>
        (await bus.lags()).filter((one) => one.group === group && one.partition === 1)[0];
      const fine = collector();
      await bus.consume("facts", "fine", fine.handler);
      await eventually(async () => expect(await behind("fine")).toMatchObject({ topic: "facts", lag: 0, pending: 0 }));
      await bus.consume("facts", "failing", async () => {
        throw new Error("on purpose");
      });
      await eventually(async () => expect(await behind("failing")).toMatchObject({ lag: 0, pending: 2 }));
    } finally {
      await bus.close();
    }
  });
});
