/**
 * The gateway: one GraphQL API over all subgraphs, wherever they run.
 *
 * Composes at start (or reads a composed supergraph), then listens; what does not compose never listens. Stops by
 * finishing the requests under way, within a limit. Imports no subgraph and holds no rule of the business.
 */
import type { ApolloServer } from "@apollo/server";
import type { Clock } from "../shared/clock.ts";
import type { Config } from "../shared/config.ts";
import { AppError } from "../shared/errors.ts";
import type { Authenticator } from "../shared/identity.ts";
import type { Part } from "../shared/lifecycle.ts";
import { limits } from "../shared/limits.ts";
import type { Logger } from "../shared/logging.ts";
import type { EventLog } from "../shared/messaging/bus.ts";
import type { OperationContext } from "./context.ts";
import type { Deadlines } from "./data-source.ts";
import type { Endpoint, LocalSubgraph } from "./endpoints.ts";
import { checkHealth, type ReadyCheck } from "./health.ts";
import { createHttp } from "./http.ts";
import { createErrorMasking } from "./plugins/error-masking.ts";
import { addRoutes } from "./routes.ts";
import { createServer } from "./server.ts";
import type { Hub } from "./subscriptions/hub.ts";
import { type Subscriptions, startSubscriptions } from "./subscriptions/subscriptions.ts";
import { createSupergraph } from "./supergraph.ts";

export interface GatewayParts {
  readonly config: Pick<Config, "host" | "port" | "production" | "introspection" | "supergraphFile" | "shortPath">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly authenticator: Authenticator;
  readonly endpoints: readonly Endpoint[];
  /** What subscribers are told; null: there are no subscriptions here. */
  readonly changes?: EventLog | null;
  /** What else in this process must answer before the gateway counts as ready. */
  readonly readyChecks?: readonly ReadyCheck[];
  readonly deadlines?: Deadlines;
  readonly drainMs?: number;
}

export interface Gateway extends Part {
  /** Fails with COMPOSITION_FAILED, CONFIG_INVALID. */
  start(): Promise<void>;
  /** Where the API is, once started. */
  url(): string;
  /** Resolves when the gateway can answer; fails with the reason. */
  ready(): Promise<void>;
  /** What tells subscribers, once started; null where there is nothing to tell them from. */
  hub(): Hub | null;
}

const defaultDeadlines: Deadlines = { queryMs: limits.subgraphQueryMs, mutationMs: limits.subgraphMutationMs };

export function createGateway(parts: GatewayParts): Gateway {
  const { config, clock, authenticator, endpoints, changes = null, readyChecks = [], drainMs = limits.drainMs } = parts;
  const log = parts.log.child({ part: "gateway" });
  const deadlines = parts.deadlines ?? defaultDeadlines;
  const masking = createErrorMasking(log);
  const supergraph = createSupergraph({
    endpoints,
    supergraphFile: config.supergraphFile,
    introspection: config.introspection,
    shortPath: config.shortPath,
    deadlines,
    clock,
    log,
  });
  const http = createHttp(log);
  let subscriptions: Subscriptions | undefined;
  let server: ApolloServer<OperationContext> | undefined;
  let address = "";
  let stopping: Promise<void> | undefined;

  const checkReady = () => checkHealth({ local: readyChecks, remote: supergraph.remote, log });

  async function startAll() {
    const { executor, planner } = await supergraph.compose();
    const next = createServer({ supergraph: executor, config, clock, log, masking });
    await next.start();
    server = next;
    const shared = { authenticator, masking, clock, log };
    const direct = planner && { planner, local: localOf(endpoints), deadlineMs: deadlines.queryMs };
    subscriptions = await startSubscriptions({ ...shared, http: http.server, server, changes, direct });
    addRoutes(http, { server, authenticator, log, checkReady, graphiql: config.introspection });
    address = await http.listen({ host: config.host, port: config.port });
  }

  async function stopAll() {
    const cut = setTimeout(() => http.server.closeAllConnections(), drainMs);
    // A connection kept alive by a request that has just finished would be waited for like one under way.
    const sweep = setInterval(() => http.server.closeIdleConnections(), 20);
    try {
      await subscriptions?.stop(drainMs);
      await http.close();
      await server?.stop();
    } finally {
      clearTimeout(cut);
      clearInterval(sweep);
      await supergraph.close();
    }
  }

  const gateway: Gateway = {
    name: "gateway",
    url: () => `${address}/graphql`,
    hub: () => subscriptions?.hub ?? null,
    start: () =>
      startAll().catch(async (error) => {
        await gateway.stop();
        throw error;
      }),
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
    async ready() {
      const { status, parts: states } = await checkReady();
      if (address !== "" && stopping === undefined && status === "ready") return;
      throw new AppError("SOURCE_UNAVAILABLE", { message: `The gateway is not ready: ${JSON.stringify(states)}` });
    },
  };
  return gateway;
}

function localOf(endpoints: readonly Endpoint[]): ReadonlyMap<string, LocalSubgraph> {
  return new Map(endpoints.flatMap((e) => ("local" in e ? [[e.name, e.local] as const] : [])));
}
