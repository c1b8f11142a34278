/**
 * A small GraphQL client over HTTP, for programs that use the public API as any other client does.
 *
 * Tries again when the answer is that trying again may help: no connection, 502/503/504, and top-level errors that the
 * error table calls retryable. That is safe for mutations because every one carries an idempotency key. User errors
 * are part of the data and are the caller's business.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, errorTable } from "../errors.ts";

export interface ApiClient {
  /** The reply's `data`. Fails with ApiError; with SOURCE_UNAVAILABLE when nobody answers. */
  request<T>(document: string, variables?: Record<string, unknown>): Promise<T>;
}

export interface ApiClientOptions {
  /** The whole address, e.g. `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** Sent as a bearer token; without it the caller is anonymous. */
  readonly token?: string;
  /** How often a request is sent at most; 1 never tries again. Default 6. */
  readonly attemptsMax?: number;
  /** One attempt's deadline. Default 60 s. */
  readonly timeoutMs?: number;
  /** For tests: the network and the waiting. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly wait?: (ms: number) => Promise<void>;
}

export interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string; readonly [key: string]: unknown };
}

/** The server answered with top-level errors. */
export class ApiError extends Error {
  readonly code: string;
  readonly errors: readonly GraphqlError[];

  constructor(errors: readonly GraphqlError[]) {
    const [first] = errors;
    super(first?.message ?? "The server answered without data and without errors.");
    this.name = "ApiError";
    this.code = first?.extensions?.code ?? "INTERNAL";
    this.errors = errors;
  }
}

const backoffMs = 200;
const backoffMaxMs = 5_000;

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { url, token, attemptsMax = 6, timeoutMs = 60_000, wait = sleep, fetch: send = fetch } = options;
  const headers = {
    "content-type": "application/json",
    accept: "application/json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };

  async function attempt<T>(body: string): Promise<T> {
    let response: Response;
    let text: string;
    try {
      response = await send(url, { method: "POST", headers, body, signal: AbortSignal.timeout(timeoutMs) });
      text = await response.text();
    } catch (cause) {
      throw new AppError("SOURCE_UNAVAILABLE", { message: `${url} does not answer: ${reasonOf(cause)}.` }, { cause });
    }
    const reply = parseReply<T>(text);
    if (!reply) {
      const message = `${url} answered ${response.status} and no GraphQL reply.`;
      throw new AppError(isGatewayFailure(response.status) ? "SOURCE_UNAVAILABLE" : "INTERNAL", { message });
    }
    if (reply.errors?.length || reply.data == null) throw new ApiError(reply.errors ?? []);
    return reply.data;
  }

  return {
    async request<T>(document: string, variables: Record<string, unknown> = {}) {
      const body = JSON.stringify({ query: document, variables });
      for (let attempts = 1; ; attempts++) {
        try {
          return await attempt<T>(body);
        } catch (error) {
          if (attempts >= attemptsMax || !mayHelp(error)) throw error;
          await wait(Math.min(backoffMaxMs, backoffMs * 2 ** (attempts - 1)));
        }
      }
    },
  };
}

interface Reply<T> {
  readonly data?: T | null;
  readonly errors?: readonly GraphqlError[];
}

function parseReply<T>(text: string): Reply<T> | undefined {
  try {
    const reply: unknown = JSON.parse(text);
    const isReply = reply !== null && typeof reply === "object" && ("data" in reply || "errors" in reply);
    return isReply ? (reply as Reply<T>) : undefined;
  } catch {
    return undefined;
  }
}

function isGatewayFailure(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** One error that trying again cannot help is enough to stop. */
function mayHelp(error: unknown): boolean {
  if (error instanceof AppError) return error.row.retryable;
  return error instanceof ApiError && error.errors.length > 0 && error.errors.every(isRetryable);
}

function isRetryable({ extensions }: GraphqlError): boolean {
  const rows: Readonly<Record<string, { readonly retryable: boolean } | undefined>> = errorTable;
  return rows[extensions?.code ?? ""]?.retryable === true;
}

/** `fetch` hides what happened in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
  return error.message;
}
