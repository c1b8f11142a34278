/**
 * Situations for the tests of the availability formula: one SKU in one warehouse, described by what is unusual,
 * and random ones for the properties.
 */
import fc from "fast-check";
import type { Buckets } from "../../../../../shared/events/canonical-event.ts";
import {
  type AvailabilityInput,
  type AvailabilityResult,
  computeAvailability,
} from "../../../../../subgraphs/availability/domain/ats.ts";
import {
  type ChannelPolicy,
  type DegradedPolicy,
  defaultPolicy,
  degradedModes,
  type EligibilityRule,
  type Policy,
  type QuantityRule,
  type RuleScope,
  type SafetyStockRule,
} from "../../../../../subgraphs/availability/domain/policy.ts";
import { indexPolicy } from "../../../../../subgraphs/availability/domain/policy-index.ts";
import {
  emptyPosition,
  type LocationFacts,
  type Position,
  type ProductFacts,
} from "../../../../../subgraphs/availability/domain/position.ts";
import type { Freshness, SourceFreshness } from "../../../../../subgraphs/availability/domain/source-status.ts";

export const sku = "BOLT-M8";
export const locationId = "WEST";
export const itemClass = "FASTENERS";
export const nowMs = Date.UTC(2026, 0, 15, 12, 0, 0);
export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

export const everything: RuleScope = { sku: null, locationId: null, class: null };

/** Everything about the situation that is not plain: stock on the shelf is `unrestricted`. */
export interface Situation {
  readonly wms?: Partial<Buckets>;
  readonly position?: Partial<Position> | null;
  readonly product?: Partial<ProductFacts>;
  readonly location?: Partial<LocationFacts>;
  readonly policy?: Policy;
  readonly freshness?: Partial<Freshness>;
  readonly nowMs?: number;
}

export const heard = (agoMs: number): SourceFreshness => ({ asOfMs: nowMs - agoMs, gap: false, version: 7 });
export const neverHeard: SourceFreshness = { asOfMs: null, gap: false, version: 0 };
export const allFresh: Freshness = { erp: heard(0), wms: heard(0), returns: heard(0) };

export function positionOf(situation: Situation): Position {
  const empty = emptyPosition(sku, locationId);
  return { ...empty, version: 7, ...situation.position, wms: { ...empty.wms, ...situation.wms } };
}

export function inputFor(situation: Situation, channel: string | null = null): AvailabilityInput {
  return {
    position: situation.position === null ? null : positionOf(situation),
    product: {
      sku,
      known: true,
      active: true,
      class: itemClass,
      safetyStock: 0,
      sellMultiple: null,
      ...situation.product,
    },
    location: { locationId, known: true, sellable: true, ...situation.location },
    policy: indexPolicy(situation.policy ?? defaultPolicy()),
    channel,
    freshness: { ...allFresh, ...situation.freshness },
    nowMs: situation.nowMs ?? nowMs,
  };
}

export function ask(situation: Situation, channel: string | null = null): AvailabilityResult {
  return computeAvailability(inputFor(situation, channel));
}

export const atsOf = (situation: Situation, channel: string | null = null) => ask(situation, channel).availableToSell;

/** The default policy with some channels changed. */
export function policyWith(
  channels: Readonly<Record<string, Partial<ChannelPolicy>>>,
  rest: Partial<Policy> = {},
): Policy {
  const base = defaultPolicy();
  return { ...base, ...rest, channels: base.channels.map((channel) => ({ ...channel, ...channels[channel.id] })) };
}

/** Protections for the SKU everywhere, per channel; their priorities too, if they are to differ from the default. */
export function protecting(quantities: Readonly<Record<string, number>>, priority?: number): Policy {
  return policyWith(
    Object.fromEntries(
      Object.entries(quantities).map(([id, quantity]) => [
        id,
        { protections: [{ ...everything, sku, quantity }], ...(priority === undefined ? {} : { priority }) },
      ]),
    ),
  );
}

export const channelIds = ["WEB", "B2B", "MARKETPLACE"] as const;

// ------------------------------------------------------------------------------------------------ random situations

const units = fc.integer({ min: 0, max: 60 });
const possiblyNegative = fc.integer({ min: -20, max: 60 });

/** Scopes of which about half fit the SKU at the location. */
const scopes: fc.Arbitrary<RuleScope> = fc.constantFrom<RuleScope>(
  everything,
  { ...everything, locationId },
  { ...everything, class: itemClass },
  { ...everything, class: itemClass, locationId },
  { ...everything, sku },
  { ...everything, sku, locationId },
  { ...everything, sku: "OTHER" },
  { ...everything, locationId: "EAST" },
);

const sameScope = (rule: RuleScope) => `${rule.sku}/${rule.locationId}/${rule.class}`;

function rulesOf<R extends RuleScope>(rest: fc.Arbitrary<Omit<R, keyof RuleScope>>): fc.Arbitrary<R[]> {
  const rule = fc.tuple(scopes, rest).map(([scope, values]) => ({ ...scope, ...values }) as R);
  return fc.uniqueArray(rule, { selector: sameScope, maxLength: 3 });
}

