/**
 * From a question (SKUs, locations, channel, caller) to answers: gathers what the formula needs and asks it.
 *
 * The formula is in `domain/ats.ts`; here stands who may ask for which channel, and what an absent row means: a known
 * item at a known place that nobody has reported is 0 with the reason NO_POSITION, an unknown item or place is null.
 */
import type { Clock } from "../../shared/clock.ts";
import { AppError, errorTable } from "../../shared/errors.ts";
import type { EventData, PositionFigures } from "../../shared/events/canonical-event.ts";
import type { Identity } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import type { LocationReplica, ProductReplica } from "../../shared/master-data.ts";
import { type AvailabilityResult, computeAvailability } from "./domain/ats.ts";
import type { IndexedPolicy } from "./domain/policy-index.ts";
import { type LocationFacts, type ProductFacts, type SourceSystem, sourceSystems } from "./domain/position.ts";
import { emptyProjection, fromFigures, hasGap, type Projected } from "./domain/projection.ts";
import { covers } from "./domain/reservation.ts";
import type { Freshness, SourceFreshness } from "./domain/source-status.ts";
import type { Loaders } from "./loaders.ts";
import type { PositionKey } from "./store/positions.ts";
import type { Watermarks } from "./watermarks.ts";

export interface AnswerDeps {
  readonly clock: Clock;
  readonly policy: () => IndexedPolicy;
  readonly watermarks: Watermarks;
}

/** One position, and what master data says of its item and its place. */
export interface Rows {
  readonly position: Projected;
  readonly product: ProductReplica | null;
  readonly location: LocationReplica | null;
}

export type Change = Pick<EventData["availability.changed"], "before" | "after">;

export interface ChangeAnswer {
  readonly availability: AvailabilityResult;
  readonly previousAvailableToSell: number | null;
}

export interface Answers {
  /** The channel a question is about. Fails with BAD_USER_INPUT, UNAUTHENTICATED, FORBIDDEN. */
  channelFor(identity: Identity, asked: string | null | undefined): string;
  /** The channel a reservation is for: one that the token covers. Fails with UNKNOWN_CHANNEL, FORBIDDEN. */
  reservingChannel(identity: Identity, asked: string | null | undefined): string;
  /** What the formula says about rows that were read already, under the policy in force or another one. */
  from(rows: Rows, channel: string, under?: IndexedPolicy): AvailabilityResult;
  /** What the figures of an event say, by master data, policy and freshness as they are now. */
  ofChange(loaders: Loaders, key: PositionKey, change: Change, channel: string): Promise<ChangeAnswer>;
  /** In the order of the keys. */
  of(loaders: Loaders, keys: readonly PositionKey[], channel: string): Promise<AvailabilityResult[]>;
  /** The keys of a question. Fails with QUERY_TOO_COMPLEX, BAD_USER_INPUT. */
  keysFor(loaders: Loaders, skus: readonly string[], locationIds?: readonly string[] | null): Promise<PositionKey[]>;
}

export function createAnswers({ clock, policy, watermarks }: AnswerDeps): Answers {
  async function answer(loaders: Loaders, key: PositionKey, channel: string): Promise<AvailabilityResult> {
    const [position, product, location] = await Promise.all([
      loaders.position.load(key),
      loaders.product.load(key.sku),
      loaders.location.load(key.locationId),
    ]);
    const projected = position ?? emptyProjection(key.sku, key.locationId);
    const result = from({ position: projected, product, location }, channel);
    const noPosition = result.reason === null && projected.version === 0;
    return noPosition ? { ...result, reason: `NO_POSITION: ${errorTable.NO_POSITION.message}` } : result;
  }

  function from({ position, product, location }: Rows, channel: string, under = policy()): AvailabilityResult {
    const nowMs = clock.now();
    return computeAvailability({
      position,
      product: productFacts(position.sku, product),
      location: locationFacts(position.locationId, location),
      policy: under,
      channel,
      freshness: freshnessOf(position, watermarks, nowMs),
      nowMs,
    });
  }

  return {
    reservingChannel: (identity, asked) => reservingChannel(policy(), identity, asked),
    from,
    channelFor: (identity, asked) => channelFor(policy(), identity, asked),
    async ofChange(loaders, { sku, locationId }, { before, after }, channel) {
      const [product, location] = await Promise.all([loaders.product.load(sku), loaders.location.load(locationId)]);
      const told = (figures: PositionFigures) =>
        from({ position: fromFigures(sku, locationId, figures), product, location }, channel);
      return { availability: told(after), previousAvailableToSell: told(before).availableToSell };
    },
    of: (loaders, keys, channel) => Promise.all(keys.map((key) => answer(loaders, key, channel))),
    async keysFor(loaders, skus, locationIds) {
      assertSize(skus.length * (locationIds?.length ?? 1));
      if (locationIds) return skus.flatMap((sku) => locationIds.map((locationId) => ({ sku, locationId })));
      const [positions, products] = await Promise.all([
        loaders.positionsOfSku.loadMany(skus),
        loaders.product.loadMany(skus),
      ]);
      const unknown = skus.filter((_, i) => products[i] === null);
      if (unknown.length > 0) {
        // Without locations there is no row that could carry the reason.
        throw new AppError("BAD_USER_INPUT", {
          message: `No such SKU: ${unknown.slice(0, 10).join(", ")}.`,
          reason: "UNKNOWN_SKU",
          skus: unknown.slice(0, 10),
        });
      }
      const keys = positions.flatMap((found) => {
        if (found instanceof Error) throw found;
        return found.map(({ sku, locationId }) => ({ sku, locationId }));
      });
      assertSize(keys.length);
      return keys;
    },
  };
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

function freshnessOf(position: Projected, watermarks: Watermarks, nowMs: number): Freshness {
  const heard = watermarks.of(position.sku);
  const of = (system: SourceSystem): SourceFreshness => {
    const progress = position.progress[system];
    const asOfMs = Math.max(progress.asOfMs, heard[system] ?? 0);
    return { asOfMs: asOfMs === 0 ? null : asOfMs, gap: hasGap(progress, nowMs), version: progress.seq };
  };
  return Object.fromEntries(sourceSystems.map((system) => [system, of(system)])) as unknown as Freshness;
}

function productFacts(sku: string, product: ProductReplica | null): ProductFacts {
  return {
    sku,
    known: product !== null,
    active: product?.active ?? false,
    class: product?.class ?? null,
    safetyStock: product?.safetyStock ?? null,
    sellMultiple: product?.sellMultiple ?? 1,
  };
}

function locationFacts(locationId: string, location: LocationReplica | null): LocationFacts {
  return { locationId, known: location !== null, sellable: location?.sellable ?? false };
}
