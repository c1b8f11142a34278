/**
 * From a question (SKUs, locations, channel, caller) to answers.
 *
 * Here stands who may ask for which channel, and which positions a question is about. What one position is answered
 * is gathered in `outlooks.ts`; the formula is in `domain/ats.ts` and `domain/atp.ts`.
 */
import { AppError } from "../../shared/errors.ts";
import type { Identity } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import type { Outlook } from "./domain/atp.ts";
import type { AvailabilityResult } from "./domain/ats.ts";
import type { IndexedPolicy } from "./domain/policy-index.ts";
import { covers } from "./domain/reservation.ts";
import type { Loaders } from "./loaders.ts";
import { createOutlooks, type OutlookDeps, type PartRows, type Rows } from "./outlooks.ts";
import type { PositionKey } from "./store/positions.ts";

export interface Answers {
  /** The channel a question is about. Fails with BAD_USER_INPUT, UNAUTHENTICATED, FORBIDDEN. */
  channelFor(identity: Identity, asked: string | null | undefined): string;
  /** The channel a reservation is for: one that the token covers. Fails with UNKNOWN_CHANNEL, FORBIDDEN. */
  reservingChannel(identity: Identity, asked: string | null | undefined): string;
  /** What the formula says about rows that were read already; `parts`: of a kit, its components at the same place. */
  from(rows: Rows, parts: readonly PartRows[], channel: string): AvailabilityResult;
  /** In the order of the keys. */
  of(loaders: Loaders, keys: readonly PositionKey[], channel: string): Promise<AvailabilityResult[]>;
  /** With what is expected to arrive; in the order of the keys. */
  ahead(loaders: Loaders, keys: readonly PositionKey[], channel: string): Promise<Outlook[]>;
  /** The keys of a question. Fails with QUERY_TOO_COMPLEX, BAD_USER_INPUT. */
  keysFor(loaders: Loaders, skus: readonly string[], locationIds?: readonly string[] | null): Promise<PositionKey[]>;
}

export function createAnswers(deps: OutlookDeps): Answers {
  const { policy } = deps;
  const outlooks = createOutlooks(deps);
  return {
    reservingChannel: (identity, asked) => reservingChannel(policy(), identity, asked),
    from: (rows, parts, channel) => outlooks.from(rows, parts, channel).answer,
    channelFor: (identity, asked) => channelFor(policy(), identity, asked),
    async of(loaders, keys, channel) {
      const now = await Promise.all(keys.map((key) => outlooks.load(loaders, key, channel)));
      return now.map(({ answer }) => answer);
    },
    ahead: (loaders, keys, channel) => Promise.all(keys.map((key) => outlooks.loadAhead(loaders, key, channel))),
    async keysFor(loaders, skus, locationIds) {
      assertSize(skus.length * (locationIds?.length ?? 1));
      if (locationIds) return skus.flatMap((sku) => locationIds.map((locationId) => ({ sku, locationId })));
      const [places, products] = await Promise.all([
        Promise.all(skus.map((sku) => outlooks.placesOf(loaders, sku))),
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
      const keys = skus.flatMap((sku, i) => (places[i] ?? []).map((locationId) => ({ sku, locationId })));
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
