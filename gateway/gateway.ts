/**
 * The gateway: one GraphQL API over all subgraphs, wherever they run.
 *
 * Composes at start (or reads a composed supergraph), then listens; what does not compose never listens. Stops by
 * saying so, telling sockets to come back elsewhere, and finishing the requests under way, within a limit. Imports no subgraph and holds no rule of the business.
 */
import type { ApolloServer } from "@apollo/server";
import { tagsOf } from "../shared/cache/cache-tags.ts";
import type { Clock } from "../shared/clock.ts";
import type { Config } from "../shared/config.ts";
import { AppError } from "../shared/errors.ts";
import type { Authenticator } from "../shared/identity.ts";
import { type Leaving, prepareLeaving } from "../shared/leaving.ts";
import type { Part } from "../shared/lifecycle.ts";
import { limits } from "../shared/limits.ts";
import type { Logger } from "../shared/logging.ts";
import type { EventLog } from "../shared/messaging/bus.ts";
import type { Metrics } from "../shared/metrics/metrics.ts";
import type { SignIdentity } from "../shared/signed-identity.ts";
import { noTracing, type Tracing } from "../shared/tracing.ts";
import { createAdmissions } from "./admission/admissions.ts";
import { openEntrance } from "./admission/entrance.ts";
import type { LoadGateParts } from "./admission/load-gate.ts";
import { createOperationCosts } from "./admission/operation-costs.ts";
import { readTrustedDocuments } from "./admission/trusted-documents.ts";
import { type CacheCounters, createResponseCache, type ResponseCache } from "./cache/response-cache.ts";
import type { OperationContext } from "./context.ts";
import type { Deadlines } from "./data-source.ts";
import type { Endpoint, LocalSubgraph } from "./endpoints.ts";
import { readGateway, watchOperations } from "./gateway-metrics.ts";
import { checkHealth, type ReadyCheck, stoppingReport } from "./health.ts";
import { createHttp } from "./http.ts";
import { createErrorMasking } from "./plugins/error-masking.ts";
import { addRoutes } from "./routes.ts";
import { createServer } from "./server.ts";
import { createShortPath } from "./short-path.ts";
import type { ChangeWatcher, Hub } from "./subscriptions/hub.ts";
import { type Subscriptions, startSubscriptions } from "./subscriptions/subscriptions.ts";
import { createSupergraph, type Supergraph } from "./supergraph.ts";

export interface GatewayParts {
  readonly config: Pick<
    Config,
    | "host"
    | "port"
    | "production"
    | "introspection"
    | "supergraphFile"
    | "cache"
    | "shortPath"
    | "redisUrl"
    | "redisPrefix"
    | "doors"
    | "metricsToken"
    | "stopNoticeMs"
  >;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Absent: no spans are made. */
  readonly tracing?: Tracing;
  readonly authenticator: Authenticator;
  readonly endpoints: readonly Endpoint[];
  /** What subgraphs elsewhere are told of callers; absent: their tokens alone. */
  readonly sign?: SignIdentity;
  /** What subscribers are told; null: there are no subscriptions here. */
  readonly changes?: EventLog | null;
  /** What else in this process must answer before the gateway counts as ready. */
  readonly readyChecks?: readonly ReadyCheck[];
  readonly deadlines?: Deadlines;
  readonly drainMs?: number;
  /** How it is known that there is too much to do. */
  readonly load?: LoadGateParts;
}

export interface Gateway extends Part {
  /** Fails with COMPOSITION_FAILED, CONFIG_INVALID. */
  start(): Promise<void>;
  /** Where the API is, once started. */
  url(): string;
  /** Resolves when the gateway can answer; fails with the reason. */
  ready(): Promise<void>;
  /** What is kept of replies, counted; null where nothing is kept. */
  readonly cacheCounters: CacheCounters | null;
  /** What tells subscribers, once started; null where there is nothing to tell them from. */
  hub(): Hub | null;
}

const defaultDeadlines: Deadlines = { queryMs: limits.subgraphQueryMs, mutationMs: limits.subgraphMutationMs };

