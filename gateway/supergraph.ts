/**
 * The supergraph as something that executes operations: composed, planned, fetched by our own sources.
 *
 * A subgraph in this process wins over any URL. With a supergraph file its own URLs hold, because a release pins them
 * together with the schema. Plans are executed by `execution/`; with SHORT_PATH=off by @apollo/gateway, to which this
 * is the only door.
 */
import { ApolloGateway } from "@apollo/gateway";
import type { Clock } from "../shared/clock.ts";
import { type Config, silenceTelemetry } from "../shared/config.ts";
import { AppError } from "../shared/errors.ts";
import type { Logger } from "../shared/logging.ts";
import type { Metrics } from "../shared/metrics/metrics.ts";
import type { SignIdentity } from "../shared/signed-identity.ts";
import type { Tracing } from "../shared/tracing.ts";
import { type CostTable, readCostTable } from "./admission/cost-table.ts";
import { composeSupergraph, fetchSdl, readSupergraph } from "./compose.ts";
import { createDataSource, type DataSource, type Deadlines, toApolloDataSource } from "./data-source.ts";
import { createLocalClient, type Endpoint, type SubgraphClient } from "./endpoints.ts";
import { createOwnGateway, type StockGatewayParts } from "./execution/apollo-executor.ts";
import { createPlanCache } from "./plan-cache.ts";
import { createPlanner, type Planner } from "./planner.ts";
import { createRemoteClient, type RemoteClient } from "./remote-client.ts";
import { type SupergraphExecutor, toApolloLogger } from "./server.ts";

export interface SupergraphParts {
  readonly endpoints: readonly Endpoint[];
  readonly config: Pick<Config, "supergraphFile" | "introspection" | "shortPath">;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sign?: SignIdentity | undefined;
  readonly changed?: ((tags: readonly string[]) => void) | undefined;
  readonly metrics: Metrics;
  readonly tracing?: Tracing | undefined;
}

/** What a supergraph is once composed. */
export interface Composed {
  readonly executor: SupergraphExecutor;
  /** Null: @apollo/gateway plans for itself, and nobody else does. */
  readonly planner: Planner | null;
  /** What it says of costs. */
  readonly costs: CostTable;
}

export interface Supergraph {
  /** The subgraphs elsewhere, once composed. */
  readonly remote: ReadonlyMap<string, SubgraphClient>;
  /** Fails with COMPOSITION_FAILED, CONFIG_INVALID. */
  compose(): Promise<Composed>;
  close(): Promise<void>;
}

export function createSupergraph(parts: SupergraphParts): Supergraph {
  const { endpoints, deadlines, clock, log, changed, sign, metrics, tracing } = parts;
  const { supergraphFile, introspection, shortPath } = parts.config;
  const remote = new Map<string, RemoteClient>();
  const closing = new AbortController();

  function connect(name: string, url: string): RemoteClient {
    const client = remote.get(name) ?? createRemoteClient(url, sign && ((identity) => sign(identity, name)));
    remote.set(name, client);
    return client;
  }

  async function composed(): Promise<string> {
    const subgraphs = endpoints.map(async (endpoint) =>
      "local" in endpoint
        ? { name: endpoint.name, sdl: endpoint.local.sdl }
        : { ...endpoint, sdl: await fetchSdl(endpoint.name, connect(endpoint.name, endpoint.url), closing) },
    );
    return composeSupergraph(await Promise.all(subgraphs));
  }

  function clientOf(name: string, urlInSupergraph: string | undefined): SubgraphClient {
    const endpoint = endpoints.find((e) => e.name === name);
    if (endpoint && "local" in endpoint) return createLocalClient(endpoint.local);
    const url = [urlInSupergraph, endpoint?.url].find((u) => u !== undefined && /^https?:/.test(u));
    if (url !== undefined) return connect(name, url);
    const message = `The supergraph gives no http URL for its subgraph ${name}, and nobody else does.`;
    throw new AppError("CONFIG_INVALID", { message });
  }

  const sourceOf = (name: string, url: string | undefined): DataSource =>
    createDataSource({ name, client: clientOf(name, url), deadlines, clock, log, changed, metrics, tracing });

  return {
    remote,
    async compose() {
      const supergraphSdl = supergraphFile ? await readSupergraph(supergraphFile) : await composed();
      // A plan tells as much as introspection does.
      const shared = { supergraphSdl, validate: supergraphFile !== null, introspection, sourceOf };
      const planner = shortPath ? plannerOf(supergraphSdl, supergraphFile) : null;
      const gateway = planner ? createOwnGateway({ ...shared, planner }) : createStockGateway(shared, log);
      const executor: SupergraphExecutor = {
        load: (options) => gateway.load(options).catch((error) => refuse(error, supergraphFile)),
        onSchemaLoadOrUpdate: (listener) => gateway.onSchemaLoadOrUpdate(listener),
        stop: () => gateway.stop(),
      };
      return { executor, planner, costs: readCostTable(supergraphSdl) };
    },
    async close() {
      closing.abort();
      await Promise.all([...remote.values()].map((client) => client.close()));
    },
  };
}

function createStockGateway(parts: StockGatewayParts, log: Logger): SupergraphExecutor {
  silenceTelemetry();
  return new ApolloGateway({
    supergraphSdl: parts.supergraphSdl,
    buildService: ({ name, url }) => toApolloDataSource(parts.sourceOf(name, url)),
    queryPlannerConfig: { exposeDocumentNodeInFetchNode: true, cache: createPlanCache() },
    validateSupergraph: parts.validate,
    __exposeQueryPlanExperimental: parts.introspection,
    logger: toApolloLogger(log),
  });
}

function plannerOf(supergraphSdl: string, supergraphFile: string | null): Planner {
  try {
    return createPlanner(supergraphSdl, supergraphFile !== null);
  } catch (error) {
    return refuse(error, supergraphFile);
  }
}

function refuse(error: unknown, supergraphFile: string | null): never {
  if (error instanceof AppError || !supergraphFile) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  const message = `SUPERGRAPH_FILE is not a supergraph: ${supergraphFile}: ${reason}`;
  throw new AppError("CONFIG_INVALID", { message }, { cause: error });
}
