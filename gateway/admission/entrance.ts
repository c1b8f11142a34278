/**
 * What everybody passes who comes in, over HTTP or a socket: is there room, and is there anything left of the budget?
 *
 * Opened once a gateway, before it listens. What a document may be is decided elsewhere (`admissions.ts`).
 */
import type { Clock } from "../../shared/clock.ts";
import type { Config } from "../../shared/config.ts";
import type { Logger } from "../../shared/logging.ts";
import { openRateStore } from "../../shared/rate-store.ts";
import { createLoadGate, type LoadGate, type LoadGateParts } from "./load-gate.ts";
import { createRateLimiter, type RateLimiter } from "./rate-limit.ts";

export interface Entrance {
  readonly gate: LoadGate;
  /** Null: callers may ask as much as they like. */
  readonly rates: RateLimiter | null;
  /** How many proxies of ours stand in front. */
  readonly proxies: number;
}

export interface EntranceParts {
  readonly config: Pick<Config, "redisUrl" | "redisPrefix" | "doors">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly load?: LoadGateParts | undefined;
  /** Told of everybody who is refused, and why. */
  readonly refused?: (code: "RATE_LIMITED" | "OVERLOADED") => void;
}

export async function openEntrance(parts: EntranceParts): Promise<Entrance & { stop(): Promise<void> }> {
  const { proxies, rateLimit: budget } = parts.config.doors;
  const { redisUrl, redisPrefix } = parts.config;
  const { clock, log, refused = () => {} } = parts;
  const store = budget && (await openRateStore({ redisUrl, redisPrefix, windowS: budget.windowS, log }));
  const rates = store && createRateLimiter({ budget, store, clock, log, refused: () => refused("RATE_LIMITED") });
  const gate = createLoadGate({ ...parts.load, refused: () => refused("OVERLOADED") });
  return {
    gate,
    rates,
    proxies,
    async stop() {
      gate.stop();
      await rates?.stop();
    },
  };
}
