/**
 * How much one caller may ask for in a while, by what operations cost.
 *
 * Decided in this process and at once: what a caller has used here is added up here, and settled with what all gateways
 * count together a moment later. So a request never waits for the store, and a budget may be overdrawn by what the
 * other gateways gave out since the last settlement, and by no more. A store that does not answer changes nothing.
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../../shared/clock.ts";
import type { RateBudget } from "../../shared/config.ts";
import { AppError } from "../../shared/errors.ts";
import type { Identity } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import type { RateStore } from "../../shared/rate-store.ts";

/** Of one request: paid for once, however many ways it is tried to answer it. */
export interface Till {
  /** False: the budget does not reach that far, and nothing was taken. */
  pays(cost: number): boolean;
  /** A request that cost nothing, because it was not understood for example, costs one. */
  close(): void;
  /** Is nothing left at all? */
  readonly empty: boolean;
  /** What who has not enough left is told. */
  refusal(): AppError;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RateLimiter {
  open(caller: string): Till;
  /** Settles everything that is open; for tests, which do not wait for it. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export interface RateLimiterParts {
  readonly budget: RateBudget;
  readonly store: RateStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly callersMax?: number;
  /** Told of everybody who is refused. */
  readonly refused?: () => void;
}

interface Account {
  /** By everybody, as far as is known here. */
  used: number;
  /** Of that, not told to the others yet. */
  unsettled: number;
  endsAtMs: number;
}

export function createRateLimiter(parts: RateLimiterParts): RateLimiter {
  const { budget, clock, callersMax = limits.ratedCallersMax } = parts;
  const accounts = new LRUCache<string, Account>({ max: callersMax });
  const settlements = createSettlements(parts, accounts);

  function accountOf(caller: string): Account {
    const nowMs = clock.now();
    const known = accounts.get(caller);
    if (known && known.endsAtMs > nowMs) return known;
    const account = { used: 0, unsettled: 0, endsAtMs: nowMs + budget.windowS * 1_000 };
    accounts.set(caller, account);
    return account;
  }

  function take(caller: string, cost: number): boolean {
    const account = accountOf(caller);
    // What costs more than a whole budget takes all of it.
    if (account.used > 0 && account.used + cost > budget.points) return false;
    const isNew = account.used === 0;
    account.used += cost;
    account.unsettled += cost;
    settlements.add(caller, isNew);
    return true;
  }

  return {
    open(caller) {
      let isPaid = false;
      const till: Till = {
        pays(cost) {
          isPaid ||= take(caller, Math.max(1, cost));
          return isPaid;
        },
        close() {
          isPaid ||= take(caller, 1);
        },
        get empty() {
          return accountOf(caller).used >= budget.points;
        },
        get headers() {
          const { used, endsAtMs } = accountOf(caller);
          return {
            "ratelimit-limit": String(budget.points),
            "ratelimit-remaining": String(Math.max(0, budget.points - used)),
            "ratelimit-reset": String(secondsUntil(endsAtMs, clock)),
          };
        },
        refusal() {
          parts.refused?.();
          return rateLimited(till);
        },
      };
      return till;
    },
    settle: settlements.settle,
    stop: settlements.stop,
  };
}

/** Whose budget it is: a person's, or an address's where nobody says who it is. */
export function callerName({ person }: Pick<Identity, "person">, address: () => string): string {
  return person === null ? `address ${address()}` : `person ${person}`;
}

function rateLimited({ headers }: Till): AppError {
  const retryAfterS = Number(headers["ratelimit-reset"]);
  const limit = Number(headers["ratelimit-limit"]);
  const remaining = Number(headers["ratelimit-remaining"]);
  return new AppError("RATE_LIMITED", { retryAfterS, limit, remaining });
}

function secondsUntil(endsAtMs: number, clock: Clock): number {
  return Math.max(1, Math.ceil((endsAtMs - clock.now()) / 1_000));
}

/** Tells the store what was used: at once for a caller who is new here, for the others together and a little later. */
function createSettlements({ store, clock, log }: RateLimiterParts, accounts: LRUCache<string, Account>) {
  const due = new Set<string>();
  const underWay = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;

  async function settleOne(caller: string): Promise<void> {
    const account = accounts.get(caller);
    if (!account || account.unsettled === 0) return;
    const points = account.unsettled;
    account.unsettled = 0;
    try {
      const { used, resetMs } = await store.add(caller, points);
      account.used = used + account.unsettled;
      account.endsAtMs = clock.now() + resetMs;
    } catch (error) {
      account.unsettled += points;
      log.warn({ error }, "what a caller has used is not settled");
    }
  }

  async function settle(): Promise<void> {
    clearTimeout(timer);
    clearImmediate(soon);
    timer = undefined;
    soon = undefined;
    const callers = [...due];
    due.clear();
    const settled = Promise.all(callers.map(settleOne)).then(() => {});
    underWay.add(settled);
    await settled;
    underWay.delete(settled);
  }

  return {
    settle,
    add(caller: string, isNew: boolean): void {
      due.add(caller);
      if (isNew) soon ??= setImmediate(settle);
      timer ??= setTimeout(settle, limits.rateSettleMs).unref();
    },
    async stop(): Promise<void> {
      await settle();
      await Promise.all(underWay);
      await store.close();
    },
  };
}
