/**
 * What the gateway answers under which path: the API, health, and GraphiQL where it is switched on.
 *
 * `/graphql` takes GET (queries only) and POST. Anonymous callers may see the state of health; it names parts, no hosts.
 */
import type { ApolloServer } from "@apollo/server";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance } from "fastify";
import type { Authenticator } from "../shared/identity.ts";
import type { Logger } from "../shared/logging.ts";
import { createContext, type OperationContext } from "./context.ts";
import { serveGraphiql } from "./graphiql.ts";
import type { HealthReport } from "./health.ts";

export interface Routes {
  readonly server: ApolloServer<OperationContext>;
  readonly authenticator: Authenticator;
  readonly log: Logger;
  readonly graphiql: boolean;
  checkReady(): Promise<HealthReport>;
}

export function addRoutes(http: FastifyInstance, { server, authenticator, log, graphiql, checkReady }: Routes): void {
  http.route({
    method: ["GET", "POST"],
    url: "/graphql",
    handler: fastifyApolloHandler(server, { context: (request) => createContext(authenticator, log, request) }),
  });
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
