/**
 * Any supergraph behind our gateway and behind stock `@apollo/gateway`: the same questions, the same replies.
 *
 * Subgraphs are small HTTP servers of their own. What is ours on purpose, the shape of errors, is normalised here and
 * nowhere else; everything else is compared byte for byte. Everything started is stopped before `askAll` returns.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApolloGateway } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { type ExecutionResult, graphql, parse } from "graphql";
import { composeSupergraph } from "../../gateway/compose.ts";
import { createGateway } from "../../gateway/gateway.ts";
import { systemClock } from "../../shared/clock.ts";
import { silenceTelemetry } from "../../shared/config.ts";
import { errorTable } from "../../shared/errors.ts";
import { createAuthenticator } from "../../shared/identity.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createMetrics } from "../../shared/metrics/metrics.ts";
import { openDoors, testAuth } from "./gateways.ts";

export interface Question {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: resolvers of many argument types.
type Resolvers = Record<string, Record<string, any>>;

export interface OwnerParts {
  readonly sdl: string;
  readonly resolvers?: Resolvers;
  /** Answers in the schema's place, for what no honest subgraph says. */
  readonly answer?: (question: Question) => unknown;
  /** Nobody listens there. */
  readonly down?: boolean;
}

export interface StockCase {
  readonly subgraphs: Readonly<Record<string, OwnerParts>>;
  readonly questions: readonly (string | Question)[];
}

export interface Replies {
  readonly question: Question;
  readonly stock: string;
  /** Of our gateway, by SHORT_PATH. */
  readonly on: string;
  readonly off: string;
}

const imports = [
  ...["@key", "@shareable", "@external", "@requires", "@provides", "@override", "@inaccessible", "@tag"],
  ...["@interfaceObject", "@extends"],
];

/** A schema of federation 2. */
export function fed2(sdl: string): string {
  const names = imports.map((name) => `"${name}"`).join(", ");
  return `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: [${names}])\n${sdl}`;
}

/** The bodies of all replies to every question, errors normalised. */
export async function askAll({ subgraphs, questions }: StockCase): Promise<Replies[]> {
  silenceTelemetry();
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const services = [];
    for (const [name, parts] of Object.entries(subgraphs)) {
      const { url, close } = await serveOwner(parts);
      if (parts.down) await close();
      else closing.push(close);
      services.push({ name, sdl: parts.sdl, url });
    }
    const supergraphSdl = composeSupergraph(services);
    const stock = await startStock(supergraphSdl);
    const on = await startOurs(supergraphSdl, true);
    const off = await startOurs(supergraphSdl, false);
    closing.unshift(stock.close, on.close, off.close);
    const replies: Replies[] = [];
    for (const entry of questions) {
      const question = typeof entry === "string" ? { query: entry } : entry;
      const ask = async ({ url }: Running) => normalise(await post(url, question));
      replies.push({ question, stock: await ask(stock), on: await ask(on), off: await ask(off) });
    }
    return replies;
  } finally {
    for (const close of closing) await close();
  }
}

interface Running {
  readonly url: string;
  readonly close: () => Promise<unknown>;
}

async function startStock(supergraphSdl: string): Promise<Running> {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const gateway = new ApolloGateway({ supergraphSdl, logger: quiet });
  const server = new ApolloServer({ gateway, logger: quiet, includeStacktraceInErrorResponses: false });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: "127.0.0.1" } });
  return { url, close: () => server.stop() };
}

async function startOurs(supergraphSdl: string, shortPath: boolean): Promise<Running> {
  const dir = mkdtempSync(join(tmpdir(), "iag-stock-"));
  const supergraphFile = join(dir, "supergraph.graphql");
  writeFileSync(supergraphFile, supergraphSdl);
  const switches = { production: false, introspection: true, shortPath, cache: true };
  const elsewhere = { redisUrl: null, redisPrefix: "", metricsToken: null, doors: openDoors, stopNoticeMs: 0 };
  const config = { host: "127.0.0.1", port: 0, supergraphFile, ...switches, ...elsewhere };
  const gateway = createGateway({
    config,
    clock: systemClock,
    log: silentLogger,
    metrics: createMetrics(),
    authenticator: createAuthenticator(testAuth, systemClock),
    endpoints: [],
  });
  await gateway.start();
  rmSync(dir, { recursive: true });
  return { url: gateway.url(), close: () => gateway.stop() };
}

async function serveOwner({ sdl, resolvers = {}, answer }: OwnerParts): Promise<Running> {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: resolvers as never });
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const question = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Question;
      const body = answer ? answer(question) : await execute(question);
      response.setHeader("content-type", "application/json; charset=utf-8");
      response.end(JSON.stringify(body));
    });
  });

  function execute({ query, variables, operationName }: Question): Promise<ExecutionResult> {
    return graphql({ schema, source: query, variableValues: variables ?? null, operationName: operationName ?? null });
  }

  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`, close: () => closeHttp(http) };
}

function closeHttp(http: Server): Promise<void> {
  http.closeAllConnections();
  return new Promise((resolve) => http.close(() => resolve()));
}

async function post(url: string, question: Question): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(question),
  });
  return response.text();
}

interface ErrorShape {
  readonly message: string;
  readonly path?: readonly unknown[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/**
 * Of the whole reply only the errors are touched: an owner's error that says nothing is INTERNAL here, without its
 * text; an owner is named under `service`; and errors of several owners have no order.
 */
function normalise(text: string): string {
  const body = JSON.parse(text) as { errors?: ErrorShape[] };
  if (!body.errors) return text;
  const errors = body.errors.map(({ message, path, extensions = {} }) => {
    const { code, serviceName, service = serviceName, incidentId: _, stacktrace: __, ...details } = extensions;
    const isMasked = typeof code !== "string" || code.startsWith("GRAPHQL_") || masked.has(code);
    if (isMasked) return { message: errorTable.INTERNAL.message, path, service, code: "INTERNAL" };
    return { message, path, service, code, details };
  });
  return JSON.stringify({ ...body, errors: errors.map((error) => JSON.stringify(error)).sort() });
}

const masked = new Set(["INTERNAL", "INTERNAL_SERVER_ERROR", "DOWNSTREAM_SERVICE_ERROR"]);
