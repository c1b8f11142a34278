/**
 * Small subgraphs and gateways for tests of the gateway: a catalogue and its stock, in this process or behind HTTP.
 *
 * A subgraph behind HTTP remembers what it was sent and can be told to misbehave; it can leave and come back on its
 * port. Everything started here is stopped by `stopAll`, to be called after each test.
 */
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import type { Deadlines } from "../../gateway/data-source.ts";
import type { Endpoint, LocalSubgraph } from "../../gateway/endpoints.ts";
import { createGateway, type Gateway, type GatewayParts } from "../../gateway/gateway.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Doors } from "../../shared/config.ts";
import type { OperationRequest } from "../../shared/graphql/execute.ts";
import { createOperations } from "../../shared/graphql/operations.ts";
import { createSubgraphSchema, type Resolvers } from "../../shared/graphql/schema.ts";
import { type AuthConfig, anonymous, createAuthenticator, issueToken, type Role } from "../../shared/identity.ts";
import { type Logger, silentLogger } from "../../shared/logging.ts";
import { createMetrics } from "../../shared/metrics/metrics.ts";
import { switches } from "./switches.ts";

const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@listSize"])`;

/** A subgraph that anybody may ask for anything. `tagged`: see `SchemaParts`. */
export function createTestSubgraph(
  sdl: string,
  resolvers: Resolvers,
  log: Logger = silentLogger,
  tagged: ReadonlySet<string> = new Set(),
): LocalSubgraph {
  const full = `${federation}\n${sdl}`;
  const rootFields = ["Query", "Mutation", "Subscription"].flatMap((type) =>
    Object.keys(resolvers[type] ?? {}).map((field) => [`${type}.${field}`, "anyone" as const]),
  );
  const schema = createSubgraphSchema({ sdl: full, resolvers, tagged, access: Object.fromEntries(rootFields) });
  return { sdl: full, ...createOperations(schema, log, () => ({})) };
}

export interface Received {
  readonly headers: FastifyRequest["headers"];
  readonly operation: OperationRequest;
}

export interface ServedSubgraph {
  readonly url: string;
  readonly received: Received[];
  /** Answers in the subgraph's place while set. */
  misbehave: ((reply: FastifyReply, received: Received) => unknown) | null;
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}

export async function serveTestSubgraph(subgraph: LocalSubgraph): Promise<ServedSubgraph> {
  const received: Received[] = [];
  let http = listenOn();
  const address = await http.listen({ port: 0, host: "127.0.0.1" });

  function listenOn() {
    const server = Fastify({ forceCloseConnections: true });
    server.post("/graphql", async (request, reply) => {
      const entry = { headers: request.headers, operation: request.body as OperationRequest };
      received.push(entry);
      if (served.misbehave) return served.misbehave(reply, entry);
      return subgraph.execute(entry.operation, {
        identity: anonymous,
        correlationId: String(request.headers["x-correlation-id"]),
      });
    });
    return server;
  }

  const served: ServedSubgraph = {
    url: `${address}/graphql`,
    received,
    misbehave: null,
    leave: async () => {
      await http.close();
    },
    comeBack: async () => {
      http = listenOn();
      await http.listen({ port: Number(new URL(address).port), host: "127.0.0.1" });
    },
  };
  running.push(() => http.close());
  return served;
}

export const testAuth: AuthConfig = {
  secret: "test-secret-test-secret",
  jwksUrl: null,
  issuer: "test",
  audience: "test",
};

export function testToken(person: string, ...roles: Role[]): Promise<string> {
  return issueToken(testAuth, { person, roles }, systemClock);
}

export interface TestGatewayOptions
  extends Partial<
    Pick<GatewayParts, "log" | "readyChecks" | "drainMs" | "changes" | "clock" | "load" | "authenticator" | "tracing">
  > {
  readonly deadlines?: Deadlines;
  readonly production?: boolean;
  readonly introspection?: boolean;
  readonly supergraphFile?: string;
  readonly shortPath?: boolean;
  readonly cache?: boolean;
  readonly doors?: Partial<Doors>;
  readonly redisUrl?: string;
  readonly redisPrefix?: string;
  readonly metricsToken?: string;
}

/** Where nobody is counted and everybody comes in. */
export const openDoors: Doors = {
  rateLimit: null,
  proxies: 0,
  corsOrigins: [],
  https: false,
  trustedDocumentsFile: null,
};

const local = { host: "127.0.0.1", port: 0 };

/** `SHORT_PATH=off npx vitest run …` tests the other way. */
const isOff = (name: string) => switches[name] === "off";

export async function startTestGateway(
  endpoints: readonly Endpoint[],
  options: TestGatewayOptions = {},
): Promise<Gateway> {
  const {
    production = false,
    introspection = true,
    shortPath = !isOff("SHORT_PATH"),
    cache = !isOff("CACHE"),
    redisUrl = null,
    redisPrefix = "",
    metricsToken = null,
    ...rest
  } = options;
  const doors = { ...openDoors, ...options.doors };
  const supergraphFile = rest.supergraphFile ?? null;
  const gateway = createGateway({
    config: {
      ...local,
      production,
      introspection,
      supergraphFile,
      shortPath,
      cache,
      redisUrl,
      redisPrefix,
      doors,
      metricsToken,
      stopNoticeMs: 0,
    },
    metrics: createMetrics(),
    clock: systemClock,
    log: silentLogger,
    authenticator: createAuthenticator(testAuth, systemClock),
    endpoints,
    ...rest,
  });
  running.push(() => gateway.stop());
  await gateway.start();
  return gateway;
}

const running: (() => Promise<unknown>)[] = [];

export async function stopAll(): Promise<void> {
  for (const stop of running.splice(0).reverse()) await stop();
}

export interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test knows the shape of what it asked for.
  readonly data: any;
  readonly errors: readonly GraphqlError[];
}

/** One operation by POST. */
export function ask(
  gateway: Gateway,
  query: string,
  variables: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  return send(gateway.url(), {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
}

export async function send(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  const body = isJson ? JSON.parse(text) : {};
  return { status: response.status, headers: response.headers, text, data: body.data, errors: body.errors ?? [] };
}

/** A logger whose lines a test can read. */
export function recordingLogger(): {
  log: Logger;
  lines: { level: string; message: string; fields: Record<string, unknown> }[];
} {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...fields } });
  };
  const log: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => log };
  return { log, lines };
}
