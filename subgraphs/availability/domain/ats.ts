/**
 * Available-to-sell of one SKU at one location for one channel, with the terms that explain it.
 *
 * Pure: the same inputs always give the same answer and the same explanation. Never negative: a shortfall stays
 * visible in `net`. What cannot be known is null with a reason, never a silent 0. Does not know where the numbers
 * came from, and never sums over channels: their answers overlap.
 */
import { onHandOf } from "../../../shared/events/canonical-event.ts";
import { type ProtectionClaim, rationProtections } from "./apportion.ts";
import type { IndexedChannel, IndexedPolicy } from "./policy-index.ts";
import { bookOnHandOf, type LocationFacts, type Position, type ProductFacts, type SourceSystem } from "./position.ts";
import { safetyStockOf } from "./safety-stock.ts";
import {
  type Confidence,
  type Freshness,
  judgeSources,
  type SourceStatus,
  type SourcesVerdict,
} from "./source-status.ts";

export interface AvailabilityInput {
  /** Null: no source has ever reported this SKU at this location. */
  readonly position: Position | null;
  readonly product: ProductFacts;
  readonly location: LocationFacts;
  readonly policy: IndexedPolicy;
  /** Null: the policy's default channel. */
  readonly channel: string | null;
  readonly freshness: Freshness;
  /** Of a kit: how many can be put together here. */
  readonly fromComponents?: number;
  readonly nowMs: number;
}

export type TermName =
  | "onHand"
  | "components"
  | "damaged"
  | "hold"
  | "expired"
  | "dock"
  | "quarantine"
  | "committed"
  | "shippedNotPosted"
  | "picked"
  | "reserved"
  | "safetyStock"
  | "staleBuffer";

export interface AvailabilityTerm {
  readonly name: TermName;
  /** Signed: the terms of an answer add up to its net. */
  readonly quantity: number;
  /** Who reported or decided it; of a stale buffer, the source that is silent. */
  readonly source: SourceSystem | "availability" | "policy";
}

export interface AvailabilityResult {
  readonly sku: string;
  readonly locationId: string;
  readonly channel: string;
  /** Base units; null: unknown, see `reason`. */
  readonly availableToSell: number | null;
  /** Before protections, cap and multiple; may be negative. */
  readonly net: number | null;
  /** Begins with a code of the error table; null when there is nothing to say. */
  readonly reason: string | null;
  readonly confidence: Confidence;
  readonly terms: readonly AvailabilityTerm[];
  readonly sources: readonly SourceStatus[];
  /** From net to ATS: units kept for other channels, then at most `cap`, then whole multiples. */
  readonly protectedForOthers: number;
  readonly cap: number | null;
  readonly sellMultiple: number;
  /** Of a kit: the component that allows the fewest. */
  readonly limitingComponent?: string | null;
  /** Everything the sources said up to here is in the answer. */
  readonly asOfMs: number;
  readonly version: number;
  readonly policyVersion: number;
}

/** Fails with UNKNOWN_CHANNEL. */
export function computeAvailability(input: AvailabilityInput): AvailabilityResult {
  const { position, product, location, policy, nowMs } = input;
  const channel = policy.channel(input.channel);
  const verdict = judgeSources(position, input.freshness, channel.policy.degraded, nowMs);
  const unknown = whyUnknown(input, verdict);
  if (unknown !== null || position === null) return unknownResult(input, channel, verdict, unknown ?? "NO_POSITION");

  const { terms, net } = explainNet(input, position, channel, verdict);
  const share = shareOf(input, position, channel, verdict, net);
  return {
    sku: product.sku,
    locationId: location.locationId,
    channel: channel.policy.id,
    availableToSell: share.availableToSell,
    net,
    reason: share.blocked ?? negativeReason(position) ?? verdict.reason,
    confidence: verdict.confidence,
    terms,
    sources: verdict.sources,
    protectedForOthers: share.protectedForOthers,
    cap: share.cap,
    sellMultiple: share.sellMultiple,
    asOfMs: verdict.asOfMs ?? nowMs,
    version: position.version,
    policyVersion: policy.policy.version,
  };
}

