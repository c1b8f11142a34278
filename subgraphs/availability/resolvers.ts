/**
 * GraphQL ↔ answers and commands of `availability`; no rule and no SQL.
 *
 * Who may use a field stands in `access.ts`, which channels one may ask for in `answers.ts`.
 */

import { seesEverywhere } from "../../shared/accounts.ts";
import { policyTag, positionTag } from "../../shared/cache/cache-tags.ts";
import type { Clock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent, EventData } from "../../shared/events/canonical-event.ts";
import type { LoggedEvent } from "../../shared/graphql/execute.ts";
import { parsePage, toConnection } from "../../shared/graphql/pagination.ts";
import type { ResolverContext, Resolvers } from "../../shared/graphql/schema.ts";
import { partitionKey } from "../../shared/ids.ts";
import { toCursor } from "../../shared/log-cursor.ts";
import type { EventLog } from "../../shared/messaging/bus.ts";
import type { Answers } from "./answers.ts";
import {
  type ApprovePolicyInput,
  type PolicyCommands,
  policyContentHash,
  type SetPolicyInput,
} from "./commands/channel-policy.ts";
import type { ConfirmReservationInput, ReleaseReservationInput } from "./commands/decide-reservation.ts";
import type { ReservationCommands } from "./commands/reservations.ts";
import type { ReserveStockInput } from "./commands/reserve-stock.ts";
import type { AvailabilityResult } from "./domain/ats.ts";
import { networkAvailability } from "./domain/network.ts";
import type { PolicyChange } from "./domain/policy-change.ts";
import type { IndexedPolicy } from "./domain/policy-index.ts";
import type { PromiseInput, PromiseLine } from "./domain/promise.ts";
import { isHeld, mayRead, type Reservation, statusAt } from "./domain/reservation.ts";
import type { SourceStatus } from "./domain/source-status.ts";
import type { PolicyRow } from "./entities.ts";
import type { Loaders, PositionKey } from "./loaders.ts";
import type { EffectArgs, PolicyEffectAnswer, PolicyEffects, ProposedPolicy } from "./policy-effect.ts";

export interface AvailabilityContext extends ResolverContext {
  readonly loaders: Loaders;
  /** What this operation has asked for that is dear. */
  readonly asked: { effects: number };
}

interface ResolverDeps {
  readonly answers: Answers;
  readonly commands: PolicyCommands;
  readonly effects: PolicyEffects;
  readonly reservations: ReservationCommands;
  readonly clock: Clock;
  readonly policy: () => IndexedPolicy;
  /** These have been committed: what is kept of before is old. */
  readonly heard: (events: readonly AnyEvent[]) => void;
  /** What subscribers are told, and where that stands. */
  readonly log: Pick<EventLog, "end">;
}

type Context = AvailabilityContext;
type ProductRef = { readonly sku: string };
type ChannelArgs = { readonly channel?: string | null | undefined };
type LocationsArgs = ChannelArgs & { readonly locationIds?: readonly string[] | null };

type AnswerAll = (
  context: Context,
  skus: readonly string[],
  args: LocationsArgs,
) => readonly AvailabilityResult[] | Promise<AvailabilityResult[]>;

/** Fields that say what they read (`CacheHints`), or read what the field above them has said. */
export const taggedFields: ReadonlySet<string> = new Set([
  "Query.availability",
  "StockPosition.availability",
  "Product.availability",
  "Availability.product",
  "Availability.location",
  "Availability.asOf",
  "SourceStatus.asOf",
]);

export function createResolvers(deps: ResolverDeps): Resolvers {
  const { answers } = deps;
  const readAll = async (
    { loaders, hints }: Context,
    skus: readonly string[],
    args: LocationsArgs,
    channel: string,
  ) => {
    hints.readUntagged();
    return answers.of(loaders, await answers.keysFor(loaders, skus, args.locationIds), channel);
  };
  const answerAll: AnswerAll = (context, skus, args) => {
    const { identity } = context.request;
    const channel = answers.channelFor(identity, args.channel);
    // What is kept is everybody's: who sees less reads through loaders that see less.
    const kept = seesEverywhere(identity) ? answers.kept(skus, args.locationIds, channel) : null;
    if (kept === null) return readAll(context, skus, args, channel);
    context.hints.read(kept.tags, kept.maxAgeMs);
    return kept.answers;
  };

  return {
    ...withPromises(rootResolvers(deps, answerAll), answers),
    ...fieldResolvers(answers, answerAll),
    Subscription: subscriptionFields(deps),
    Reservation: reservationFields(deps.clock),
    ChannelPolicy: {
      // It is about every place.
      effect: (proposed: ProposedPolicy, args: EffectArgs, { asked, request }: Context) =>
        seesEverywhere(request.identity) ? deps.effects.of(proposed, args, asked) : null,
    },
    PolicyEffect: {
      computedAt: ({ computedAtMs }: PolicyEffectAnswer) => computedAtMs,
    },
  };
}

