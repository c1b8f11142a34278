/**
 * A reader whose connections to Redis are accepted and closed again at once, as by something that stands in between
 * while the server is away: it reads on as soon as one holds.
 */
import { afterEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../shared/logging.ts";
import { createRedisBus } from "../../shared/messaging/redis-bus.ts";
import { openWay } from "../../torture/proxy.ts";
import { collector, eventually, fact, publishAll } from "../helpers/bus.ts";
import { createPrivateRedis, redisIsInstalled } from "../helpers/private-redis.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const missing = redisIsInstalled ? "" : " (no redis-server is installed)";
describe.skipIf(!redisIsInstalled)(`a Redis behind something that accepts connections for it${missing}`, () => {
  it("is read from again when it is back, also by who waits for what is new", async () => {
    const server = await createPrivateRedis();
    await server.start();
    closing.push(() => server.kill());
    const way = await openWay(Number(new URL(server.url).port));
    closing.push(() => way.close());
    const bus = await createRedisBus({ url: `redis://127.0.0.1:${way.port}`, prefix: "", log: silentLogger });
    closing.push(() => bus.close());
    const { ids, handler } = collector();
    await bus.consume("facts", "readers", handler);
    await publishAll(bus, [fact("A", 1)]);
    await eventually(() => expect(ids()).toEqual([fact("A", 1).id]));

    await server.kill();
    // Both connections, more than once each.
    await eventually(() => expect(way.turnedAway()).toBeGreaterThan(6));
    await server.start();
    await publishAll(bus, [fact("B", 1)]);
    await eventually(() => expect(ids()).toContain(fact("B", 1).id));
  }, 40_000);
});
