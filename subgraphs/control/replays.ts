/**
 * What becomes of a replay: a part was tried out, and, once all were and nobody has to agree, the facts are told again.
 *
 * Facts go out through this system's outbox under their own ids, in one transaction with the replay's status. Nothing
 * here touches a position: who has had a fact knows it again.
 */
import type { Transaction } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import { tellAgain } from "../../shared/messaging/republish.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { type Replay, rehearsed } from "./domain/replay.ts";
import { addPart, factsOf, findParts, lockReplay, saveReplay } from "./store/replays.ts";

export async function noteRehearsals(
  tx: Transaction,
  recorder: Recorder,
  events: readonly AnyEvent[],
  nowMs: number,
): Promise<void> {
  for (const event of events) {
    if (event.type !== "replay.rehearsed") continue;
    const { replayId, part, unseen, refusal, differences } = event.data;
    const replay = await lockReplay(tx, replayId);
    if (!replay) continue;
    await addPart(tx, replayId, { part, unseen, refusal, differences });
    if ((await findParts(tx, replayId)).length < replay.parts) continue;
    const next = rehearsed(replay, nowMs);
    await saveReplay(tx, next);
    const { status } = next;
    recorder.audit(
      { subject: `replay:${replayId}`, action: "rehearseReplay", detail: { status } },
      causeOf("control", event),
    );
    if (next.status === "REPLAYED") await tellFacts(tx, next, nowMs);
  }
}

export async function tellFacts(tx: Transaction, { journalIds }: Replay, nowMs: number): Promise<void> {
  await tellAgain(tx, await factsOf(tx, journalIds), nowMs);
}
