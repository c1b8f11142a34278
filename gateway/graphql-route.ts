/**
 * `/graphql` over HTTP: the short way where it has an answer, Apollo Server for everything else.
 *
 * A body is looked at as text first, because a reply that is kept for that text needs no parsing. What Apollo Server
 * decides is not decided here again: whoever asks in an unusual way is passed on unchanged, and which type a reply has
 * for which `accept` is learnt from what Apollo Server answered.
 */
import type { ApolloServer } from "@apollo/server";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Authenticator } from "../shared/identity.ts";
import type { Logger } from "../shared/logging.ts";
import type { Entrance } from "./admission/entrance.ts";
import type { Till } from "./admission/rate-limit.ts";
import type { KeptReply } from "./cache/response-cache.ts";
import { sendConditionally } from "./conditional-get.ts";
import type { OperationContext } from "./context.ts";
import type { OperationWatch } from "./gateway-metrics.ts";
import { questionOf, questionOfUrl, type TextOf } from "./graphql-question.ts";
import { sendRefusal } from "./refusal.ts";
import type { TraceOf } from "./request-traces.ts";
import type { Question, ShortPath } from "./short-path.ts";
import { createPaidContext, createTills, type Tills } from "./tills.ts";

export interface GraphqlRouteParts extends Entrance {
  readonly server: ApolloServer<OperationContext>;
  readonly authenticator: Authenticator;
  readonly log: Logger;
  /** Null: Apollo Server answers everything. */
  readonly shortPath: ShortPath | null;
  readonly watch: OperationWatch;
  readonly traceOf: TraceOf;
}

export function addGraphqlRoute(http: FastifyInstance, parts: GraphqlRouteParts): void {
  const { authenticator, shortPath, gate, watch, traceOf } = parts;
  const tills = parts.rates && createTills(parts.rates, parts.proxies);
  const types = createKnownTypes();
  const askLong = createLongWay(http, parts, tills, types);
  const parseBody = createBodyParser(http);
  keepBodiesAsText(http);

  /** `source`: the request as text. Null: it takes the long way. */
  function askShort(request: FastifyRequest, reply: FastifyReply, source: string, read: () => Question | null) {
    const startedAt = performance.now();
    const type = types.of(request.headers.accept);
    const identity = authenticator.known(request.headers.authorization);
    if (!shortPath || !type || !identity || request.headers[planHeader] !== undefined) return null;
    const till = tills?.open(request, identity);
    const pays = till ? till.pays : freely;
    const { traceparent, span } = traceOf(request);
    const asker = { identity, correlationId: request.id, traceparent, span, pays };
    const kept = shortPath.kept(source, asker);
    if (kept) {
      watch.kept(performance.now() - startedAt);
      return send(reply, type, kept, till);
    }
    const question = read();
    const answer = question && shortPath.answer(source, question, asker);
    if (!answer) return null;
    const sendNew = (made: KeptReply) => {
      watch.short(performance.now() - startedAt);
      return send(reply, type, made, till);
    };
    if (!("then" in answer)) return sendNew(answer);
    return gate.within(answer).then((later) => (later ? sendNew(later) : askLong(request, reply)));
  }

  /** Before the body is read. */
  function onRequest(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    if (gate.overloaded) sendRefusal(reply, gate.refusal());
    else done();
  }

  const textOf: TextOf = (sha256) => shortPath?.textOf(sha256);
  http.get("/graphql", { onRequest, onSend: sendConditionally }, (request, reply) => {
    // Another site's page can send none of these unasked.
    const isPreflighted = preflightHeaders.some((name) => request.headers[name]);
    const short = isPreflighted && askShort(request, reply, request.url, () => questionOfUrl(request.query, textOf));
    return short || askLong(request, reply);
  });
  http.post("/graphql", { onRequest }, (request, reply) => {
    const source = request.body;
    // Only JSON comes as text: see the parsers above.
    if (typeof source !== "string") return askLong(request, reply);
    const short = askShort(request, reply, source, () => {
      request.body = parseBody(request, source);
      return questionOf(request.body, textOf);
    });
    if (short) return short;
    if (request.body === source) request.body = parseBody(request, source);
    return askLong(request, reply);
  });
}

/** By Apollo Server; what it answers is paid for when it is known what that was. */
function createLongWay(http: FastifyInstance, parts: GraphqlRouteParts, tills: Tills | null, types: KnownTypes) {
  const ask = fastifyApolloHandler(parts.server, { context: (request) => createPaidContext(parts, tills, request) });

  async function askServer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const payload = await ask.call(http, request as never, reply as never);
    const till = tills?.of(request);
    till?.close();
    if (till) reply.headers(till.headers);
    if (reply.statusCode === 200) types.learn(request.headers.accept, reply.getHeader("content-type"));
    return payload;
  }

  return (request: FastifyRequest, reply: FastifyReply) => parts.gate.within(askServer(request, reply));
}

function keepBodiesAsText(http: FastifyInstance): void {
  http.removeContentTypeParser("text/plain");
  // The body of a plain form is nobody's: Apollo Server says so.
  http.addContentTypeParser("text/plain", { parseAs: "string" }, (_request, _body, done) => done(null, undefined));
  http.removeContentTypeParser("application/json");
  http.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => done(null, body));
}

const preflightHeaders = ["apollo-require-preflight", "x-apollo-operation-name"];

/** Asks for the plan beside the answer. */
const planHeader = "apollo-query-plan-experimental";

const freely = () => true;

function send(reply: FastifyReply, type: string, { bytes }: KeptReply, till: Till | undefined): FastifyReply {
  if (till) reply.headers(till.headers);
  return reply.header("content-type", type).send(bytes);
}

/** Fastify's own parser with Fastify's own refusals, but when it is wanted. */
function createBodyParser(http: FastifyInstance): (request: FastifyRequest, text: string) => unknown {
  const parse = http.getDefaultJsonParser("error", "error");
  return (request, text) => {
    let parsed: unknown;
    let problem: Error | null = null;
    parse(request, text, (error, value) => {
      problem = error;
      parsed = value;
    });
    if (problem) throw problem;
    return parsed;
  };
}

const knownTypesMax = 100;

type KnownTypes = ReturnType<typeof createKnownTypes>;

/** Which type a reply has for which `accept`, by what was answered before. */
function createKnownTypes() {
  const types = new Map<string, string>();
  return {
    of: (accept: string | undefined) => types.get(accept ?? ""),
    learn(accept: string | undefined, type: unknown): void {
      if (typeof type !== "string" || (types.size >= knownTypesMax && !types.has(accept ?? ""))) return;
      types.set(accept ?? "", type);
    },
  };
}