/**
 * What this channel might sell if `net` were there: 0 where it may sell nothing, null where nothing is known.
 * Fails with UNKNOWN_CHANNEL.
 */
export function sellableFrom(input: AvailabilityInput, net: number): number | null {
  const { position, policy, nowMs } = input;
  const channel = policy.channel(input.channel);
  const verdict = judgeSources(position, input.freshness, channel.policy.degraded, nowMs);
  if (position === null || whyUnknown(input, verdict) !== null) return null;
  return shareOf(input, position, channel, verdict, net).availableToSell;
}

/** May this channel sell this item from this location at all? */
export function isEligible(
  channel: IndexedChannel,
  product: Pick<ProductFacts, "sku" | "class">,
  locationId: string,
): boolean {
  return channel.eligibility.find(product.sku, locationId, product.class) ?? true;
}

function whyUnknown({ position, product, location }: AvailabilityInput, verdict: SourcesVerdict): string | null {
  if (!product.known) return "UNKNOWN_SKU";
  if (!location.known) return "UNKNOWN_LOCATION";
  // Without a word from the warehouse, ever, the zeros of the position are not a count of anything.
  const neverCounted = verdict.sources.some((source) => source.system === "wms" && source.status === "UNKNOWN");
  if (position === null || neverCounted) return "NO_POSITION";
  return verdict.mode === "ERROR" ? verdict.reason : null;
}

function whyNothingIsSold(
  product: ProductFacts,
  location: LocationFacts,
  channel: IndexedChannel,
  verdict: SourcesVerdict,
): string | null {
  if (!product.active) return "SKU_INACTIVE";
  if (!location.sellable) return "LOCATION_NOT_SELLABLE";
  if (!isEligible(channel, product, location.locationId)) return "CHANNEL_NOT_ELIGIBLE";
  return verdict.mode === "FAIL_CLOSED" ? verdict.reason : null;
}

/** From net to what the channel may sell of it. */
function shareOf(
  { product, location, policy }: AvailabilityInput,
  position: Position,
  channel: IndexedChannel,
  verdict: SourcesVerdict,
  net: number,
) {
  const blocked = whyNothingIsSold(product, location, channel, verdict);
  const kept = blocked === null ? protectedForOthers(Math.max(0, net), position, product, policy, channel) : 0;
  const cap = channel.caps.find(product.sku, location.locationId, product.class) ?? null;
  const sellMultiple =
    channel.sellMultiples.find(product.sku, location.locationId, product.class) ?? product.sellMultiple ?? 1;
  const availableToSell = blocked === null ? toSell(net - kept, cap, sellMultiple) : 0;
  return { availableToSell, blocked, protectedForOthers: kept, cap, sellMultiple };
}

/** The terms, in the order a person would subtract them, and their sum. */
function explainNet(
  { product, location, policy, fromComponents = 0 }: AvailabilityInput,
  position: Position,
  channel: IndexedChannel,
  verdict: SourcesVerdict,
): { terms: AvailabilityTerm[]; net: number } {
  const { wms, erp, returns } = position;
  const shelf = onHandOf(wms);
  const book = verdict.mode === "MIN_OF_SOURCES" ? bookOnHandOf(position) : shelf;
  const onHand = Math.min(shelf, book);
  const terms: AvailabilityTerm[] = [{ name: "onHand", quantity: onHand, source: book < shelf ? "erp" : "wms" }];
  let net = onHand + fromComponents;
  if (fromComponents !== 0) terms.push({ name: "components", quantity: fromComponents, source: "availability" });

  net -= subtract(terms, "damaged", wms.damaged, "wms");
  net -= subtract(terms, "hold", wms.hold, "wms");
  net -= subtract(terms, "expired", wms.expired, "wms");
  net -= subtract(terms, "dock", wms.dock, "wms");
  // Both count the same units, each with its own delay: believe the one that knows of more.
  const atReturnsDesk = returns.quarantined + returns.inInspection;
  net -= subtract(
    terms,
    "quarantine",
    Math.max(wms.quarantine, atReturnsDesk),
    atReturnsDesk > wms.quarantine ? "returns" : "wms",
  );

  // Picked units are those of committed orders, so the larger of the two covers both.
  const stillCommitted = Math.max(0, erp.committed - position.shippedNotPosted);
  if (wms.picked > stillCommitted) {
    net -= subtract(terms, "picked", wms.picked, "wms");
  } else {
    net -= stillCommitted;
    terms.push({ name: "committed", quantity: 0 - erp.committed, source: "erp" });
    const shipped = erp.committed - stillCommitted;
    if (shipped !== 0) terms.push({ name: "shippedNotPosted", quantity: shipped, source: "wms" });
  }
  net -= subtract(terms, "reserved", position.reserved, "availability");

  const safety = safetyStockOf(channel, policy.policy.defaultSafetyStock, product, location.locationId);
  net -= safety.quantity;
  terms.push({ name: "safetyStock", quantity: 0 - safety.quantity, source: safety.source });
  for (const source of verdict.sources) net -= subtract(terms, "staleBuffer", source.heldBack, source.system);
  return { terms, net };
}

