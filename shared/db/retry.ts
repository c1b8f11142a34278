/**
 * Which database errors are worth another try, and how the tries are spaced.
 *
 * The whole transaction is retried, never a statement: a deadlock (1213) has rolled the transaction back, a lock
 * timeout (1205) only the statement, and in both cases what was read before is no longer true. A connection lost
 * while COMMIT was under way leaves the outcome unknown: trying again is safe only because every write carries an
 * idempotency key, an inbox row or a claim that a second try meets.
 */
import { setTimeout as wait } from "node:timers/promises";
import { AppError } from "../errors.ts";
import { limits } from "../limits.ts";

type Verdict = "conflict" | "disconnected" | "final";

const conflictErrnos = new Set([1205, 1213]);
const disconnectedCodes = new Set([
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR",
  "ECONNRESET",
  "ECONNREFUSED",
  "EPIPE",
  "ETIMEDOUT",
  "ER_SERVER_SHUTDOWN",
  "ER_CONNECTION_KILLED",
  "ER_NORMAL_SHUTDOWN",
  "ER_CON_COUNT_ERROR",
]);

/** Two workers met on the same rows and this one should begin again. */
export class TransactionConflict extends Error {}

export function judge(error: unknown): Verdict {
  for (const cause of causes(error)) {
    if (cause instanceof TransactionConflict) return "conflict";
    const { errno, code, fatal } = cause as { errno?: unknown; code?: unknown; fatal?: unknown };
    if (typeof errno === "number" && conflictErrnos.has(errno)) return "conflict";
    if (typeof code === "string" && code.startsWith("SQLITE_BUSY")) return "conflict";
    if (typeof code === "string" && disconnectedCodes.has(code)) return "disconnected";
    // mysql2 gives no code to a statement on a connection that is closed already.
    if (fatal === true && code === undefined) return "disconnected";
  }
  return "final";
}

/** Did a statement wait for a row lock as long as it may? */
export function isLockTimeout(error: unknown): boolean {
  return hasErrno(error, [1205]);
}

/** Is one of these numbers the server's? */
export function hasErrno(error: unknown, errnos: readonly number[]): boolean {
  return causes(error).some((cause) => errnos.includes((cause as { errno?: number }).errno ?? 0));
}

/** Runs `attempt` until it succeeds, fails for good, or has failed too often; then SOURCE_UNAVAILABLE. */
export async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (judge(error) === "final") throw error;
      if (tried >= limits.transactionAttemptsMax) {
        throw new AppError(
          "SOURCE_UNAVAILABLE",
          { message: "The database does not take the change." },
          { cause: error },
        );
      }
      // Full jitter: callers that collided once should not collide again.
      const ceilingMs = Math.min(limits.transactionBackoffMs * 2 ** tried, 1_000);
      await wait(Math.random() * ceilingMs);
    }
  }
}

/** The error and what it wraps; TypeORM keeps the driver's error in `driverError`. */
function causes(error: unknown): Error[] {
  const found: Error[] = [];
  for (let cause = error; cause instanceof Error && found.length < 5; ) {
    found.push(cause);
    cause = cause.cause ?? (cause as { driverError?: unknown }).driverError;
  }
  return found;
}
