/**
 * saveLocations: locations in bulk, a result per item.
 *
 * What does not differ from what is there leaves no trace: no version, no audit row, no event.
 */
import { seesEverywhere } from "../../../shared/accounts.ts";
import {
  type CommandDeps,
  type CommandInput,
  type Payload,
  type RequestContext,
  runCommand,
} from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import { parseLocationId } from "../../../shared/ids.ts";
import { changesOf, type Draft, judge, resultOf, type SaveResult, soundDrafts, startDrafts } from "../domain/draft.ts";
import { locationEvent } from "../domain/events.ts";
import { decideLocation, type Location, type LocationInput } from "../domain/location.ts";
import { lockLocations, saveLocations as storeLocations } from "../store/master-data.ts";
import { assertItemCount } from "./item-limit.ts";

export interface SaveLocationsInput extends CommandInput {
  readonly locations: readonly LocationInput[];
}

export interface SaveLocationsReply {
  readonly results: readonly SaveResult[];
}

/** Can fail with FORBIDDEN, TOO_MANY_ITEMS; an item with INVALID_INPUT. */
export function saveLocations(
  deps: CommandDeps,
  input: SaveLocationsInput,
  context: RequestContext,
): Promise<Payload<SaveLocationsReply>> {
  return runCommand<SaveLocationsReply>(deps, {
    operation: "saveLocations",
    input,
    context,
    refused: { results: [] },
    work: async (tx, recorder) => {
      assertKeepsMasterData(context);
      assertItemCount(input.locations, "locations");
      const drafts: Draft<LocationInput, Location>[] = startDrafts(
        input.locations,
        ({ id }) => id,
        ({ id }) => parseLocationId(id, ["id"]),
      );
      const ids = soundDrafts(drafts).map(({ id }) => id);
      const known = await lockLocations(tx, ids);
      for (const draft of drafts) {
        draft.stored = known.get(draft.id) ?? null;
        judge(draft, () => {
          draft.next = decideLocation(draft.input, draft.stored);
        });
      }
      const changes = changesOf(drafts);
      await storeLocations(
        tx,
        changes.map(({ next }) => next),
        deps.clock.now(),
      );
      for (const { stored, next } of changes) {
        recorder.audit({
          subject: `location:${next.id}`,
          action: "saveLocations",
          detail: { before: stored, after: next },
        });
        recorder.event(locationEvent(next));
      }
      return { results: drafts.map(resultOf) };
    },
  });
}

/** Whose a place is is not decided by those it is given to. Fails with FORBIDDEN. */
function assertKeepsMasterData({ identity }: RequestContext): void {
  if (seesEverywhere(identity)) return;
  throw new AppError("FORBIDDEN", { message: "A token that names accounts keeps no locations." });
}
