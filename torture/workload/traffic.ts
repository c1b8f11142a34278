/**
 * All clients of a run at once, from the beginning to the end of it: every story that was begun is told to its end.
 *
 * A client that cannot go on is a violation of its own: nobody gets lost without a word.
 */
import { setTimeout as wait } from "node:timers/promises";
import { createRandom } from "../../demo/random.ts";
import type { Caller } from "../caller.ts";
import type { Journal } from "../journal.ts";
import { actors } from "./actors.ts";
import { stage } from "./stage.ts";

export interface Traffic {
  /** Resolves when the last story has ended. */
  stop(): Promise<void>;
}

export interface TrafficParts {
  readonly seed: number;
  readonly gateways: number;
  readonly journal: Journal;
  readonly newCaller: (seed: number) => Caller;
}

export function startTraffic({ seed, gateways, journal, newCaller }: TrafficParts): Traffic {
  let over = false;
  const running = Object.entries(actors).map(async ([name, { act, pauseMs }], i) => {
    const own = seed * 1_000 + i;
    const parts = { caller: newCaller(own), random: createRandom(own), nextKey: keysOf(`${name}-${seed}`) };
    while (!over) {
      try {
        await act(parts);
      } catch (error) {
        journal.violations.push({ invariant: "I4", what: `${name}: ${(error as Error).message}` });
      }
      await wait(parts.random.integer(0, pauseMs));
    }
  });
  const asker = newCaller(seed);
  const questions = Array.from({ length: gateways }, async (_, gateway) => {
    while (!over) {
      await look(asker, journal, gateway);
      await wait(200);
    }
  });
  return {
    async stop() {
      over = true;
      await Promise.all([...running, ...questions]);
    },
  };
}

/** What may be sold is never below nothing. */
async function look(caller: Caller, journal: Journal, gateway: number): Promise<void> {
  const found = await caller.ask<{ availability: { sku: string; availableToSell: number | null }[] }>(
    "web-shop",
    "query ($skus: [ID!]!) { availability(skus: $skus) { sku availableToSell } }",
    { skus: [...stage.hot.slice(0, 10), ...stage.sold] },
    gateway,
  );
  for (const { sku, availableToSell } of found?.availability ?? []) {
    if (availableToSell !== null && availableToSell < 0) {
      journal.violations.push({ invariant: "I2", what: `${availableToSell} of ${sku} may be sold` });
    }
  }
}

export function keysOf(prefix: string): () => string {
  let last = 0;
  return () => `${prefix}-${++last}`;
}
