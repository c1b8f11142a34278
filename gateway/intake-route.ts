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
import { type DocumentOptions, openFormat } from "../intake/documents.ts";
import type { Api } from "../intake/mutations.ts";
import { createReceiving, type Receiving } from "../intake/receive.ts";
import type { Clock } from "../shared/clock.ts";
import { AppError, type ErrorCode, errorTable } from "../shared/errors.ts";
import { type Authenticator, anonymous, type Identity, type Role } from "../shared/identity.ts";
import { limits } from "../shared/limits.ts";
import type { Logger } from "../shared/logging.ts";
import { addressOf } from "./address.ts";
import type { Entrance } from "./admission/entrance.ts";
import { callerName, type Till } from "./admission/rate-limit.ts";
import type { OperationContext } from "./context.ts";
import { discardBody } from "./http.ts";
import { sendRefusal } from "./refusal.ts";

export interface IntakeRouteParts extends Entrance {
  readonly server: ApolloServer<OperationContext>;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly log: Logger;
}

const senders: readonly Role[] = ["connector-erp", "connector-wms", "admin"];

export function addIntakeRoute(http: FastifyInstance, parts: IntakeRouteParts): void {
  const { clock, log, gate } = parts;

  /** Before the body is read. */
  function onRequest(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    if (gate.overloaded) sendRefusal(reply, gate.refusal());
    else done();
  }

  async function take(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    let receiving: Receiving | undefined;
    try {
      const sender = await authorize(parts, request);
      assertLength(request);
      const read = openFormat(toOptions(request), clock.now());
      receiving = createReceiving(createApi(parts, sender, request));
      await receiving.run(read(received(request.raw)));
    } catch (error) {
      // A defect of ours is answered like everywhere.
      if (!(error instanceof AppError) || error.code === "INTERNAL") throw error;
      log.info({ correlationId: request.id, code: error.code }, "document refused");
      await discardBody(request.raw);
      return sendRefusal(reply, error, receiving ? { receipt: receiving.receipt() } : {});
    }
    const receipt = receiving.receipt();
    const taken = receipt.accepted + receipt.duplicate + receipt.acknowledged > 0 || receipt.rejectedCount === 0;
    return reply.status(taken ? 200 : 422).send(receipt);
  }

  // A scope of its own: elsewhere a body is text of a known type, here it is bytes of any.
  http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, body, done) => done(null, body));
    scope.post("/intake/:format", { onRequest }, (request, reply) => gate.within(take(request, reply)));
  });
}

/** Fails with UNAUTHENTICATED, FORBIDDEN. */
async function authorize(parts: IntakeRouteParts, request: FastifyRequest): Promise<Identity> {
  let identity: Identity;
  try {
    identity = await parts.authenticator.authenticate(request.headers.authorization);
  } catch (error) {
    // Whoever shows a token that is not valid pays as the address it comes from.
    tillOf(parts, anonymous, request)?.close();
    throw error;
  }
  if (identity.person === null) throw new AppError("UNAUTHENTICATED");
  if (!senders.some((role) => identity.roles.has(role))) {
    throw new AppError("FORBIDDEN", { message: `Documents are taken from ${senders.join(", ")} only.` });
  }
  return identity;
}

function tillOf({ rates, proxies }: Entrance, identity: Identity, request: FastifyRequest): Till | undefined {
  return rates?.open(callerName(identity, () => addressOf(request.raw, proxies)));
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

/** The API as this caller sees it, asked without leaving the process; each request is paid for like any other. */
function createApi(parts: IntakeRouteParts, identity: Identity, request: FastifyRequest): Api {
  return {
    async request<T>(query: string, variables: Record<string, unknown> = {}) {
      const till = tillOf(parts, identity, request);
      if (till?.empty) throw till.refusal();
      const contextValue: OperationContext = { identity, correlationId: request.id, own: true, till };
      const { body } = await parts.server.executeOperation({ query, variables }, { contextValue });
      if (body.kind !== "single") throw new AppError("INTERNAL");
      const { data, errors } = body.singleResult;
      const [error] = errors ?? [];
      if (!error && data != null) return data as T;
      const { code, retryAfterS } = error?.extensions ?? {};
      const details = { ...(error && { message: error.message }), ...(retryAfterS ? { retryAfterS } : {}) };
      throw new AppError(isCode(code) ? code : "INTERNAL", details);
    },
  };
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && code in errorTable;
}
