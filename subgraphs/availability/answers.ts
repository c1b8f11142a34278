/**
 * From a question (SKUs, locations, channel, caller) to answers.
 *
 * Here stands who may ask for which channel, and which positions a question is about. What one position is answered
 * is gathered in `outlooks.ts`; the formula is in `domain/ats.ts` and `domain/atp.ts`.
 */
import { locationTag, placesTag, policyTag, positionTag, productTag } from "../../shared/cache/cache-tags.ts";
import { AppError } from "../../shared/errors.ts";
import type { EventData, PositionFigures } from "../../shared/events/canonical-event.ts";
import type { Identity } from "../../shared/identity.ts";
import { partitionKey } from "../../shared/ids.ts";
import { limits } from "../../shared/limits.ts";
import type { Outlook } from "./domain/atp.ts";
import type { AvailabilityResult } from "./domain/ats.ts";
import { dateAt } from "./domain/calendar.ts";
import { networkAvailability } from "./domain/network.ts";
import type { IndexedPolicy } from "./domain/policy-index.ts";
import { fromFigures } from "./domain/projection.ts";
import { type PromiseInput, type PromiseResult, parsePromise, promise } from "./domain/promise.ts";
import { covers } from "./domain/reservation.ts";
import type { Confidence } from "./domain/source-status.ts";
import type { Loaders } from "./loaders.ts";
import { createOutlooks, type OutlookDeps, type Outlooks, type PartRows, type Rows } from "./outlooks.ts";
import type { PositionKey } from "./store/positions.ts";

export type Change = Pick<EventData["availability.changed"], "before" | "after">;

export interface ChangeAnswer {
  readonly availability: AvailabilityResult;
  readonly previousAvailableToSell: number | null;
}

/** Answers made of what is kept, and what they rest on. */
export interface KeptAnswers {
  readonly answers: readonly AvailabilityResult[];
  /** See `CacheHints`. */
  readonly tags: () => readonly string[];
  readonly maxAgeMs: number;
}

export interface Answers {
  /** The channel a question is about. Fails with BAD_USER_INPUT, UNAUTHENTICATED, FORBIDDEN. */
  channelFor(identity: Identity, asked: string | null | undefined): string;
  /** The channel a reservation is for: one that the token covers. Fails with UNKNOWN_CHANNEL, FORBIDDEN. */
  reservingChannel(identity: Identity, asked: string | null | undefined): string;
  /**
   * What the formula says about rows that were read already, under the policy in force or another one; `parts`: of a
   * kit, its components at the same place.
   */
  from(rows: Rows, parts: readonly PartRows[], channel: string, under?: IndexedPolicy): AvailabilityResult;
  /** What the figures of an event say, by master data, policy and freshness as they are now. */
  ofChange(loaders: Loaders, key: PositionKey, change: Change, channel: string): Promise<ChangeAnswer>;
  /** As `keysFor` and `of`, at once; null: something has to be read, or refused. */
  kept(skus: readonly string[], locationIds: readonly string[] | null | undefined, channel: string): KeptAnswers | null;
  /** In the order of the keys. */
  of(loaders: Loaders, keys: readonly PositionKey[], channel: string): Promise<AvailabilityResult[]>;
  /** With what is expected to arrive; in the order of the keys. */
  ahead(loaders: Loaders, keys: readonly PositionKey[], channel: string): Promise<Outlook[]>;
  /**
   * From where and by when a quantity can come. Fails with BAD_USER_INPUT, QUERY_TOO_COMPLEX, and as `channelFor`.
   */
  promise(loaders: Loaders, identity: Identity, input: PromiseInput): Promise<PromiseAnswer>;
  /** The keys of a question. Fails with QUERY_TOO_COMPLEX, BAD_USER_INPUT. */
  keysFor(loaders: Loaders, skus: readonly string[], locationIds?: readonly string[] | null): Promise<PositionKey[]>;
}

export interface PromiseAnswer extends PromiseResult {
  /** The worst of all locations that were asked. */
  readonly confidence: Confidence;
}

export interface AnswersDeps extends OutlookDeps {
  /** Hears of answers as they are made, and when. */
  readonly answered?: (answers: readonly AvailabilityResult[], nowMs: number) => void;
}

