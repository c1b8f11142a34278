/**
 * GraphQL ↔ the journal: facts as they were told, page by page.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import { type PageArgs, parsePage, toConnection } from "../../../shared/graphql/pagination.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import type { ControlContext } from "./context.ts";

interface JournalArgs extends PageArgs {
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
}

export function journalResolvers(): Resolvers {
  return {
    Query: {
      journalEvents: async (_: unknown, args: JournalArgs, { loaders }: ControlContext) => {
        const page = parsePage(args, 2);
        const rows = await loaders.journal(Date.parse(args.from), Date.parse(args.to), page);
        return toConnection(rows, page, ({ recordedAtMs, rowId }) => [String(recordedAtMs), String(rowId)]);
      },
    },
    JournalEvent: {
      recordedAt: ({ recordedAtMs }: { recordedAtMs: number }) => recordedAtMs,
    },
  };
}