const quantityRules = rulesOf<QuantityRule>(fc.record({ quantity: units }));

const degradedPolicies: fc.Arbitrary<DegradedPolicy> = fc
  .record({
    times: fc.tuple(fc.nat(2 * minute), fc.nat(10 * minute)),
    staleBuffer: fc.nat(10),
    mode: fc.constantFrom(...degradedModes),
  })
  .map(({ times: [t1, more], staleBuffer, mode }) => ({
    staleAfterMs: t1,
    unreachableAfterMs: t1 + more,
    staleBuffer,
    mode,
  }));

const channelPolicies = (id: string): fc.Arbitrary<ChannelPolicy> =>
  fc.record({
    id: fc.constant(id),
    name: fc.constant(id),
    public: fc.constant(true),
    priority: fc.integer({ min: 1, max: 3 }),
    eligibility: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: rulesOf<EligibilityRule>(fc.record({ allowed: fc.boolean() })) },
    ),
    protections: quantityRules,
    caps: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: quantityRules }),
    sellMultiples: rulesOf(fc.record({ multiple: fc.integer({ min: 1, max: 6 }) })),
    degraded: fc.record({ erp: degradedPolicies, wms: degradedPolicies, returns: degradedPolicies }),
  });

export const safetyStockRules: fc.Arbitrary<SafetyStockRule[]> = fc.uniqueArray(
  fc
    .tuple(scopes, fc.constantFrom(null, ...channelIds), fc.nat(15))
    .map(([scope, channel, quantity]) => ({ ...scope, channel, quantity })),
  { selector: (rule) => `${sameScope(rule)}/${rule.channel}`, maxLength: 4 },
);

export const policies: fc.Arbitrary<Policy> = fc
  .record({
    channels: fc.tuple(...channelIds.map(channelPolicies)),
    safetyStocks: safetyStockRules,
    defaultSafetyStock: fc.nat(10),
  })
  .map((policy) => ({ version: 3, defaultChannel: "WEB", ...policy }));

/** Positions as sound systems report them: nothing below zero, and the channels' reservations are the total. */
export const soundPositions: fc.Arbitrary<Position> = positionsWith(units);
/** Positions in which any reported number may be below zero. */
export const anyPositions: fc.Arbitrary<Position> = positionsWith(possiblyNegative);

function positionsWith(quantity: fc.Arbitrary<number>): fc.Arbitrary<Position> {
  return fc
    .record({
      wms: fc.record({
        // Enough on the shelf for the claims to be met now and then.
        unrestricted: fc.oneof(quantity, fc.integer({ min: 100, max: 400 }), fc.integer({ min: 100, max: 250 })),
        picked: quantity,
        dock: quantity,
        damaged: quantity,
        hold: quantity,
        expired: quantity,
        quarantine: quantity,
      }),
      erp: fc.record({ book: fc.integer({ min: 0, max: 400 }), committed: quantity }),
      returns: fc.record({ quarantined: quantity, inInspection: quantity, restockApproved: quantity }),
      shippedNotPosted: quantity,
      receivedNotPosted: quantity,
      adjustedNotPosted: possiblyNegative,
      reservedByChannel: fc.dictionary(fc.constantFrom(...channelIds, "CLOSED-CHANNEL"), fc.nat(40)),
    })
    .map((position) => ({
      ...position,
      sku,
      locationId,
      reserved: Object.values(position.reservedByChannel).reduce((sum, quantityOf) => sum + quantityOf, 0),
      version: 7,
    }));
}

export const freshnesses: fc.Arbitrary<Freshness> = (() => {
  const source: fc.Arbitrary<SourceFreshness> = fc.record({
    asOfMs: fc.option(
      fc.nat(20 * minute).map((agoMs) => nowMs - agoMs),
      { freq: 8 },
    ),
    gap: fc.boolean(),
    version: fc.nat(9),
  });
  const mostlyFresh = fc.oneof({ weight: 4, arbitrary: fc.constant(heard(0)) }, { weight: 1, arbitrary: source });
  return fc.record({ erp: mostlyFresh, wms: mostlyFresh, returns: mostlyFresh });
})();

/** Any situation: sound or odd numbers, any policy, any silence of the sources. */
export const situations: fc.Arbitrary<AvailabilityInput & { readonly position: Position }> = fc
  .record({
    position: fc.oneof(soundPositions, anyPositions),
    safetyStock: fc.nat(10),
    sellMultiple: fc.option(fc.integer({ min: 1, max: 4 })),
    policy: policies,
    channel: fc.constantFrom(...channelIds),
    freshness: freshnesses,
  })
  .map(({ position, safetyStock, sellMultiple, policy, channel, freshness }) => ({
    ...inputFor({ product: { safetyStock, sellMultiple }, policy, freshness }, channel),
    position,
  }));

/** The position after `channel` has reserved `quantity` more. */
export function withReservation(position: Position, channel: string, quantity: number): Position {
  const before = position.reservedByChannel[channel] ?? 0;
  return {
    ...position,
    reserved: position.reserved + quantity,
    reservedByChannel: { ...position.reservedByChannel, [channel]: before + quantity },
  };
}
