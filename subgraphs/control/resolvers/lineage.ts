/**
 * GraphQL ↔ the journal: the story behind a number.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import type { ControlContext } from "./context.ts";

export function lineageResolvers(): Resolvers {
  return {
    Query: {
      eventLineage: (_: unknown, args: { correlationId: string }, { loaders }: ControlContext) =>
        loaders.story(args.correlationId),
    },
    LineageEvent: {
      occurredAt: ({ time }: AnyEvent) => time,
      document: ({ documentRef }: AnyEvent) => documentRef,
      data: ({ data }: AnyEvent) => JSON.stringify(data),
    },
  };
}
