/**
 * A subgraph as a process of its own: GraphQL over HTTP for the gateway, and health for whoever watches.
 *
 * Answers whom its gateway vouches for with a signature, and nobody because of where a call comes from. With
 * SIGNED_IDENTITY=off, behind a gateway that signs nothing, it checks the bearer token itself.
 */
import type { IncomingHttpHeaders } from "node:http";
import Fastify, { type FastifyInstance } from "fastify";
import type { Config } from "../config.ts";
import { readEnv, toConfig } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Identity } from "../identity.ts";
import { createKernel, type Kernel } from "../kernel.ts";
import { type Leaving, prepareLeaving } from "../leaving.ts";
import { createLifecycle, type Lifecycle, runMain, stopOnSignal } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import { createLogger } from "../logging.ts";
import { serveMetrics } from "../metrics/serve-metrics.ts";
import { createIdentityReader, identityHeader } from "../signed-identity.ts";
import { parseTraceparent, traceparentHeader } from "../traceparent.ts";
import { within } from "../tracing.ts";
import { correlationIdOf, echoCorrelationId } from "./correlation.ts";
import type { OperationRequest } from "./execute.ts";
import type { Subgraph } from "./subgraph.ts";

export interface SubgraphServer extends Lifecycle {
  /** Where it listens, once started. */
  url(): string;
}

export async function createSubgraphServer(
  config: Config,
  create: (kernel: Kernel) => Promise<Subgraph>,
): Promise<SubgraphServer> {
  const kernel = await createKernel(config);
  const subgraph = await create(kernel);
  const { http, leaving } = createHttp(kernel, subgraph);
  let address = "";
  const lifecycle = createLifecycle(
    [
      { name: "kernel", start: async () => {}, stop: () => kernel.close() },
      ...subgraph.consumers,
      ...subgraph.publishers,
      {
        name: "http",
        start: async () => {
          address = await http.listen({ host: config.host, port: config.port });
        },
        stop: async () => {
          await leaving.giveNotice();
          await leaving.close(limits.drainMs);
        },
      },
    ],
    kernel.log,
  );
  return { ...lifecycle, url: () => `${address}/graphql` };
}

/** The whole life of a subgraph's process. `defaultPort` where PORT is not set. */
export function runSubgraph(defaultPort: number, create: (kernel: Kernel) => Promise<Subgraph>): void {
  runMain(async () => {
    const config = toConfig({ PORT: String(defaultPort), DEMO: "off", ...readEnv() });
    if (!config.redisUrl) {
      throw new AppError("CONFIG_INVALID", {
        message: "REDIS_URL is needed for a subgraph alone: nobody would hear of its events.",
      });
    }
    const server = await createSubgraphServer(config, create);
    stopOnSignal(server, createLogger(config.logLevel), config);
    await server.start();
    process.stdout.write(`ready ${server.url()}\n`);
  });
}

function createHttp(kernel: Kernel, subgraph: Subgraph): { http: FastifyInstance; leaving: Leaving } {
  const http = Fastify({
    bodyLimit: limits.bodyBytesMax * 4,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    genReqId: correlationIdOf,
  });
  const leaving = prepareLeaving(http, kernel.config.stopNoticeMs);
  echoCorrelationId(http);
  const identify = createIdentify(kernel, subgraph.name);

  http.post("/graphql", async (request, reply) => {
    let identity: Identity;
    try {
      identity = await identify(request.headers);
    } catch (error) {
      const { code, message } = error instanceof AppError ? error : new AppError("INTERNAL");
      const status = code === "IDENTITY_UNAVAILABLE" ? 503 : 401;
      return reply.status(status).send({ errors: [{ message, extensions: { code } }] });
    }
    const parent = parseTraceparent(request.headers[traceparentHeader]);
    return within(kernel.tracing, [`${subgraph.name} answers`, "server", parent], (traceparent) =>
      subgraph.execute(request.body as OperationRequest, { identity, correlationId: request.id, traceparent }),
    );
  });
  serveMetrics(http, kernel.metrics, kernel.config);
  http.get("/healthz", async () => ({ status: "ok" }));
  http.get("/readyz", async (_request, reply) => {
    if (leaving.hasBegun) return reply.status(503).send({ status: "stopping" });
    try {
      await subgraph.ready();
      return { status: "ready" };
    } catch (error) {
      kernel.log.warn({ error }, "not ready");
      return reply.status(503).send({ status: "not ready" });
    }
  });
  return { http, leaving };
}

function createIdentify({ config, authenticator, clock }: Kernel, name: string) {
  const read = createIdentityReader(config.internalSecrets, name, clock);
  return async (headers: IncomingHttpHeaders): Promise<Identity> => {
    if (!config.signedIdentity) return authenticator.authenticate(headers.authorization);
    const signed = headers[identityHeader];
    return read(typeof signed === "string" ? signed : undefined);
  };
}
