/**
 * GraphQL ↔ commands and loaders of `returns`.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { CommandDeps } from "../../shared/command.ts";
import { type PageArgs, parsePage, toConnection } from "../../shared/graphql/pagination.ts";
import type { ResolverContext, Resolvers } from "../../shared/graphql/schema.ts";
import {
  type AuthorizeReturnInput,
  authorizeReturn,
  type DecideDispositionInput,
  decideDisposition,
  type InspectReturnInput,
  inspectReturn,
  type ProposeDispositionInput,
  proposeDisposition,
  type ReceiveReturnInput,
  receiveReturn,
} from "./commands.ts";
import type { ReturnLine, ReturnState, ReturnStatus } from "./domain/return.ts";
import type { Loaders } from "./loaders.ts";
import type { PositionKey } from "./store.ts";

export interface ReturnsContext extends ResolverContext {
  readonly loaders: Loaders;
}

interface ReturnsArgs extends PageArgs {
  readonly status?: ReturnStatus | null;
  readonly sku?: string | null;
}

export function createResolvers(deps: CommandDeps): Resolvers {
  return {
    Query: {
      return: (_: unknown, args: { id: string }, context: ReturnsContext) => context.loaders.returns.load(args.id),
      returns: (_: unknown, args: ReturnsArgs, context: ReturnsContext) => returnsPage(args, context),
    },
    Mutation: {
      authorizeReturn: (_: unknown, { input }: { input: AuthorizeReturnInput }, context: ReturnsContext) =>
        authorizeReturn(deps, input, context.request),
      receiveReturn: (_: unknown, { input }: { input: ReceiveReturnInput }, context: ReturnsContext) =>
        receiveReturn(deps, input, context.request),
      inspectReturn: (_: unknown, { input }: { input: InspectReturnInput }, context: ReturnsContext) =>
        inspectReturn(deps, input, context.request),
      proposeDisposition: (_: unknown, { input }: { input: ProposeDispositionInput }, context: ReturnsContext) =>
        proposeDisposition(deps, input, context.request),
      approveDisposition: (_: unknown, { input }: { input: DecideDispositionInput }, context: ReturnsContext) =>
        decideDisposition(deps, "approved", input, context.request),
      rejectDisposition: (_: unknown, { input }: { input: DecideDispositionInput }, context: ReturnsContext) =>
        decideDisposition(deps, "rejected", input, context.request),
    },
    StockPosition: {
      __resolveReference: (reference: PositionKey) => reference,
      returns: (position: PositionKey, _: unknown, context: ReturnsContext) => returnsStock(position, context),
    },
    Return: {
      id: (state: ReturnState) => state.returnId,
      location: (state: ReturnState) => ({ id: state.locationId }),
      createdAt: (state: ReturnState) => state.createdAtMs,
      updatedAt: (state: ReturnState) => state.updatedAtMs,
    },
    ReturnLine: {
      lineId: (line: ReturnLine) => String(line.lineNumber),
      product: (line: ReturnLine) => ({ sku: line.sku }),
    },
  };
}

async function returnsPage(args: ReturnsArgs, context: ReturnsContext) {
  const page = parsePage(args, 2);
  const rows = await context.loaders.returnsOf({ status: args.status ?? null, sku: args.sku ?? null }, page);
  return toConnection(rows, page, (state) => [String(state.createdAtMs), state.returnId]);
}

/** The returns desk owns these figures: a position it has never touched holds nothing. */
async function returnsStock(position: PositionKey, context: ReturnsContext) {
  const row = await context.loaders.positions.load(position);
  if (!row) return { quarantined: 0, inInspection: 0, restockApproved: 0, version: 0, asOf: null };
  return { ...row, asOf: row.updatedAtMs };
}