function withPromises(roots: Resolvers, answers: Answers): Resolvers {
  const promise = (_: unknown, { input }: { input: PromiseInput }, { loaders, request }: Context) =>
    answers.promise(loaders, request.identity, input);
  return {
    ...roots,
    Query: { ...roots["Query"], promise },
    PromiseLine: {
      location: ({ locationId }: PromiseLine, _: unknown, { loaders }: Context) => loadLocation(loaders, locationId),
    },
  };
}

function rootResolvers(deps: ResolverDeps, answerAll: AnswerAll): Resolvers {
  const { commands, reservations, policy } = deps;
  return {
    Query: {
      availability: (_: unknown, args: LocationsArgs & { skus: string[] }, context: Context) =>
        answerAll(context, args.skus, args),
      stockPosition: (_: unknown, key: PositionKey, context: Context) => knownPosition(context.loaders, key),
      stockPositions: async (
        _: unknown,
        args: { locationId?: string | null; first: number; after?: string | null },
        { loaders }: Context,
      ) => {
        const page = parsePage(args, 2);
        const rows = await loaders.pageOfPositions(page, args.locationId ?? null);
        return toConnection(rows, page, (row) => [row.sku, row.locationId]);
      },
      reservation: async (_: unknown, { id }: { id: string }, { loaders, request }: Context) => {
        const found = await loaders.reservation.load(id);
        return found && mayRead(found, request.identity) ? found : null;
      },
      stockCursor: async () => toCursor(await deps.log.end()),
      channels: (_: unknown, __: unknown, { request }: Context) =>
        policy()
          .channels.filter(({ policy: channel }) => channel.public || maySee(request.identity, channel.id))
          .map(({ policy: channel }) => ({ ...channel, policyVersion: policy().policy.version })),
      channelPolicies: async (_: unknown, args: { first: number }, { loaders }: Context) =>
        (await loaders.pageOfPolicies(parsePage(args, 1))).map(toPolicyVersion),
      policyInForce: (_: unknown, __: unknown, { request }: Context) => {
        const { policy: inForce } = policy();
        // Its rules name places.
        return seesEverywhere(request.identity)
          ? { policyVersion: inForce.version, body: JSON.stringify(inForce) }
          : null;
      },
    },
    Mutation: {
      reserveStock: (_: unknown, { input }: { input: ReserveStockInput }, context: Context) =>
        reservations.reserveStock(input, context.request).then((payload) => noting(context, payload)),
      confirmReservation: (_: unknown, { input }: { input: ConfirmReservationInput }, context: Context) =>
        reservations.confirmReservation(input, context.request).then((payload) => noting(context, payload)),
      releaseReservation: (_: unknown, { input }: { input: ReleaseReservationInput }, context: Context) =>
        reservations.releaseReservation(input, context.request).then((payload) => noting(context, payload)),
      setChannelPolicy: async (_: unknown, { input }: { input: SetPolicyInput }, { request }: Context) =>
        toPolicyPayload(await commands.setChannelPolicy(input, request)),
      approveChannelPolicy: async (
        _: unknown,
        { input }: { input: ApprovePolicyInput },
        { request, hints }: Context,
      ) => {
        const payload = await commands.approveChannelPolicy(input, request);
        hints.changed([policyTag]);
        return toPolicyPayload(payload);
      },
    },
  };
}

/** Whoever keeps answers hears at once that these positions are others now. */
function noting<P extends { readonly reservation: Reservation | null }>({ hints }: Context, payload: P): P {
  const lines = payload.reservation?.lines ?? [];
  hints.changed(lines.map(({ sku, locationId }) => positionTag(partitionKey(sku, locationId))));
  return payload;
}

/** Of one event, which whoever keeps the subscription hands over as the root value: nothing is kept here. */
function subscriptionFields({ answers, heard }: ResolverDeps): Resolvers[string] {
  return {
    stockChanged: async (change: LoggedEvent | undefined, { channel }: ChannelArgs, context: Context) => {
      const { sku, locationId, data } = changeIn(change);
      // Told of by another reader of the log, perhaps before ours has come to it.
      heard([change?.event as AnyEvent]);
      const { identity } = context.request;
      const asked = answers.channelFor(identity, channel);
      const key = { sku, locationId };
      if (!seesEverywhere(identity) && !(await context.loaders.location.load(locationId))) throw new AppError("UNSEEN");
      const answer = await answers.ofChange(context.loaders, key, data, asked);
      return { ...answer, cursor: change?.cursor, position: key, cause: data.cause };
    },
  };
}

