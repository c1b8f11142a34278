/**
 * GraphQL ↔ commands and loaders of the queue of exceptions.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { CommandDeps } from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import type { LoggedEvent } from "../../../shared/graphql/execute.ts";
import { type PageArgs, parsePage, toConnection } from "../../../shared/graphql/pagination.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import {
  type AssignExceptionInput,
  assignException,
  type ResolveExceptionInput,
  resolveException,
} from "../commands/exceptions.ts";
import type { ExceptionStatus, ExceptionType } from "../domain/exception.ts";
import { responsibleRoleOf } from "../domain/ranking.ts";
import type { ExceptionRow } from "../entities.ts";
import type { ControlContext } from "./context.ts";

interface ExceptionsArgs extends PageArgs {
  readonly type?: ExceptionType | null;
  readonly status?: ExceptionStatus | null;
  readonly sku?: string | null;
  readonly locationId?: string | null;
}

export function exceptionResolvers(deps: CommandDeps): Resolvers {
  return {
    Query: {
      exception: (_: unknown, { id }: { id: string }, { loaders }: ControlContext) => loaders.exceptions.load(id),
      exceptions: (_: unknown, args: ExceptionsArgs, context: ControlContext) => exceptionsPage(args, context),
    },
    Subscription: {
      exceptionRaised: (change: LoggedEvent | undefined, _: unknown, context: ControlContext) =>
        toldIn(change, context),
    },
    Mutation: {
      assignException: (_: unknown, { input }: { input: AssignExceptionInput }, context: ControlContext) =>
        assignException(deps, input, context.request),
      resolveException: (_: unknown, { input }: { input: ResolveExceptionInput }, context: ControlContext) =>
        resolveException(deps, input, context.request),
    },
    Exception: {
      __resolveReference: ({ id }: { id: string }, { loaders }: ControlContext) => loaders.exceptions.load(id),
      location: ({ locationId: id }: ExceptionRow) => (id === null ? null : { id }),
      product: ({ sku }: ExceptionRow) => (sku === null ? null : { sku }),
      document: ({ documentType: type, documentId: id }: ExceptionRow) =>
        type === null || id === null ? null : { type, id, line: null },
      priorityTerms: ({ terms }: ExceptionRow) => terms,
      dueAt: ({ dueAtMs }: ExceptionRow) => dueAtMs,
      responsibleRole: async (
        { type, policyVersion, escalationLevel }: ExceptionRow,
        _: unknown,
        context: ControlContext,
      ) => responsibleRoleOf(await context.loaders.policies.load(policyVersion), type, escalationLevel),
      raisedAt: ({ raisedAtMs }: ExceptionRow) => raisedAtMs,
      lastSeenAt: ({ lastSeenAtMs }: ExceptionRow) => lastSeenAtMs,
      resolvedAt: ({ resolvedAtMs }: ExceptionRow) => resolvedAtMs,
    },
  };
}

/**
 * Of one event, which whoever keeps the subscription hands over as the root value: the exception as it is by now.
 * Fails with UNSEEN, BAD_USER_INPUT (a subscription that somebody sent like a query).
 */
async function toldIn(change: LoggedEvent | undefined, { loaders }: ControlContext): Promise<ExceptionRow> {
  const event = change?.event;
  if (event?.type !== "exception.raised" && event?.type !== "exception.escalated") {
    throw new AppError("BAD_USER_INPUT", { message: "Subscriptions are served by the gateway, over WebSocket." });
  }
  const row = await loaders.exceptions.load(event.data.exceptionId);
  if (!row) throw new AppError("UNSEEN");
  return row;
}

async function exceptionsPage(args: ExceptionsArgs, { loaders }: ControlContext) {
  const page = parsePage(args, 2);
  const { type = null, status = null, sku = null, locationId = null } = args;
  const rows = await loaders.exceptionsOf({ type, status, sku, locationId }, page);
  return toConnection(rows, page, ({ priority, id }) => [String(-priority), id]);
}
