/**
 * `POST /intake/FORMAT`: a partner's document, read as it arrives and sent through the API, answered with a receipt.
 *
 * For connectors only; what each of them may report is decided, as always, by the subgraph that owns it. Not a
 * transaction: each message is one, and the same document sent again changes nothing.
 */
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import type { ApolloServer } from "@apollo/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type DocumentOptions, type Items, openFormat } from "../intake/documents.ts";
import type { Api } from "../intake/mutations.ts";
import { createReceiving, type Receipt } from "../intake/receive.ts";
import type { Clock } from "../shared/clock.ts";
import { AppError, type ErrorCode, errorTable } from "../shared/errors.ts";
import type { Authenticator, Identity, Role } from "../shared/identity.ts";
import { limits } from "../shared/limits.ts";
import type { Logger } from "../shared/logging.ts";
import type { OperationContext } from "./context.ts";
import { discardBody } from "./http.ts";

export interface IntakeRouteParts {
  readonly server: ApolloServer<OperationContext>;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly log: Logger;
}

const senders: readonly Role[] = ["connector-erp", "connector-wms", "admin"];

export function addIntakeRoute(http: FastifyInstance, { server, authenticator, clock, log }: IntakeRouteParts): void {
  // A scope of its own: elsewhere a body is text of a known type, here it is bytes of any.
  http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, body, done) => done(null, body));

    scope.post("/intake/:format", async (request, reply) => {
      const receiving: { receipt: (() => Receipt) | null } = { receipt: null };
      try {
        const identity = await authorize(authenticator, request);
        assertLength(request);
        const items = openFormat(toOptions(request), clock.now());
        return await receive(items, createApi(server, identity, request.id), receiving, request, reply);
      } catch (error) {
        const refusal = refusalOf(error);
        if (!refusal) throw error;
        log.info({ correlationId: request.id, code: refusal.code }, "document refused");
        await discardBody(request.raw);
        const receipt = receiving.receipt ? { receipt: receiving.receipt() } : {};
        const errors = [{ message: refusal.message, extensions: { code: refusal.code } }];
        return reply.status(statusOf(refusal.code)).send({ errors, ...receipt });
      }
    });
  });
}

async function receive(
  items: Items,
  api: Api,
  progress: { receipt: (() => Receipt) | null },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const receiving = createReceiving(api);
  progress.receipt = receiving.receipt;
  await receiving.run(items(received(request.raw)));
  const receipt = receiving.receipt();
  const taken = receipt.accepted + receipt.duplicate + receipt.acknowledged > 0 || receipt.rejectedCount === 0;
  return reply.status(taken ? 200 : 422).send(receipt);
}

/** Fails with UNAUTHENTICATED, FORBIDDEN. */
async function authorize(authenticator: Authenticator, { headers }: FastifyRequest): Promise<Identity> {
  const identity = await authenticator.authenticate(headers.authorization);
  if (identity.person === null) throw new AppError("UNAUTHENTICATED");
  if (!senders.some((role) => identity.roles.has(role))) {
    throw new AppError("FORBIDDEN", { message: `Documents are taken from ${senders.join(", ")} only.` });
  }
  return identity;
}

/** Fails with PAYLOAD_TOO_LARGE, before anything of the document is read. */
function assertLength({ headers }: FastifyRequest): void {
  if (Number(headers["content-length"] ?? 0) > limits.intakeBodyBytesMax) throw tooLarge();
}

/**
 * The body, received at the speed of the line and held until it is wanted: a slow database must not look like a sender
 * who never finishes. Fails with PAYLOAD_TOO_LARGE where the length was not said beforehand; what is left of the body
 * then is left to whoever answers.
 */
function received(body: IncomingMessage): AsyncIterable<Uint8Array> {
  const held = new PassThrough({ highWaterMark: limits.intakeBodyBytesMax });
  const fill = async () => {
    let bytes = 0;
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      if (bytes > limits.intakeBodyBytesMax) throw tooLarge();
      held.write(chunk);
    }
    held.end();
  };
  fill().catch((error: unknown) => {
    const message = "The body broke off: what came before counts.";
    held.destroy(error instanceof AppError ? error : new AppError("BAD_USER_INPUT", { message }, { cause: error }));
  });
  return held;
}

function tooLarge(): AppError {
  const message = `At most ${limits.intakeBodyBytesMax} bytes are taken at once: send larger files with npm run intake.`;
  return new AppError("PAYLOAD_TOO_LARGE", { message });
}

function toOptions({ params, query }: FastifyRequest): DocumentOptions {
  return { ...(query as Record<string, string>), format: (params as { format: string }).format };
}

/** The API as this caller sees it, asked without leaving the process. */
function createApi(server: ApolloServer<OperationContext>, identity: Identity, correlationId: string): Api {
  return {
    async request<T>(query: string, variables: Record<string, unknown> = {}) {
      const contextValue = { identity, correlationId };
      const { body } = await server.executeOperation({ query, variables }, { contextValue });
      if (body.kind !== "single") throw new AppError("INTERNAL");
      const { data, errors } = body.singleResult;
      const [error] = errors ?? [];
      if (!error && data != null) return data as T;
      const code = String(error?.extensions?.["code"] ?? "INTERNAL");
      throw new AppError(isCode(code) ? code : "INTERNAL", error ? { message: error.message } : {});
    },
  };
}

function isCode(code: string): code is ErrorCode {
  return code in errorTable;
}

/** What the sender is told; undefined for a defect of ours. */
function refusalOf(error: unknown): AppError | undefined {
  return error instanceof AppError && error.code !== "INTERNAL" ? error : undefined;
}

function statusOf(code: ErrorCode): number {
  const statuses: Partial<Record<ErrorCode, number>> = { UNAUTHENTICATED: 401, FORBIDDEN: 403, PAYLOAD_TOO_LARGE: 413 };
  return statuses[code] ?? (errorTable[code].retryable ? 503 : 400);
}
