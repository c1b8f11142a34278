/**
 * What the gateway answers under which path: the API, health, metrics, and GraphiQL where it is switched on.
 *
 * `/graphql` takes GET (queries only) and POST. Anonymous callers may see the state of health; it names parts, no hosts.
 */
import type { FastifyInstance } from "fastify";
import type { Config } from "../shared/config.ts";
import type { Metrics } from "../shared/metrics/metrics.ts";
import { serveMetrics } from "../shared/metrics/serve-metrics.ts";
import { serveGraphiql } from "./graphiql.ts";
import { addGraphqlRoute, type GraphqlRouteParts } from "./graphql-route.ts";
import type { HealthReport } from "./health.ts";

export interface Routes extends GraphqlRouteParts {
  readonly graphiql: boolean;
  readonly metrics: Metrics;
  readonly config: Pick<Config, "metricsToken" | "production">;
  checkReady(): Promise<HealthReport>;
}

export function addRoutes(http: FastifyInstance, { graphiql, checkReady, metrics, config, ...graphql }: Routes): void {
  addGraphqlRoute(http, graphql);
  http.route({
    method: ["PUT", "PATCH", "DELETE", "OPTIONS"],
    url: "/graphql",
    handler: async (_request, reply) => {
      const errors = [{ message: "Use GET or POST.", extensions: { code: "BAD_USER_INPUT" } }];
      return reply.status(405).header("allow", "GET, POST").send({ errors });
    },
  });
  serveMetrics(http, metrics, config);
  http.get("/healthz", async () => ({ status: "alive" }));
  http.get("/readyz", async (_request, reply) => {
    const report = await checkReady();
    return reply.status(report.status === "ready" ? 200 : 503).send(report);
  });
  if (graphiql) serveGraphiql(http);
}
