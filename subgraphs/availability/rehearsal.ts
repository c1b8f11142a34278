/**
 * A replay tried out: what events that have had no effect yet would do to positions and to available-to-sell.
 *
 * The very projection of every fact, in a savepoint that is always undone: nothing of it remains but the answer. Events
 * that have had their effect are left out, as they would be in the replay itself.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { PositionDifference, Rehearsal } from "../../shared/events/replay-events.ts";
import { upToDate } from "../../shared/events/upcasters.ts";
import { partitionKey, positionText } from "../../shared/ids.ts";
import { findLocations, findProducts } from "../../shared/master-data.ts";
import { type ConsumerSpec, causeOf, isTransient, unseenBy } from "../../shared/messaging/consumer.ts";
import { createRecorder, type Recorder } from "../../shared/recorder.ts";
import type { Answers } from "./answers.ts";
import type { IndexedPolicy } from "./domain/policy-index.ts";
import { differenceOf } from "./domain/position-difference.ts";
import { emptyProjection, figuresOf, isOwner, type Projected } from "./domain/projection.ts";
import type { Rows } from "./outlooks.ts";
import { loadPositions, type PositionKey } from "./store/positions.ts";

export interface RehearsedAnswers extends Pick<Answers, "from"> {
  readonly policy: () => IndexedPolicy;
}

interface RehearsalDeps {
  readonly clock: Clock;
  readonly answers: RehearsedAnswers;
  /** What the consumer does with facts, whose name is `rehearsed`. */
  readonly project: (
    tx: Transaction,
    events: readonly AnyEvent[],
    recorder: Recorder,
    nowMs: number,
  ) => Promise<unknown>;
  readonly rehearsed: string;
}

const consumerName = "availability-rehearsals";

export function createRehearsals(deps: RehearsalDeps): ConsumerSpec {
  return {
    name: consumerName,
    topic: "facts",
    types: ["replay.requested"],
    async handle(tx, events, recorder) {
      for (const event of events) {
        if (event.type !== "replay.requested") continue;
        const { replayId, part, parts } = event.data;
        const rehearsal = await rehearse(deps, tx, event.data.events);
        recorder.event(
          {
            type: "replay.rehearsed",
            sourceSeq: part,
            partitionKey: `replay:${replayId}`,
            data: { replayId, part, parts, ...rehearsal },
          },
          causeOf(consumerName, event),
        );
      }
    },
  };
}

async function rehearse(deps: RehearsalDeps, tx: Transaction, events: readonly AnyEvent[]): Promise<Rehearsal> {
  const { clock, project, rehearsed } = deps;
  const nowMs = clock.now();
  const unseen = (await unseenBy(tx, rehearsed, events)).filter(({ source }) => isOwner(source));
  const first = unseen[0];
  if (!first) return { unseen: 0, refusal: null, differences: [] };
  const keys = placesOf(unseen);
  const before = await loadPositions(tx, keys, nowMs);
  const undone = new Error("only tried");
  let after: readonly Projected[] = [];
  try {
    await tx.savepoint(async () => {
      // As the replay itself would read them.
      const current = unseen.map((event) => upToDate(event));
      await project(tx, current, createRecorder("availability", clock, causeOf(consumerName, first)), nowMs);
      after = await loadPositions(tx, keys, nowMs);
      throw undone;
    });
  } catch (error) {
    if (error !== undone) {
      if (!(error instanceof AppError) || isTransient(error)) throw error;
      return { unseen: unseen.length, refusal: error.code, differences: [] };
    }
  }
  const differences = await compare(deps, tx, before, after);
  return { unseen: unseen.length, refusal: null, differences };
}

function placesOf(events: readonly AnyEvent[]): PositionKey[] {
  const places = new Map<string, PositionKey>();
  for (const { sku, locationId } of events) {
    if (sku !== null && locationId !== null) places.set(partitionKey(sku, locationId), { sku, locationId });
  }
  return [...places.values()];
}

async function compare(
  { answers }: RehearsalDeps,
  tx: Transaction,
  before: readonly Projected[],
  after: readonly Projected[],
): Promise<PositionDifference[]> {
  const products = await findProducts(
    tx,
    after.map(({ sku }) => sku),
  );
  const locations = await findLocations(
    tx,
    after.map(({ locationId }) => locationId),
  );
  const known = new Map(before.map((position) => [positionText(position), position]));
  const policy = answers.policy();
  return after.flatMap((position) => {
    const { sku, locationId } = position;
    const rowsOf = (state: Projected): Rows => ({
      position: state,
      product: products.get(sku) ?? null,
      location: locations.get(locationId) ?? null,
    });
    const former = known.get(positionText(position)) ?? emptyProjection(sku, locationId);
    const sold = (state: Projected, channel: string) =>
      answers.from(rowsOf(state), [], channel, policy).availableToSell;
    const channels = policy.channels.map(({ policy: { id } }) => ({
      channel: id,
      before: sold(former, id),
      after: sold(position, id),
    }));
    return differenceOf(position, [figuresOf(former), figuresOf(position)], channels) ?? [];
  });
}
