/**
 * What the gateway answers under which path: the API, documents of partners, health, and GraphiQL where it is on.
 *
 * `/graphql` takes GET (queries only) and POST. Anonymous callers may see the state of health; it names parts, no hosts.
 */
import type { FastifyInstance } from "fastify";
import type { Clock } from "../shared/clock.ts";
import { serveGraphiql } from "./graphiql.ts";
import { addGraphqlRoute, type GraphqlRouteParts } from "./graphql-route.ts";
import type { HealthReport } from "./health.ts";
import { addIntakeRoute } from "./intake-route.ts";

export interface Routes extends GraphqlRouteParts {
  readonly clock: Clock;
  readonly graphiql: boolean;
  checkReady(): Promise<HealthReport>;
}

export function addRoutes(http: FastifyInstance, { clock, graphiql, checkReady, ...graphql }: Routes): void {
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
  http.get("/healthz", async () => ({ status: "alive" }));
  http.get("/readyz", async (_request, reply) => {
    const report = await checkReady();
    return reply.status(report.status === "ready" ? 200 : 503).send(report);
  });
  if (graphiql) serveGraphiql(http);
}
