/**
 * One log line an operation, and one more of its kind counted: its name, how long it took, how it ended, and the correlation id to find the rest by.
 *
 * Neither the document nor its variables are logged: they may hold what is nobody's business.
 */
import type { ApolloServerPlugin } from "@apollo/server";
import type { GraphQLError } from "graphql";
import type { Clock } from "../../shared/clock.ts";
import type { RequestContext } from "../../shared/command.ts";
import type { Logger } from "../../shared/logging.ts";
import { storyOf } from "../../shared/traceparent.ts";
import type { OperationContext } from "../context.ts";
import type { OperationWatch } from "../gateway-metrics.ts";
import type { Traced } from "../request-traces.ts";

interface OperationLine {
  readonly operation: string | null;
  readonly operationName: string | null;
  readonly durationMs: number;
  readonly codes: readonly unknown[];
}

/** Whichever way it was answered. */
export function logOperation(log: Logger, context: RequestContext & Traced, line: OperationLine): void {
  const { operation, operationName, durationMs, codes } = line;
  const { person } = context.identity;
  log.info({ operation, operationName, durationMs, codes, person, ...storyOf(context) }, "operation");
  const [code = "OK"] = codes;
  const name = operationName === null ? (operation ?? "operation") : `${operation} ${operationName}`;
  context.span?.describe(name, { "graphql.operation.type": operation ?? "unknown", "inventory.code": String(code) });
}

export function createAccessLog(
  clock: Clock,
  log: Logger,
  watch: OperationWatch,
): ApolloServerPlugin<OperationContext> {
  return {
    async contextCreationDidFail({ error }) {
      watch.refused([(error as Partial<GraphQLError>).extensions?.["code"]]);
    },
    async requestDidStart({ contextValue: { change } }) {
      // Once per event and document: nobody asked for these one by one.
      if (change) return;
      const startedMs = clock.now();
      const startedAt = performance.now();
      return {
        async willSendResponse({ operation, operationName, contextValue, response }) {
          const errors = response.body.kind === "single" ? (response.body.singleResult.errors ?? []) : [];
          const codes = [...new Set(errors.map((error) => error.extensions?.["code"]))];
          const kind = operation?.operation ?? null;
          watch.long(kind, codes, performance.now() - startedAt);
          logOperation(log, contextValue, {
            operation: kind,
            operationName: operationName ?? null,
            durationMs: clock.now() - startedMs,
            codes,
          });
        },
      };
    },
  };
}
