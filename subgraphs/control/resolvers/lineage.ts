/**
 * GraphQL ↔ the journal: the story behind a number.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";
import { type PageArgs, parsePage, toConnection } from "../../../shared/graphql/pagination.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import type { ControlContext } from "./context.ts";

interface JournalArgs extends PageArgs {
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
}

export function lineageResolvers(): Resolvers {
  return {
    Query: {
      eventLineage: (_: unknown, args: { correlationId: string }, { loaders }: ControlContext) =>
        loaders.story(args.correlationId),
      journalEvents: async (_: unknown, args: JournalArgs, { loaders }: ControlContext) => {
        const page = parsePage(args, 2);
        const rows = await loaders.journal(Date.parse(args.from), Date.parse(args.to), page);
        return toConnection(rows, page, ({ recordedAtMs, rowId }) => [String(recordedAtMs), String(rowId)]);
      },
    },
    JournalEvent: {
      recordedAt: ({ recordedAtMs }: { recordedAtMs: number }) => recordedAtMs,
    },
    LineageEvent: {
      occurredAt: ({ time }: AnyEvent) => time,
      document: ({ documentRef }: AnyEvent) => documentRef,
      data: ({ data }: AnyEvent) => JSON.stringify(data),
    },
  };
}
