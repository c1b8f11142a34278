/**
 * Replays: ask what telling facts again would do, and tell them again.
 *
 * What it would do is found out by whoever projects the facts, and waited for a short while; who asks later gets it too.
 */
import { seesEverywhere } from "../../../shared/accounts.ts";
import { canonicalHash } from "../../../shared/canonical-json.ts";
import { type CommandDeps, type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import { newId, parseEventId, parseLocationId, parseSku, parseText, partitionKey } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { lookUntil } from "../../../shared/master-data.ts";
import { decide, partsOf, type Replay } from "../domain/replay.ts";
import { tellFacts } from "../replays.ts";
import { findReplay, lockReplay, type Selection, saveReplay, selectFacts } from "../store/replays.ts";

export interface ReplayEventsInput {
  readonly idempotencyKey: string;
  readonly eventIds?: readonly string[] | null;
  readonly sku?: string | null;
  readonly locationId?: string | null;
  /** RFC 3339. */
  readonly recordedFrom?: string | null;
  readonly recordedTo?: string | null;
  readonly dryRun?: boolean | null;
  readonly reason?: string | null;
}

export interface DecideReplayInput {
  readonly idempotencyKey: string;
  readonly id: string;
  readonly contentHash: string;
  readonly note?: string | null;
}

export type ReplayPayload = Payload<{ readonly replay: Replay | null }>;

/** Can fail with FORBIDDEN, INVALID_INPUT, TOO_MANY_ITEMS, UNKNOWN_DOCUMENT. */
export async function replayEvents(
  deps: CommandDeps,
  input: ReplayEventsInput,
  context: RequestContext,
): Promise<ReplayPayload> {
  assertSeesEverywhere(context);
  const payload = await runCommand<{ replay: Replay | null }>(deps, {
    operation: "replayEvents",
    input,
    context,
    refused: { replay: null },
    work: async (tx, recorder) => {
      const nowMs = deps.clock.now();
      const entries = await selectFacts(tx, parseSelection(input), limits.replayEventsMax);
      assertFound(input, entries.length);
      const events = entries.map(({ event }) => event);
      const parts = partsOf(events, limits.replayPartEventsMax);
      const replay: Replay = {
        id: newId(nowMs),
        status: "REHEARSING",
        dryRun: input.dryRun ?? true,
        journalIds: entries.map(({ id }) => id),
        parts: parts.length,
        contentHash: canonicalHash(events.map(({ source, id }) => [source, id])),
        reason: parseText(input.reason, limits.noteLengthMax, ["input", "reason"]),
        requestedBy: recorder.cause.person,
        decidedBy: null,
        decisionNote: null,
        createdAtMs: nowMs,
        updatedAtMs: nowMs,
        version: 1,
      };
      await saveReplay(tx, replay);
      for (const [i, part] of parts.entries()) {
        recorder.event({
          type: "replay.requested",
          sourceSeq: i + 1,
          partitionKey: `replay:${replay.id}`,
          data: { replayId: replay.id, part: i + 1, parts: parts.length, events: part },
        });
      }
      const { id, dryRun, contentHash, reason } = replay;
      const detail = { dryRun, contentHash, reason, events: events.length };
      recorder.audit({ subject: `replay:${id}`, action: "replayEvents", detail });
      return { replay };
    },
  });
  return asItStands(deps, payload);
}

/** Can fail with FORBIDDEN, UNKNOWN_DOCUMENT, ILLEGAL_TRANSITION, CONTENT_CHANGED, SAME_PERSON, INVALID_INPUT. */
export function decideReplay(
  deps: CommandDeps,
  approved: boolean,
  input: DecideReplayInput,
  context: RequestContext,
): Promise<ReplayPayload> {
  assertSeesEverywhere(context);
  const operation = approved ? "approveReplay" : "rejectReplay";
  return runCommand<{ replay: Replay | null }>(deps, {
    operation,
    input,
    context,
    refused: { replay: null },
    work: async (tx, recorder) => {
      const before = await lockReplay(tx, input.id);
      if (!before) {
        throw new AppError("UNKNOWN_DOCUMENT", { message: `No such replay: ${input.id}.`, field: ["input", "id"] });
      }
      const note = parseText(input.note, limits.noteLengthMax, ["input", "note"]);
      const { person } = recorder.cause;
      const nowMs = deps.clock.now();
      const replay = decide(before, { approved, contentHash: input.contentHash, person, note }, nowMs);
      await saveReplay(tx, replay);
      if (approved) await tellFacts(tx, replay, nowMs);
      const { status, contentHash } = replay;
      recorder.audit({ subject: `replay:${replay.id}`, action: operation, detail: { status, contentHash, note } });
      return { replay };
    },
  });
}

/** What a replay would do says something of every place it touches. Fails with FORBIDDEN. */
function assertSeesEverywhere({ identity }: RequestContext): void {
  if (seesEverywhere(identity)) return;
  throw new AppError("FORBIDDEN", { message: "Replays are not for tokens that name accounts." });
}

/** Fails with INVALID_INPUT, TOO_MANY_ITEMS. */
function parseSelection(input: ReplayEventsInput): Selection {
  const { eventIds, sku, locationId, recordedFrom, recordedTo } = input;
  if ((sku == null) !== (locationId == null)) {
    throw new AppError("INVALID_INPUT", { message: "A position is a SKU and a location.", field: ["input", "sku"] });
  }
  if (eventIds == null && sku == null && recordedFrom == null) {
    const message = "Which events: by their ids, of a position, or recorded from a moment on.";
    throw new AppError("INVALID_INPUT", { message, field: ["input"] });
  }
  if (eventIds && eventIds.length > limits.commandItemsMax) {
    const message = `At most ${limits.commandItemsMax} events are named at once.`;
    throw new AppError("TOO_MANY_ITEMS", { message, field: ["input", "eventIds"] });
  }
  const place = { sku: ["input", "sku"], location: ["input", "locationId"] };
  return {
    eventIds: eventIds?.map((id, i) => parseEventId(id, ["input", "eventIds", String(i)])) ?? null,
    partitionKey:
      sku == null || locationId == null
        ? null
        : partitionKey(parseSku(sku, place.sku), parseLocationId(locationId, place.location)),
    fromMs: recordedFrom == null ? null : Date.parse(recordedFrom),
    toMs: recordedTo == null ? null : Date.parse(recordedTo),
  };
}

/** Fails with TOO_MANY_ITEMS, UNKNOWN_DOCUMENT. */
function assertFound({ eventIds }: ReplayEventsInput, found: number): void {
  if (found > limits.replayEventsMax) {
    const message = `More than ${limits.replayEventsMax} events: ask for a shorter time.`;
    throw new AppError("TOO_MANY_ITEMS", { message, field: ["input"] });
  }
  if (found > 0 && (eventIds == null || found === new Set(eventIds).size)) return;
  const message = found === 0 ? "The journal has no such event." : "The journal does not have all of these events.";
  throw new AppError("UNKNOWN_DOCUMENT", { message, field: eventIds == null ? ["input"] : ["input", "eventIds"] });
}

/** What the replay would do is waited for, a bounded time and outside of any transaction. */
async function asItStands({ db }: CommandDeps, payload: ReplayPayload): Promise<ReplayPayload> {
  const { replay } = payload;
  if (!replay) return payload;
  const found = await lookUntil(
    () => findReplay(db, replay.id),
    (now) => now?.status !== "REHEARSING",
    { waitMs: limits.replayWaitMs },
  );
  return { ...payload, replay: found ?? replay };
}