/** Fails with BAD_USER_INPUT: a subscription that somebody sent like a query. */
function changeIn(change: LoggedEvent | undefined): PositionKey & { data: EventData["availability.changed"] } {
  const event = change?.event;
  if (event?.type === "availability.changed" && event.sku !== null && event.locationId !== null) {
    return { sku: event.sku, locationId: event.locationId, data: event.data };
  }
  throw new AppError("BAD_USER_INPUT", { message: "Subscriptions are served by the gateway, over WebSocket." });
}

function fieldResolvers(answers: Answers, answerAll: AnswerAll): Resolvers {
  return {
    StockPosition: {
      __resolveReference: (key: PositionKey) => key,
      product: (key: PositionKey, _: unknown, { loaders }: Context) => loaders.product.load(key.sku),
      location: (key: PositionKey, _: unknown, { loaders }: Context) => loadLocation(loaders, key.locationId),
      availability: async ({ sku, locationId }: PositionKey, { channel }: ChannelArgs, context: Context) =>
        (await answerAll(context, [sku], { channel, locationIds: [locationId] }))[0],
      version: async (key: PositionKey, _: unknown, { loaders }: Context) =>
        (await loaders.position.load(key))?.version ?? 0,
    },
    Availability: {
      product: ({ sku }: AvailabilityResult, _: unknown, { loaders }: Context) => loaders.product.load(sku),
      location: ({ locationId }: AvailabilityResult, _: unknown, { loaders }: Context) =>
        loadLocation(loaders, locationId),
      asOf: (answer: AvailabilityResult) => answer.asOfMs,
      availableToPromise: async (answer: AvailabilityResult, { on }: { on: string }, { loaders }: Context) =>
        (await answers.ahead(loaders, [answer], answer.channel))[0]?.atp(on) ?? null,
    },
    SourceStatus: {
      asOf: (source: SourceStatus) => source.asOfMs,
    },
    Product: {
      __resolveReference: (ref: ProductRef) => ref,
      name: async (ref: ProductRef, _: unknown, { loaders }: Context) =>
        (await loaders.product.load(ref.sku))?.name ?? null,
      availability: (ref: ProductRef, args: LocationsArgs, context: Context) => answerAll(context, [ref.sku], args),
      networkAvailability: async (ref: ProductRef, args: ChannelArgs, context: Context) => {
        const locations = await answerAll(context, [ref.sku], args);
        const channel = answers.channelFor(context.request.identity, args.channel);
        const { availableToSell, confidence } = networkAvailability(locations);
        return { sku: ref.sku, channel, availableToSell, confidence, locations };
      },
    },
    Location: {
      __resolveReference: (ref: { id: string }) => ref,
      name: async (ref: { id: string }, _: unknown, { loaders }: Context) =>
        (await loaders.location.load(ref.id))?.name ?? null,
    },
  };
}

function reservationFields(clock: Clock): Resolvers[string] {
  return {
    id: ({ reservationId }: Reservation) => reservationId,
    status: (reservation: Reservation) => statusAt(reservation, clock.now()),
    reservedBy: ({ owner }: Reservation) => owner,
    createdAt: ({ createdAtMs }: Reservation) => createdAtMs,
    expiresAt: ({ expiresAtMs }: Reservation) => expiresAtMs,
    allocationOverdue: (reservation: Reservation) => reservation.unallocatedAtMs !== null && isHeld(reservation),
  };
}

/** Null when the SKU or the location is not one the ERP knows. */
async function knownPosition(loaders: Loaders, { sku, locationId }: PositionKey): Promise<PositionKey | null> {
  const [product, location] = await Promise.all([loaders.product.load(sku), loaders.location.load(locationId)]);
  return product && location ? { sku, locationId } : null;
}

async function loadLocation(loaders: Loaders, locationId: string) {
  const location = await loaders.location.load(locationId);
  return location && { id: location.locationId, name: location.name };
}

function maySee(identity: Context["request"]["identity"], channelId: string): boolean {
  return identity.person !== null && (identity.channels === null || identity.channels.includes(channelId));
}

function toPolicyVersion(row: PolicyRow) {
  const proposed: ProposedPolicy = { version: row.version, change: JSON.parse(row.change_body) as PolicyChange };
  return {
    ...proposed,
    policyVersion: row.version,
    channel: row.channel,
    status: row.state,
    proposedBy: row.proposed_by,
    decidedBy: row.decided_by,
    note: row.note,
    proposedAt: row.proposed_at_ms,
    decidedAt: row.decided_at_ms,
    contentHash: policyContentHash(row),
  };
}

function toPolicyPayload<P extends { readonly policy: PolicyRow | null }>(payload: P) {
  return { ...payload, policy: payload.policy && toPolicyVersion(payload.policy) };
}