export function createAnswers(deps: AnswersDeps): Answers {
  const { policy, answered = () => {} } = deps;
  const outlooks = createOutlooks(deps);
  const ahead: Answers["ahead"] = (loaders, keys, channel) =>
    Promise.all(keys.map((key) => outlooks.loadAhead(loaders, key, channel)));

  const keysFor: Answers["keysFor"] = async (loaders, skus, locationIds) => {
    assertSize(skus.length * (locationIds?.length ?? 1));
    if (locationIds) return skus.flatMap((sku) => locationIds.map((locationId) => ({ sku, locationId })));
    const [places] = await Promise.all([
      Promise.all(skus.map((sku) => outlooks.placesOf(loaders, sku))),
      // Without locations there is no row that could carry the reason.
      assertKnown(loaders, skus),
    ]);
    const keys = skus.flatMap((sku, i) => (places[i] ?? []).map((locationId) => ({ sku, locationId })));
    assertSize(keys.length);
    return keys;
  };

  return {
    reservingChannel: (identity, asked) => reservingChannel(policy(), identity, asked),
    from: (rows, parts, channel, under) => outlooks.from(rows, parts, channel, under).answer,
    async ofChange(loaders, key, { before, after }, channel) {
      const told = async (figures: PositionFigures) =>
        (await outlooks.loadWith(loaders, fromFigures(key.sku, key.locationId, figures), channel)).answer;
      return {
        availability: await told(after),
        previousAvailableToSell: (await told({ ...after, ...before })).availableToSell,
      };
    },
    channelFor: (identity, asked) => channelFor(policy(), identity, asked),
    kept(skus, locationIds, channel) {
      const nowMs = deps.clock.now();
      const kept = keptAnswers(outlooks, nowMs, skus, locationIds, channel);
      if (kept) answered(kept.answers, nowMs);
      return kept;
    },
    async of(loaders, keys, channel) {
      const now = await Promise.all(keys.map((key) => outlooks.load(loaders, key, channel)));
      const made = now.map(({ answer }) => answer);
      answered(made, deps.clock.now());
      return made;
    },
    ahead,
    keysFor,
    async promise(loaders, identity, input) {
      const request = parsePromise(input);
      const channel = channelFor(policy(), identity, input.channel);
      await assertKnown(loaders, [input.sku]);
      const keys = await keysFor(loaders, [input.sku], input.locationIds && [...new Set(input.locationIds)]);
      const found = await ahead(loaders, keys, channel);
      const { confidence } = networkAvailability(found.map(({ answer }) => answer));
      return { ...promise(found, request, dateAt(deps.clock.now())), confidence };
    },
  };
}

function keptAnswers(
  outlooks: Outlooks,
  nowMs: number,
  skus: readonly string[],
  locationIds: readonly string[] | null | undefined,
  channel: string,
): KeptAnswers | null {
  if (skus.length * (locationIds?.length ?? 1) > limits.availabilityPositionsMax) return null;
  const answers: AvailabilityResult[] = [];
  const keptAt = outlooks.kept(channel);
  let maxAgeMs = Number.MAX_SAFE_INTEGER;
  for (const sku of skus) {
    const places = locationIds ?? outlooks.keptPlaces(sku);
    if (places === null || answers.length + places.length > limits.availabilityPositionsMax) return null;
    for (const locationId of places) {
      const kept = keptAt(sku, locationId);
      if (kept === null) return null;
      answers.push(kept.answer);
      if (kept.validUntilMs !== null) maxAgeMs = Math.min(maxAgeMs, kept.validUntilMs - nowMs);
    }
  }
  return { answers, tags: () => tagsOfAnswers(answers, locationIds ? [] : skus), maxAgeMs };
}

/** `everywhere`: items whose places were looked up. */
function tagsOfAnswers(answers: readonly AvailabilityResult[], everywhere: readonly string[]): string[] {
  const tags = [policyTag, ...everywhere.map(placesTag)];
  for (const { sku, locationId } of answers) {
    tags.push(positionTag(partitionKey(sku, locationId)), productTag(sku), locationTag(locationId));
  }
  return tags;
}

/** Fails with BAD_USER_INPUT. */
async function assertKnown(loaders: Loaders, skus: readonly string[]): Promise<void> {
  const products = await loaders.product.loadMany(skus);
  const unknown = skus.filter((_, i) => products[i] === null);
  if (unknown.length === 0) return;
  throw new AppError("BAD_USER_INPUT", {
    message: `No such SKU: ${unknown.slice(0, 10).join(", ")}.`,
    reason: "UNKNOWN_SKU",
    skus: unknown.slice(0, 10),
  });
}

function assertSize(positions: number): void {
  if (positions <= limits.availabilityPositionsMax) return;
  throw new AppError("QUERY_TOO_COMPLEX", {
    message: `${positions} positions asked for; one question may ask for ${limits.availabilityPositionsMax}.`,
  });
}

function channelFor(policy: IndexedPolicy, identity: Identity, asked: string | null | undefined): string {
  const id = asked ?? identity.channels?.[0] ?? policy.policy.defaultChannel;
  const channel = policy.channels.find((known) => known.policy.id === id);
  if (!channel) {
    throw new AppError("BAD_USER_INPUT", { message: `No such channel: ${id}.`, reason: "UNKNOWN_CHANNEL" });
  }
  if (channel.policy.public) return id;
  if (identity.person === null) throw new AppError("UNAUTHENTICATED", { message: `Channel ${id} is not public.` });
  if (identity.channels !== null && !identity.channels.includes(id)) {
    throw new AppError("FORBIDDEN", { message: `The token does not cover channel ${id}.` });
  }
  return id;
}

function reservingChannel(policy: IndexedPolicy, identity: Identity, asked: string | null | undefined): string {
  const id = asked ?? identity.channels?.[0] ?? policy.policy.defaultChannel;
  if (!covers(identity, id)) throw new AppError("FORBIDDEN", { message: `The token does not cover channel ${id}.` });
  if (policy.channels.some((known) => known.policy.id === id)) return id;
  throw new AppError("UNKNOWN_CHANNEL", { message: `No such channel: ${id}.`, field: ["input", "channel"] });
}
