/**
 * GraphQL ↔ the journal: the story behind a number.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import type { StoryEntry } from "../domain/story.ts";
import type { ControlContext } from "./context.ts";

export function lineageResolvers(): Resolvers {
  return {
    Query: {
      eventLineage: (_: unknown, args: { correlationId: string }, { loaders, request }: ControlContext) =>
        loaders.story(args.correlationId, request.identity.roles.has("auditor")),
    },
    LineageEvent: {
      sku: ({ event }: StoryEntry) => event?.sku ?? null,
      locationId: ({ event }: StoryEntry) => event?.locationId ?? null,
      quantity: ({ event }: StoryEntry) => event?.quantity ?? null,
      document: ({ event }: StoryEntry) => event?.documentRef ?? null,
      reasonCode: ({ event }: StoryEntry) => event?.reasonCode ?? null,
    },
  };
}