export function createGateway(parts: GatewayParts): Gateway {
  const { config, clock, authenticator, metrics, endpoints, changes = null, readyChecks = [] } = parts;
  const { deadlines = defaultDeadlines, drainMs = limits.drainMs, tracing = noTracing } = parts;
  const log = parts.log.child({ part: "gateway" });
  const masking = createErrorMasking(log);
  const cache = openCache(parts, () => subscriptions?.hub);
  const changed = (tags: readonly string[]) => cache?.drop(tags);
  const supergraph = createSupergraph({ ...parts, deadlines, log, changed });
  const watch = watchOperations(metrics);
  const { http, traceOf } = createHttp(log, config.doors, tracing);
  const leaving = prepareLeaving(http, config.stopNoticeMs);
  let subscriptions: Subscriptions | undefined;
  let server: ApolloServer<OperationContext> | undefined;
  let address = "";
  let entrance: Awaited<ReturnType<typeof openEntrance>> | undefined;
  let stopping: Promise<void> | undefined;

  const checkReady = async () =>
    leaving.hasBegun ? stoppingReport : checkHealth({ local: readyChecks, remote: supergraph.remote, log });

  async function startAll() {
    const { executor, planner, costs: table } = await supergraph.compose();
    const costs = createOperationCosts(table);
    const trusted = await readTrustedDocuments(config.doors.trustedDocumentsFile);
    const admissions = createAdmissions({ trusted });
    const next = createServer({ supergraph: executor, config, clock, log, masking, admissions, costs, trusted, watch });
    await next.start();
    server = next;
    const near = planner && { planner, local: localOf(endpoints), deadlineMs: deadlines.queryMs, clock, log };
    entrance = await openEntrance({ config, clock, log, load: parts.load, refused: watch.turnedAway });
    const callers = { ...entrance, authenticator, log };
    const shared = { ...callers, masking, clock, tracing, watcher: cache ? toWatcher(cache) : undefined };
    subscriptions = await startSubscriptions({ ...shared, http: http.server, server, changes, direct: near });
    const shortPath = near && createShortPath({ ...near, admissions, costs, cache });
    readGateway(metrics, { cache: cache?.counters ?? null, gate: entrance.gate, subscriptions });
    const paths = { metrics, config, clock, watch, traceOf, checkReady, graphiql: config.introspection };
    addRoutes(http, { ...callers, ...paths, server, shortPath });
    address = await http.listen({ host: config.host, port: config.port });
  }

  const gateway: Gateway = {
    name: "gateway",
    url: () => `${address}/graphql`,
    cacheCounters: cache?.counters ?? null,
    hub: () => subscriptions?.hub ?? null,
    start: () =>
      startAll().catch(async (error) => {
        await gateway.stop();
        throw error;
      }),
    stop() {
      stopping ??= stopAll({ leaving, subscriptions, server, entrance, supergraph }, drainMs);
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

interface Running {
  readonly leaving: Leaving;
  readonly subscriptions: Subscriptions | undefined;
  readonly server: ApolloServer<OperationContext> | undefined;
  readonly entrance: { stop(): Promise<void> } | undefined;
  readonly supergraph: Supergraph;
}

async function stopAll(
  { leaving, subscriptions, server, entrance, supergraph }: Running,
  drainMs: number,
): Promise<void> {
  try {
    await leaving.giveNotice();
    await subscriptions?.stop(drainMs);
    await leaving.close(drainMs);
    await server?.stop();
  } finally {
    await entrance?.stop();
    await supergraph.close();
  }
}

function localOf(endpoints: readonly Endpoint[]): ReadonlyMap<string, LocalSubgraph> {
  return new Map(endpoints.flatMap((e) => ("local" in e ? [[e.name, e.local] as const] : [])));
}

/** Null: nothing is kept. Without a log of changes nobody would say when a reply is old. */
function openCache({ config, changes, clock }: GatewayParts, hub: () => Hub | null | undefined): ResponseCache | null {
  if (!config.cache || !config.shortPath || !changes) return null;
  const trusted = () => clock.now() - (hub()?.knownUpToMs() ?? 0) <= limits.logSilenceMs;
  return createResponseCache({ clock, trusted });
}

function toWatcher(cache: ResponseCache): ChangeWatcher {
  return {
    changed: (event) => cache.drop(tagsOf(event)),
    lost: () => cache.drop(null),
  };
}
