/**
 * What the other systems' facts do here: they move positions, and fill the replica of master data.
 *
 * A batch becomes one transaction: positions locked in order, every fact applied, one `availability.changed` per
 * position. The order in which facts arrive does not matter (`domain/projection.ts`). Demand that the ERP commits takes
 * over what reservations confirmed to its order hold (`claims.ts`).
 */

import type { Clock } from "../../shared/clock.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { type AnyEvent, changeCauseOf } from "../../shared/events/canonical-event.ts";
import { positionText } from "../../shared/ids.ts";
import { applyMasterData } from "../../shared/master-data.ts";
import { type ConsumerSpec, causeOf } from "../../shared/messaging/consumer.ts";
import type { Recorder } from "../../shared/recorder.ts";
import { type AnswerTally, lateAmong } from "./answer-tally.ts";
import { handOverAllocated, tellPosition } from "./claims.ts";
import { applyInbound, arrivalOf, compacted, concernsInbound, type Inbound, noInbound } from "./domain/inbound.ts";
import { applyFact, isOwner, oversoldUnits, type Projected, positionFacts } from "./domain/projection.ts";
import { createRehearsals, type RehearsedAnswers } from "./rehearsal.ts";
import { noteMasterChanges, tellMasterData } from "./rule-changes.ts";
import { type ArrivalAt, type InboundChange, loadInbound, recordArrivals, saveInbound } from "./store/inbound.ts";
import { lockPositions, savePositions } from "./store/positions.ts";
import type { Watermarks } from "./watermarks.ts";

const consumerName = "availability";

export function createConsumers(
  clock: Clock,
  watermarks: Watermarks,
  answers: RehearsedAnswers,
  tally: Pick<AnswerTally, "received" | "late">,
): ConsumerSpec[] {
  /** Noted while they are applied, counted once that is committed. */
  const late = new WeakSet<AnyEvent>();
  return [
    {
      name: consumerName,
      topic: "facts",
      types: [...positionFacts, "master.changed"],
      async handle(tx, events, recorder) {
        await noteMasterChanges(tx, events, clock.now());
        await applyMasterData(tx, events);
        tellMasterData(recorder, events, consumerName);
        const before = await project(tx, events, recorder, clock.now());
        for (const event of lateFacts(before, events)) late.add(event);
      },
      received: tally.received,
      applied: (events) => tally.late(events.filter((event) => late.has(event)).length),
      heartbeat: (partition, heartbeats) => watermarks.advance(partition, heartbeats),
    },
    createRehearsals({ clock, answers, project, rehearsed: consumerName }),
  ];
}

/** Returns the positions as they were. */
async function project(
  tx: Transaction,
  events: readonly AnyEvent[],
  recorder: Recorder,
  nowMs: number,
): Promise<readonly Projected[]> {
  const byPosition = groupByPosition(events);
  if (byPosition.size === 0) return [];
  const keys = [...byPosition.values()]
    .map(({ key }) => key)
    .sort((a, b) => (positionText(a) < positionText(b) ? -1 : 1));
  const factsOf = (position: Projected) => byPosition.get(positionText(position))?.events ?? [];
  const before = await lockPositions(tx, keys);
  const projected = before.map((position) =>
    factsOf(position).reduce((state, event) => applyFact(state, event, nowMs), position),
  );
  await followSupply(tx, before, factsOf, nowMs);
  const changed = await handOverAllocated(tx, recorder, events, projected, nowMs);
  for (const [i, position] of changed.entries()) {
    const own = factsOf(position);
    const by = causeOf(consumerName, own.at(-1) as AnyEvent);
    tellPosition(recorder, before[i] as Projected, position, own.map(changeCauseOf), by);
    tellOversold(recorder, position, own);
  }
  await savePositions(tx, changed);
  return before;
}

/** Facts that came after a later one of their owner and position. */
function lateFacts(before: readonly Projected[], events: readonly AnyEvent[]): AnyEvent[] {
  const byPosition = groupByPosition(events);
  return before.flatMap((position) => {
    const highest = Object.entries(position.progress).map(
      ([owner, { seq, ahead }]) => [owner, Math.max(seq, ahead.at(-1)?.seq ?? 0)] as const,
    );
    return lateAmong(byPosition.get(positionText(position))?.events ?? [], new Map(highest));
  });
}

/** Order lines that the position, with all that came at the same moment, has nothing for: the last ones first. */
function tellOversold(recorder: Recorder, position: Projected, facts: readonly AnyEvent[]): void {
  let missing = oversoldUnits(position);
  for (const event of [...facts].reverse()) {
    const units = Math.min(missing, event.quantity ?? 0);
    if (event.type !== "order.allocated" || units <= 0) continue;
    missing -= units;
    const { id: allocatedEventId, sku, locationId, documentRef, channel } = event;
    const about = { sku, locationId, documentRef, channel, quantity: units };
    const data = { allocatedEventId };
    recorder.event(
      { type: "order.oversold", sourceSeq: 1, partitionKey: `oversold:${allocatedEventId}`, ...about, data },
      causeOf(consumerName, event),
    );
  }
}

/** What is still to come at locked positions, and how late what came was; few facts are about either. */
async function followSupply(
  tx: Transaction,
  locked: readonly Projected[],
  factsOf: (position: Projected) => readonly AnyEvent[],
  nowMs: number,
): Promise<void> {
  const concerned = locked.filter((position) => factsOf(position).some(concernsInbound));
  const stored = await loadInbound(tx, concerned);
  const changes: InboundChange[] = [];
  const arrivals: ArrivalAt[] = [];
  for (const position of concerned) {
    const { sku, locationId } = position;
    const before = stored.get(positionText(position)) ?? noInbound;
    let after: Inbound = before;
    let state = position;
    for (const event of factsOf(position)) {
      after = applyInbound(after, event, state.progress.erp);
      state = applyFact(state, event, nowMs);
      const arrival = arrivalOf(event);
      if (arrival) arrivals.push({ sku, locationId, ...arrival });
    }
    changes.push({ sku, locationId, before, after: compacted(after, state.progress.erp) });
  }
  await saveInbound(tx, changes);
  await recordArrivals(tx, arrivals);
}

function groupByPosition(events: readonly AnyEvent[]) {
  const groups = new Map<string, { key: { sku: string; locationId: string }; events: AnyEvent[] }>();
  for (const event of events) {
    const { sku, locationId } = event;
    if (sku === null || locationId === null || !isOwner(event.source)) continue;
    const key = { sku, locationId };
    const group = groups.get(positionText(key));
    if (group) group.events.push(event);
    else groups.set(positionText(key), { key, events: [event] });
  }
  return groups;
}
