/**
 * A subgraph behind HTTP: pooled keep-alive connections, the caller's token and correlation id passed on.
 *
 * Whatever is not a GraphQL answer (refused, reset, 5xx, not JSON) is SOURCE_UNAVAILABLE with the reason as its cause.
 * A repeatable operation is sent once more after a reset, because a kept connection may just have been closed; nothing
 * else is repeated, and nothing is remembered: the next call tries again, so recovery needs no restart.
 */
import { type Dispatcher, Pool } from "undici";
import type { RequestContext } from "../shared/command.ts";
import { AppError } from "../shared/errors.ts";
import { correlationHeader } from "../shared/graphql/correlation.ts";
import type { OperationRequest, OperationResult } from "../shared/graphql/execute.ts";
import { limits } from "../shared/limits.ts";
import type { SubgraphClient } from "./endpoints.ts";

export interface RemoteClient extends SubgraphClient {
  close(): Promise<void>;
}

export function createRemoteClient(url: string): RemoteClient {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, {
    connections: limits.subgraphConnectionsMax,
    connect: { timeout: limits.subgraphConnectMs },
    maxResponseSize: limits.subgraphResponseBytesMax,
  });

  async function post(body: string, request: RequestContext, signal: AbortSignal): Promise<OperationResult> {
    const response = await pool.request({
      method: "POST",
      path: `${pathname}${search}`,
      headers: headersFor(request),
      body,
      signal,
    });
    return readAnswer(response);
  }

  return {
    async execute(operation, request, { signal, repeatable }) {
      const body = bodyOf(operation);
      try {
        return await post(body, request, signal).catch((error) => {
          if (!repeatable || !isReset(error)) throw error;
          return post(body, request, signal);
        });
      } catch (cause) {
        throw new AppError("SOURCE_UNAVAILABLE", {}, { cause });
      }
    },
    close: () => pool.destroy(),
  };
}

function bodyOf({ query, variables, operationName, extensions }: OperationRequest): string {
  return JSON.stringify({ query, variables, operationName, extensions });
}

function headersFor({ identity, correlationId }: RequestContext): Record<string, string> {
  return {
    "content-type": "application/json",
    accept: "application/json",
    [correlationHeader]: correlationId,
    ...(identity.token ? { authorization: `Bearer ${identity.token}` } : {}),
  };
}

/** Any status below 500 may carry GraphQL errors worth passing on: 400, 401, 413. */
async function readAnswer({ statusCode, body }: Dispatcher.ResponseData): Promise<OperationResult> {
  if (statusCode >= 500) {
    await body.dump();
    throw new Error(`HTTP status ${statusCode}`);
  }
  const answer: unknown = JSON.parse(await body.text());
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
