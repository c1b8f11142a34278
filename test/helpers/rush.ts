/**
 * Many requests at once at several gateways, as buyers' programs send them, and what came of it.
 *
 * How much is sent is set from outside (ROUNDS, KEYS, CUTS, SOCKETS, RESTARTS, SECONDS, ROWS, DOCUMENTS, BYTES, SEED): little in
 * the suite, the whole promise when somebody asks for it. Says how long the answers took, and judges nothing.
 */
import { expect } from "vitest";
import type { Target } from "./target.ts";

/** How often the races between processes are run: what fits into the suite, or ROUNDS. */
export const rounds = countFrom("ROUNDS", 2);
/** How many idempotency keys are sent 20 times each: what fits into the suite, or KEYS. */
export const keyCount = countFrom("KEYS", 100);
/** How often the connection of one subscriber is cut: what fits into the suite, or CUTS. */
export const cutCount = countFrom("CUTS", 10);
/** How many sockets wait for changes at once: what fits into the suite, or SOCKETS, a multiple of 20. */
export const socketCount = countFrom("SOCKETS", 100);
/** How many rows the tables have whose statements are looked at: what fits into the suite, or ROWS. */
export const rowCount = countFrom("ROWS", 5_000);
/** For how long readers and writers go on, in seconds: a look in the suite, or SECONDS. */
export const secondCount = countFrom("SECONDS", 5);
/** How many documents, and how many bytes, are made by chance and sent: what fits into the suite, or DOCUMENTS, BYTES. */
export const documentCount = countFrom("DOCUMENTS", 1_000);
export const doorBytes = countFrom("BYTES", 100_000);
export const isFullFuzz = process.env["DOCUMENTS"] !== undefined || process.env["BYTES"] !== undefined;
/** How many processes are restarted behind a balancer: none in the suite, or RESTARTS. */
export const restartCount = process.env["RESTARTS"] === undefined ? 0 : countFrom("RESTARTS", 1);
/** From which number chance begins. */
export const seed = countFrom("SEED", 1);
export const isLongRun = process.env["SECONDS"] !== undefined;

export interface Rush<T> {
  /** In the order of the requests. */
  readonly replies: readonly T[];
  readonly latenciesMs: readonly number[];
  readonly tookMs: number;
}

/** Sends every request, at most `atOnce` at a time, in turn at each gateway. Fails when one is not answered. */
export async function rush<T>(
  { urls, client }: Target,
  token: string,
  document: string,
  inputs: readonly object[],
  atOnce = inputs.length,
): Promise<Rush<T>> {
  const clients = urls.map((url) => client(token, url));
  const replies: T[] = [];
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let next = 0;
  const send = async () => {
    while (next < inputs.length) {
      const i = next++;
      const sentAt = performance.now();
      replies[i] = (await clients[i % clients.length]?.request<T>(document, { input: inputs[i] })) as T;
      latenciesMs[i] = performance.now() - sentAt;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, send));
  return { replies, latenciesMs, tookMs: performance.now() - startedAt };
}

/** `n rounds of m requests: mean … s, longest … s; a request p50 … ms, p99 … ms, longest … ms`. */
export function figuresOf(rushes: readonly Rush<unknown>[]): string {
  const took = rushes.map((one) => one.tookMs);
  const all = rushes.flatMap((one) => one.latenciesMs).sort((a, b) => a - b);
  const at = (share: number) => `${Math.round(all[Math.ceil(all.length * share) - 1] ?? 0)} ms`;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
  const mean = took.reduce((sum, ms) => sum + ms, 0) / took.length;
  return (
    `${rushes.length} rounds, ${all.length} requests: a round ${seconds(mean)}, longest ${seconds(Math.max(...took))}; ` +
    `a request p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`
  );
}

function countFrom(name: string, inSuite: number): number {
  const count = Number(process.env[name] ?? inSuite);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${name} must be a whole number from 1.`);
  return count;
}

// ------------------------------------------------------------------------------------------------ what is reserved

export interface Line {
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
}

export interface ReserveReply {
  readonly reserveStock: {
    readonly reservation: { readonly id: string } | null;
    readonly shortages: readonly Record<string, unknown>[];
    readonly userErrors: readonly { readonly code: string; readonly field: readonly string[] | null }[];
    readonly replayed: boolean;
  };
}

export const reserveStock = `mutation ($input: ReserveStockInput!) { reserveStock(input: $input) {
  reservation { id } shortages { sku locationId requested available } userErrors { code field } replayed } }`;

export const lineOf = (sku: string, quantity: number, locationId = "L"): Line => ({ sku, locationId, quantity });
export const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** How many replies were grants, and how many refusals by code. */
export function outcomes({ replies }: Rush<ReserveReply>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { reserveStock: reply } of replies) {
    const outcome = reply.userErrors[0]?.code ?? "GRANTED";
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

/** A row whose values are numbers, as the drivers give them: as numbers or as text. */
export function numbers(row: Record<string, unknown> | undefined): Record<string, number> {
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)]));
}

const itemsAtOnce = 500;

/** Puts the stock where the lines say, as a new item each; returns when every gateway answers for all of it. */
export async function stockUp(target: Target, lines: readonly Line[]): Promise<void> {
  const { connector, urls, client, eventually } = target;
  const skus = [...new Set(lines.map(({ sku }) => sku))];
  const places = [...new Set(lines.map(({ locationId }) => locationId))];
  await connector.request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!) {
       saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } } }`,
    {
      p: { idempotencyKey: `p-${skus[0]}`, products: skus.map((sku) => ({ sku, name: sku, baseUnit: "EA" })) },
      l: { idempotencyKey: `l-${skus[0]}`, locations: places.map((id) => ({ id, name: id, type: "WAREHOUSE" })) },
    },
  );
  for (let from = 0; from < lines.length; from += itemsAtOnce) {
    const events = lines.slice(from, from + itemsAtOnce).map(({ quantity, ...place }) => ({
      ...place,
      id: `${place.sku}-${place.locationId}`,
      type: "SNAPSHOT",
      quantity,
      buckets: { unrestricted: quantity },
      occurredAt: "2026-01-05T06:00:00Z",
    }));
    await connector.request(
      "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status } } }",
      { input: { idempotencyKey: `e-${skus[0]}-${from}`, events } },
    );
  }
  for (const url of urls) {
    const look = (from: number) =>
      client(undefined, url).request<{ availability: { availableToSell: number; confidence: string }[] }>(
        `query ($skus: [ID!]!) { availability(skus: $skus) { availableToSell confidence } }`,
        { skus: skus.slice(from, from + itemsAtOnce) },
      );
    await eventually(async () => {
      let seen = 0;
      for (let from = 0; from < skus.length; from += itemsAtOnce) {
        const { availability } = await look(from);
        expect(availability.filter(({ confidence }) => confidence !== "FRESH")).toEqual([]);
        seen += availability.reduce((sum, { availableToSell }) => sum + availableToSell, 0);
      }
      expect(seen).toBe(lines.reduce((sum, { quantity }) => sum + quantity, 0));
    });
  }
}
