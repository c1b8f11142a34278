/**
 * A process that is told to stop while clients are at work: it says so first, answers everybody meanwhile, sends sockets
 * elsewhere, and ends in good time, also with a Redis that answers nobody.
 *
 * The process is `main.ts` itself, and its clients know nothing of signals.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createPrivateRedis, type PrivateRedis, redisIsInstalled } from "../helpers/private-redis.ts";
import { type Program, startProgram } from "../helpers/process.ts";
import { openSocket } from "../helpers/subscriptions.ts";

const noticeMs = 1_500;
/** From the end of the notice on. */
const stoppedWithinMs = 5_000;

const missing = redisIsInstalled ? "" : " (no redis-server is installed)";
describe.skipIf(!redisIsInstalled)(`a process that is told to stop${missing}`, () => {
  const dataDir = mkdtempSync(join(tmpdir(), "iag-leaving-"));
  let redis: PrivateRedis;
  let program: Program;

  beforeAll(async () => {
    redis = await createPrivateRedis();
    await redis.start();
    const env = { DATA_DIR: dataDir, REDIS_URL: redis.url, PORT: "0", DEMO: "off", STOP_NOTICE_MS: `${noticeMs}` };
    program = await startProgram("main.ts", env);
  }, 90_000);

  afterAll(async () => {
    await program?.kill();
    await redis?.kill();
    rmSync(dataDir, { recursive: true });
  });

  /** A connection of its own each, as from a client that comes anew. */
  const get = (path: string) => fetch(new URL(path, program.url), { headers: { connection: "close" } });
  const ask = () =>
    fetch(program.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ products { edges { node { sku } } } }" }),
    });

  it("says so, answers meanwhile, tells sockets to come back, and ends with 0 though Redis is silent", async () => {
    expect((await get("/readyz")).status).toBe(200);
    expect((await ask()).headers.get("connection")).not.toBe("close");
    const socket = openSocket(program.url);
    expect(await socket.ask("{ __typename }")).toEqual({ data: { __typename: "Query" } });

    redis.freeze();
    const beganMs = performance.now();
    const ended = program.terminate();
    await vi.waitFor(async () => expect((await get("/readyz")).status).toBe(503), { interval: 10 });
    expect(await (await get("/readyz")).json()).toMatchObject({ status: "stopping" });
    expect((await get("/healthz")).status).toBe(200);
    const answer = await ask();
    expect(answer.headers.get("connection")).toBe("close");
    expect(await answer.json()).toEqual({ data: { products: { edges: [] } } });
    expect(await socket.ask("{ __typename }")).toEqual({ data: { __typename: "Query" } });
    expect(performance.now() - beganMs).toBeLessThan(noticeMs);

    expect(await socket.closed).toMatchObject({ code: 4503 });
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(noticeMs - 100);
    expect(await ended).toBe(0);
    expect(performance.now() - beganMs - noticeMs).toBeLessThan(stoppedWithinMs);
    await expect(ask()).rejects.toThrow();
  }, 60_000);
});
