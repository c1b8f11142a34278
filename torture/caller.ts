/**
 * A client with an unsafe network: each write carries an idempotency key and is sent, at one gateway after the other,
 * until a definite reply comes; some are sent once more although it came.
 *
 * Uses nothing but HTTP. Every attempt is written down, and one that is not answered in time counts as hanging.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Random } from "../demo/random.ts";
import type { SystemName } from "../shared/config.ts";
import { limits } from "../shared/limits.ts";
import type { Journal, Reply } from "./journal.ts";

export interface Write {
  readonly system: SystemName;
  readonly operation: string;
  readonly person: string;
  readonly key: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The fields of the payload besides `userErrors` and `replayed`. */
  readonly selection: string;
}

export interface Caller {
  /** The definite reply; fails when none came within two minutes. */
  write(write: Write): Promise<Reply>;
  /** One question at one gateway; null where it was not answered. */
  ask<T>(person: string, query: string, variables: object, gateway: number): Promise<T | null>;
}

export interface CallerParts {
  readonly urls: readonly string[];
  readonly tokenOf: (person: string) => Promise<string>;
  readonly journal: Journal;
  readonly random: Random;
  /** Was this gateway held still in that time? Then its silence is ours. */
  readonly wasStill: (url: string, fromMs: number, toMs: number) => boolean;
}

/** Beyond the deadline that the gateway gives its subgraphs. */
const allowanceMs = 5_000;
const giveUpMs = 120_000;
const retryMs = 150;
const copyShare = 0.15;

const inputTypes: Readonly<Record<string, string>> = {
  approveTransfer: "DecideTransferInput",
  closeTransfer: "DecideTransferInput",
  approveAdjustment: "DecideAdjustmentInput",
};

interface GraphqlReply {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

export function createCaller({ urls, tokenOf, journal, random, wasStill }: CallerParts): Caller {
  let turn = 0;

  async function attempt(operation: string, person: string, body: object, url: string, deadlineMs: number) {
    const beganAtMs = Date.now();
    const note = (outcome: string) =>
      void journal.attempts.push({ operation, url, beganAtMs, tookMs: Date.now() - beganAtMs, outcome });
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${await tokenOf(person)}` },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(deadlineMs + allowanceMs),
      });
      const reply = (await response.json()) as GraphqlReply;
      const code = reply.errors?.[0]?.extensions?.code;
      note(reply.data && !reply.errors ? "reply" : (code ?? `status ${response.status}`));
      return reply;
    } catch (error) {
      const isLate = (error as Error).name === "TimeoutError";
      const isHanging = isLate && !wasStill(url, beganAtMs, Date.now());
      note(isHanging ? "hang" : "unreachable");
      return null;
    }
  }

  async function definite({ operation, person, input, key, selection }: Write): Promise<Reply> {
    const type = inputTypes[operation] ?? `${operation[0]?.toUpperCase()}${operation.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { ${operation}(input: $input) { ${selection} userErrors { code } replayed } }`;
    const body = { query, variables: { input: { ...input, idempotencyKey: key } } };
    const until = Date.now() + giveUpMs;
    for (;;) {
      const url = urls[turn++ % urls.length] as string;
      const reply = await attempt(operation, person, body, url, limits.subgraphMutationMs);
      const payload = reply?.data?.[operation];
      if (payload) return payload as Reply;
      const code = reply?.errors?.[0]?.extensions?.code ?? "";
      // A mistake of this program, not of the system under test: it must not pass for a fault that is waited out.
      if (/^(GRAPHQL_|BAD_USER_INPUT|INVALID_INPUT|FORBIDDEN|UNAUTHENTICATED)/.test(code)) {
        throw new Error(`${operation}: ${JSON.stringify(reply?.errors)}`);
      }
      if (Date.now() > until) throw new Error(`${operation} ${key} has had no definite reply for ${giveUpMs} ms`);
      await wait(retryMs);
    }
  }

  return {
    async write(write) {
      const reply = await definite(write);
      const { system, operation, person, key, input } = write;
      journal.settled.push({ system, operation, person, key, input, reply });
      if (random.chance(copyShare)) {
        const copy = await definite(write);
        if (textOf(copy) !== textOf(reply) || !copy.replayed) {
          const what = `${operation} ${key} got ${textOf(reply)}, and once more ${textOf(copy)}, replayed ${copy.replayed}`;
          journal.violations.push({ invariant: "I3", what });
        }
      }
      return reply;
    },
    async ask<T>(person: string, query: string, variables: object, gateway: number) {
      const url = urls[gateway % urls.length] as string;
      const reply = await attempt("query", person, { query, variables }, url, limits.subgraphQueryMs);
      return reply?.data && !reply.errors ? (reply.data as T) : null;
    },
  };
}

/** What a copy must say again. */
export function textOf({ replayed: _, ...reply }: Reply): string {
  return JSON.stringify(reply);
}
