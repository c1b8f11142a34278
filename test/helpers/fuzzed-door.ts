/**
 * A gateway that anything may be sent to, and what must be true of it afterwards: it lives, it has answered as it
 * should, no turn of its event loop was long, and it has kept nothing.
 *
 * It is a process of its own, so that a crash is its own as well.
 */
import { expect } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import type { Config } from "../../shared/config.ts";
import { type ApiClient, createApiClient } from "../../shared/graphql/client.ts";
import { issueToken, roles } from "../../shared/identity.ts";
import { createScratch } from "./databases.ts";
import { samplesOf } from "./metrics.ts";
import { startProgram } from "./process.ts";

const secret = "a-secret-that-only-the-tests-know";

export interface Door {
  /** Its GraphQL endpoint. */
  readonly url: string;
  /** Of a person who may do everything. */
  readonly token: string;
  /** Where its databases are. */
  readonly config: Config;
  /** Looks how it is; call it now and then, the first time when it is warm. */
  look(): Promise<void>;
  /** What was seen, for a person; fails when it ended, was stuck, or has grown. `stallMsMax`: the longest turn. */
  judge(stallMsMax: number): Promise<string>;
  stop(): Promise<void>;
}

/** The whole system in one process, on SQLite and memory, with so many items at one place. */
export async function openDoor(items = 1): Promise<Door> {
  const scratch = createScratch("sqlite", { AUTH_SECRET: secret });
  const env = { DATA_DIR: scratch.config.dataDir, PORT: "0", AUTH_SECRET: secret, DEMO: "off" };
  const program = await startProgram("main.ts", env);
  const token = await issueToken(scratch.config.auth, { person: "fay", roles, channels: ["WEB", "B2B"] }, systemClock);
  await stock(createApiClient({ url: program.url, token }), items);
  const origin = new URL(program.url).origin;
  const stallsMs: number[] = [];
  const heapBytes: number[] = [];

  async function look(): Promise<void> {
    const reply = await fetch(`${origin}/metrics`);
    expect(reply.status, program.complaints()).toBe(200);
    const samples = samplesOf(await reply.text());
    stallsMs.push((samples["nodejs_eventloop_lag_max_seconds"] ?? Number.NaN) * 1_000);
    heapBytes.push(samples["nodejs_heap_size_used_bytes"] ?? Number.NaN);
  }

  return {
    url: program.url,
    token,
    config: scratch.config,
    look,
    async judge(stallMsMax) {
      await look();
      // The first look tells of the start.
      const longest = Math.max(...stallsMs.slice(1));
      const [early, late] = [lowest(heapBytes.slice(0, half(heapBytes))), lowest(heapBytes.slice(half(heapBytes)))];
      const said = `longest turn ${longest.toFixed(0)} ms; heap ${megabytes(early)} at first, ${megabytes(late)} at last`;
      expect(longest, said).toBeLessThan(stallMsMax);
      // What a garbage collector leaves lying about is not growth; a cache that is filled up is bounded.
      expect(late, said).toBeLessThan(early * 1.5 + 128 * 1_048_576);
      return said;
    },
    async stop() {
      await program.terminate();
      await scratch.remove();
    },
  };
}

async function stock(client: ApiClient, items: number): Promise<void> {
  const skus = Array.from({ length: items }, (_, i) => `OWL-${i + 1}`);
  await client.request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!) {
       saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } } }`,
    {
      p: { idempotencyKey: "p", products: skus.map((sku) => ({ sku, name: "Owl", baseUnit: "EA" })) },
      l: { idempotencyKey: "l", locations: [{ id: "EAST", name: "East", type: "WAREHOUSE" }] },
    },
  );
  const counted = {
    type: "SNAPSHOT",
    quantity: 100,
    buckets: { unrestricted: 100 },
    occurredAt: "2026-01-05T06:00:00Z",
  };
  const events = skus.map((sku) => ({ sku, locationId: "EAST", id: sku, ...counted }));
  await client.request(
    "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status } } }",
    { input: { idempotencyKey: "e", events } },
  );
}

const half = (values: readonly unknown[]) => Math.ceil(values.length / 2);
/** Garbage comes and goes: the least that was seen is what is kept. */
const lowest = (values: readonly number[]) => Math.min(...values);
const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MB`;