/** A bucket below zero is somebody's mistake or a fact still on its way: it never adds stock to sell. */
function subtract(terms: AvailabilityTerm[], name: TermName, quantity: number, source: AvailabilityTerm["source"]) {
  if (quantity <= 0) return 0;
  terms.push({ name, quantity: 0 - quantity, source });
  return quantity;
}

/** What other channels still have protected here, as far as `available` goes round. */
function protectedForOthers(
  available: number,
  position: Position,
  product: ProductFacts,
  policy: IndexedPolicy,
  channel: IndexedChannel,
): number {
  if (policy.protectors.length === 0) return 0;
  const claims: ProtectionClaim[] = [];
  let own = -1;
  for (const protector of policy.protectors) {
    const protection = protector.protections.find(product.sku, position.locationId, product.class) ?? 0;
    // Stock kept for a channel that may not sell it would be hidden from everybody.
    if (protection === 0 || !isEligible(protector, product, position.locationId)) continue;
    if (protector === channel) own = claims.length;
    const { id, priority } = protector.policy;
    claims.push({ priority, protection, consumed: reservedBy(position, id) });
  }
  if (claims.length === 0) return 0;
  return rationProtections(available, claims).reduce((sum, share, i) => (i === own ? sum : sum + share), 0);
}

function reservedBy(position: Position, channelId: string): number {
  return Object.hasOwn(position.reservedByChannel, channelId) ? (position.reservedByChannel[channelId] ?? 0) : 0;
}

function toSell(left: number, cap: number | null, multiple: number): number {
  const most = Math.max(0, cap === null ? left : Math.min(left, cap));
  return most - (most % multiple);
}

/**
 * Numbers that no warehouse can have. `picked` is not among them: an order shipped without a pick having been
 * reported leaves it below zero and on-hand right.
 */
function negativeReason({ wms, returns }: Position): string | null {
  const onHand = onHandOf(wms);
  if (onHand < 0) return `NEGATIVE_ON_HAND: the warehouse reports ${onHand} on hand`;
  const lowest = Math.min(wms.unrestricted, wms.dock, wms.damaged, wms.hold, wms.expired, wms.quarantine);
  if (lowest < 0) return `NEGATIVE_ON_HAND: the warehouse reports ${lowest} in a bucket`;
  const atReturnsDesk = Math.min(returns.quarantined, returns.inInspection);
  return atReturnsDesk < 0 ? `NEGATIVE_ON_HAND: the returns desk reports ${atReturnsDesk}` : null;
}

function unknownResult(
  { position, product, location, policy, nowMs }: AvailabilityInput,
  channel: IndexedChannel,
  verdict: SourcesVerdict,
  reason: string,
): AvailabilityResult {
  return {
    sku: product.sku,
    locationId: location.locationId,
    channel: channel.policy.id,
    availableToSell: null,
    net: null,
    reason,
    confidence: "UNKNOWN",
    terms: [],
    sources: verdict.sources,
    protectedForOthers: 0,
    cap: null,
    sellMultiple: product.sellMultiple ?? 1,
    asOfMs: verdict.asOfMs ?? nowMs,
    version: position?.version ?? 0,
    policyVersion: policy.policy.version,
  };
}
