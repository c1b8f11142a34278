/**
 * Apollo Server, set up once: what is switched on, what is off, and why.
 *
 * Knows nothing of Fastify and nothing of subgraphs: it is given an executor by the supergraph and asked by the route.
 */
import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import type { Clock } from "../shared/clock.ts";
import type { Config } from "../shared/config.ts";
import { limits } from "../shared/limits.ts";
import type { Logger } from "../shared/logging.ts";
import type { Admissions } from "./admission/admissions.ts";
import type { OperationCosts } from "./admission/operation-costs.ts";
import type { TrustedDocuments } from "./admission/trusted-documents.ts";
import type { OperationContext } from "./context.ts";
import type { OperationWatch } from "./gateway-metrics.ts";
import { createAccessLog } from "./plugins/access-log.ts";
import type { ErrorMasking } from "./plugins/error-masking.ts";
import { executableOperation } from "./plugins/executable-operation.ts";
import { createOperationPrice } from "./plugins/operation-price.ts";
import { createRequestLimits } from "./plugins/request-limits.ts";

/** What Apollo Server asks for a schema and for answers. */
export type SupergraphExecutor = NonNullable<
  ConstructorParameters<typeof ApolloServer<OperationContext>>[0]["gateway"]
>;

export interface ServerParts {
  readonly supergraph: SupergraphExecutor;
  readonly config: Pick<Config, "production" | "introspection">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly masking: ErrorMasking;
  readonly admissions: Admissions;
  readonly costs: OperationCosts;
  readonly trusted: TrustedDocuments | null;
  readonly watch: OperationWatch;
}

export function createServer(parts: ServerParts): ApolloServer<OperationContext> {
  const { supergraph, config, clock, log, masking, admissions, costs, trusted, watch } = parts;
  return new ApolloServer<OperationContext>({
    gateway: supergraph,
    logger: toApolloLogger(log),
    nodeEnv: config.production ? "production" : "development",
    introspection: config.introspection,
    // Suggestions spell out a schema that introspection keeps to itself.
    hideSchemaDetailsFromClientErrors: !config.introspection,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    // By their hash, so that a GET fits into a URL. Anybody may register one: the store is bounded, and who finds a
    // document gone sends it again. Where only trusted documents are answered, they are there from the beginning.
    persistedQueries: trusted ? { cache: onlyTrusted(trusted) } : { ttl: limits.persistedQueryKeptS },
    parseOptions: { maxTokens: limits.queryTokensMax },
    maxRecursiveSelections: limits.querySelectionsMax,
    validationRules: [createRequestLimits(limits)],
    formatError: masking.formatError,
    // The process decides when to stop (`shared/lifecycle.ts`), and in which order.
    stopOnTerminationSignals: false,
    plugins: [
      masking.plugin,
      executableOperation,
      admissions.plugin,
      createOperationPrice(costs),
      createAccessLog(clock, log, watch),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}

/** Nothing is registered: what is not there from the beginning would be refused all the same. */
function onlyTrusted(trusted: TrustedDocuments) {
  return {
    get: async (key: string) => trusted.textOf(key.slice(key.lastIndexOf(":") + 1)),
    set: async () => {},
    delete: async () => false,
  };
}

type ApolloLogger = Record<"debug" | "info" | "warn" | "error", (message?: unknown) => void>;

/** Apollo's libraries log plain text; it becomes the message of a structured line. */
export function toApolloLogger(log: Logger): ApolloLogger {
  return {
    debug: (message) => log.debug({}, String(message)),
    info: (message) => log.info({}, String(message)),
    warn: (message) => log.warn({}, String(message)),
    error: (message) => log.error({}, String(message)),
  };
}
