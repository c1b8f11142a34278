/**
 * What the gateway answers under which path: the API, documents of partners, health, metrics, and GraphiQL where it is
 * switched on.
 *
 * `/graphql` takes GET (queries only) and POST. Anonymous callers may see the state of health; it names parts, no hosts.
 */
import type { FastifyInstance } from "fastify";
import type { Clock } from "../shared/clock.ts";
import type { Config } from "../shared/config.ts";
import type { Metrics } from "../shared/metrics/metrics.ts";
import { serveMetrics } from "../shared/metrics/serve-metrics.ts";
import { serveGraphiql } from "./graphiql.ts";
import { addGraphqlRoute, type GraphqlRouteParts } from "./graphql-route.ts";
import type { HealthReport } from "./health.ts";
import { addIntakeRoute } from "./intake-route.ts";

export interface Routes extends GraphqlRouteParts {
  readonly clock: Clock;
  readonly graphiql: boolean;
  readonly metrics: Metrics;
  readonly config: Pick<Config, "metricsToken" | "production">;
  checkReady(): Promise<HealthReport>;
}

export function addRoutes(http: FastifyInstance, routes: Routes): void {
  const { clock, graphiql, checkReady, metrics, config, ...graphql } = routes;
  addGraphqlRoute(http, graphql);
  addIntakeRoute(http, { ...graphql, clock });
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
