/**
 * GraphQL ↔ commands and loaders of replays.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { CommandDeps } from "../../../shared/command.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import { limits } from "../../../shared/limits.ts";
import { type DecideReplayInput, decideReplay, type ReplayEventsInput, replayEvents } from "../commands/replays.ts";
import type { Replay } from "../domain/replay.ts";
import type { ControlContext } from "./context.ts";

export function replayResolvers(deps: CommandDeps): Resolvers {
  const decided =
    (approved: boolean) =>
    (_: unknown, { input }: { input: DecideReplayInput }, context: ControlContext) =>
      decideReplay(deps, approved, input, context.request);
  return {
    Query: {
      replay: (_: unknown, { id }: { id: string }, { loaders }: ControlContext) => loaders.replay(id),
    },
    Mutation: {
      replayEvents: (_: unknown, { input }: { input: ReplayEventsInput }, context: ControlContext) =>
        replayEvents(deps, input, context.request),
      approveReplay: decided(true),
      rejectReplay: decided(false),
    },
    Replay: {
      events: ({ journalIds }: Replay) => journalIds.length,
      effect: (replay: Replay, _: unknown, context: ControlContext) => effectOf(replay, context),
      createdAt: ({ createdAtMs }: Replay) => createdAtMs,
      updatedAt: ({ updatedAtMs }: Replay) => updatedAtMs,
    },
  };
}

/** Null until every part has been tried out. */
async function effectOf(replay: Replay, { loaders }: ControlContext) {
  if (replay.status === "REHEARSING") return null;
  const parts = await loaders.replayParts.load(replay.id);
  const differences = parts.flatMap((part) => part.differences);
  return {
    unseen: parts.reduce((sum, { unseen }) => sum + unseen, 0),
    refusals: [...new Set(parts.flatMap(({ refusal }) => refusal ?? []))],
    positions: differences.length,
    differences: differences.slice(0, limits.replayDifferencesMax),
  };
}
