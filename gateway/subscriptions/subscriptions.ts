/**
 * Subscriptions put together: the hub over the log of changes, the operations on sockets, the sockets on HTTP.
 *
 * Without a log, sockets still take queries and mutations, and a subscription is answered with SOURCE_UNAVAILABLE.
 */
import type { Server as HttpServer } from "node:http";
import type { ApolloServer } from "@apollo/server";
import { GraphQLError } from "graphql";
import type { Clock } from "../../shared/clock.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import type { Authenticator } from "../../shared/identity.ts";
import type { Logger } from "../../shared/logging.ts";
import type { EventLog } from "../../shared/messaging/bus.ts";
import type { Tracing } from "../../shared/tracing.ts";
import type { Entrance } from "../admission/entrance.ts";
import type { OperationContext } from "../context.ts";
import type { ErrorMasking } from "../plugins/error-masking.ts";
import { createDirectRun, type DirectRunParts } from "./direct-run.ts";
import { type ChangeWatcher, createHub, type Hub, type Run } from "./hub.ts";
import { createOperations } from "./operations.ts";
import { openSockets } from "./sockets.ts";

export interface SubscriptionsParts extends Entrance {
  readonly http: HttpServer;
  readonly server: ApolloServer<OperationContext>;
  readonly changes: EventLog | null;
  /** How an event is answered without the server, where it can be; null: never. */
  readonly direct: Pick<DirectRunParts, "planner" | "local" | "deadlineMs"> | null;
  /** Who else is told of changes. */
  readonly watcher?: ChangeWatcher | undefined;
  readonly authenticator: Authenticator;
  readonly masking: ErrorMasking;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tracing: Tracing;
}

export interface Subscriptions {
  readonly hub: Hub | null;
  /** How many are open. */
  readonly sockets: number;
  /** Tells every client to reconnect; those that do not go within `drainMs` are cut. */
  stop(drainMs: number): Promise<void>;
}

export async function startSubscriptions(parts: SubscriptionsParts): Promise<Subscriptions> {
  const { http, server, changes, direct, watcher, rates, gate, proxies, authenticator, masking, clock, log, tracing } =
    parts;
  const longWay = runOn(server, masking);
  const run = direct ? createDirectRun({ ...direct, longWay, log }) : longWay;
  const hub = changes && createHub({ log: changes, clock, logger: log, run, watcher, tracing });
  await hub?.start();
  const operations = createOperations({ run, hub, masking, rates, gate, tracing });
  const sockets = openSockets(http, { operations, proxies, authenticator, clock, log });
  return {
    hub,
    get sockets() {
      return sockets.count;
    },
    async stop(drainMs) {
      await sockets.drain(drainMs);
      await hub?.stop();
    },
  };
}

function runOn(server: ApolloServer<OperationContext>, masking: ErrorMasking): Run {
  return async ({ query, operationName, variables = {} }, contextValue) => {
    const request = { query, variables, ...(operationName === undefined ? {} : { operationName }) };
    try {
      const { body } = await server.executeOperation(request, { contextValue });
      // Only @defer and @stream answer in several parts, and the schema has neither.
      return (body as Extract<typeof body, { kind: "single" }>).singleResult as OperationResult;
    } catch (thrown) {
      const error = new GraphQLError("", { originalError: thrown as Error });
      return { errors: [masking.formatError(error.toJSON(), error)] };
    }
  };
}
