/**
 * A subgraph behind HTTP: pooled keep-alive connections, the caller's token, signed identity and correlation id.
 *
 * Whatever is not a GraphQL answer (refused, reset, 5xx, not JSON) is SOURCE_UNAVAILABLE with the reason as its cause.
 * A repeatable operation is sent once more after a reset, because a kept connection may just have been closed; nothing
 * else is repeated, and nothing is remembered: the next call tries again, so recovery needs no restart.
 */
import { Pool } from "undici";
import type { RequestContext } from "../shared/command.ts";
import { AppError } from "../shared/errors.ts";
import { correlationHeader } from "../shared/graphql/correlation.ts";
import type { OperationRequest, OperationResult } from "../shared/graphql/execute.ts";
import type { Identity } from "../shared/identity.ts";
import { limits } from "../shared/limits.ts";
import { identityHeader } from "../shared/signed-identity.ts";
import { traceparentHeader } from "../shared/traceparent.ts";
import type { SubgraphClient } from "./endpoints.ts";

export interface RemoteClient extends SubgraphClient {
  close(): Promise<void>;
}

/** `sign`: what the subgraph is told of a caller; absent: nothing but the token. */
export function createRemoteClient(url: string, sign?: (identity: Identity) => string): RemoteClient {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, {
    connections: limits.subgraphConnectionsMax,
    connect: { timeout: limits.subgraphConnectMs },
    maxResponseSize: limits.subgraphResponseBytesMax,
  });

  async function post(body: string, request: RequestContext, signal: AbortSignal): Promise<Reply> {
    const { statusCode, body: reply } = await pool.request({
      method: "POST",
      path: `${pathname}${search}`,
      headers: { ...headersFor(request), ...(sign ? { [identityHeader]: sign(request.identity) } : {}) },
      body,
      signal,
    });
    return { statusCode, text: await reply.text() };
  }

  function postTwice(body: string, request: RequestContext, signal: AbortSignal): Promise<Reply> {
    return post(body, request, signal).catch((error) => {
      if (!isReset(error)) throw error;
      return post(body, request, signal);
    });
  }

  const sameTurn = new Map<string, Promise<Reply>>();

  /**
   * One caller's same question, asked again before the first has even left, is one question. What is under way already
   * is never shared: who has just written and reads again would be told what was before.
   */
  function postOnce(body: string, request: RequestContext, signal: AbortSignal): Promise<Reply> {
    const key = `${request.identity.token ?? ""} ${body}`;
    const known = sameTurn.get(key);
    if (known) return known;
    if (sameTurn.size === 0) setImmediate(() => sameTurn.clear());
    const reply = postTwice(body, request, signal);
    sameTurn.set(key, reply);
    return reply;
  }

  return {
    async execute(operation, request, { signal, repeatable, representationsText }) {
      const body = bodyOf(operation, representationsText);
      try {
        // Each caller parses for itself: answers are taken apart and merged.
        return readAnswer(await (repeatable ? postOnce : post)(body, request, signal));
      } catch (cause) {
        throw new AppError("SOURCE_UNAVAILABLE", {}, { cause });
      }
    },
    close: () => pool.destroy(),
  };
}

interface Reply {
  readonly statusCode: number;
  readonly text: string;
}

/** Representations were printed to be compared, and are not printed a second time. */
function bodyOf(operation: OperationRequest, representationsText: string | undefined): string {
  const { query, variables, operationName, extensions } = operation;
  if (representationsText === undefined) return JSON.stringify({ query, variables, operationName, extensions });
  const { representations: _, ...others } = variables ?? {};
  const head = JSON.stringify({ query, operationName, extensions });
  const rest = Object.keys(others).length === 0 ? "{" : `${JSON.stringify(others).slice(0, -1)},`;
  return `${head.slice(0, -1)},"variables":${rest}"representations":${representationsText}}}`;
}

function headersFor({ identity, correlationId, traceparent }: RequestContext): Record<string, string> {
  return {
    "content-type": "application/json",
    accept: "application/json",
    [correlationHeader]: correlationId,
    ...(traceparent === undefined ? {} : { [traceparentHeader]: traceparent }),
    ...(identity.token ? { authorization: `Bearer ${identity.token}` } : {}),
  };
}

/** Any status below 500 may carry GraphQL errors worth passing on: 400, 401, 413. */
function readAnswer({ statusCode, text }: Reply): OperationResult {
  if (statusCode >= 500) throw new Error(`HTTP status ${statusCode}`);
  const answer: unknown = JSON.parse(text);
  const isUnsigned = isOperationResult(answer) && answer.errors?.[0]?.extensions?.["code"] === "CALLER_UNSIGNED";
  // Between the two of us: the caller has done nothing wrong.
  if (isUnsigned) throw new Error(answer.errors?.[0]?.message);
  if (!isOperationResult(answer)) throw new Error(`HTTP status ${statusCode} without a GraphQL answer`);
  return answer;
}

/** As lenient as stock data sources are: `errors: null` is none, and null may be all the data there is. */
function isOperationResult(value: unknown): value is OperationResult {
  if (typeof value !== "object" || value === null) return false;
  const { data, errors = null } = value as { data?: unknown; errors?: unknown };
  if (errors !== null) return Array.isArray(errors) && errors.every((e) => typeof e === "object" && e !== null);
  return typeof data === "object";
}

const resets = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

function isReset(error: unknown): boolean {
  return error instanceof Error && resets.has((error as NodeJS.ErrnoException).code ?? "");
}
