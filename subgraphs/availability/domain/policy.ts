/**
 * Channel policy: who may sell what from where, what is protected for whom, and what to do when a source is silent.
 *
 * Immutable, versioned and plain JSON, because it is stored, compared and approved as such.
 * Says nothing about how a rule is looked up: that is `policy-index.ts`.
 */
import type { SourceSystem } from "./position.ts";
import type { PromisingPolicy } from "./promising.ts";

/**
 * What a rule is about; null means any. `sku` and `class` exclude each other, since a SKU has one class.
 * The most specific rule wins: SKU at location, SKU, class at location, class, location, everything.
 */
export interface RuleScope {
  readonly sku: string | null;
  readonly locationId: string | null;
  readonly class: string | null;
}

export interface EligibilityRule extends RuleScope {
  readonly allowed: boolean;
}

/** `quantity` in base units: kept back for a channel, or the most that a channel may see. */
export interface QuantityRule extends RuleScope {
  readonly quantity: number;
}

export interface SellMultipleRule extends RuleScope {
  readonly multiple: number;
}

/** `channel` null: for every channel. With the same scope, the channel's own rule wins. */
export interface SafetyStockRule extends QuantityRule {
  readonly channel: string | null;
}

/** What a channel does once a source is unreachable or its events have a gap; the strictest of several wins. */
export const degradedModes = ["LAST_KNOWN_BUFFERED", "MIN_OF_SOURCES", "FAIL_CLOSED", "ERROR"] as const;
export type DegradedMode = (typeof degradedModes)[number];

export interface DegradedPolicy {
  /** T1: a source is fresh up to this age. */
  readonly staleAfterMs: number;
  /** T2: beyond this age a source counts as unreachable. */
  readonly unreachableAfterMs: number;
  /** Base units held back while the source is not fresh. */
  readonly staleBuffer: number;
  readonly mode: DegradedMode;
}

export interface ChannelPolicy {
  readonly id: string;
  readonly name: string;
  /** May anonymous callers see its ATS? */
  readonly public: boolean;
  /** When protections cannot all be met, lower numbers are served first. */
  readonly priority: number;
  /** No matching rule: allowed. */
  readonly eligibility: readonly EligibilityRule[];
  readonly protections: readonly QuantityRule[];
  readonly caps: readonly QuantityRule[];
  readonly sellMultiples: readonly SellMultipleRule[];
  readonly degraded: Readonly<Record<SourceSystem, DegradedPolicy>>;
  /** Absent: `defaultPromising`, as in policies from before there was any. */
  readonly promising?: PromisingPolicy;
}

export interface Policy {
  readonly version: number;
  /** The public channel that answers when nobody names one. */
  readonly defaultChannel: string;
  readonly channels: readonly ChannelPolicy[];
  readonly safetyStocks: readonly SafetyStockRule[];
  readonly defaultSafetyStock: number;
}

export const defaultDegradedPolicy: DegradedPolicy = {
  staleAfterMs: 30_000,
  unreachableAfterMs: 300_000,
  staleBuffer: 0,
  mode: "LAST_KNOWN_BUFFERED",
};

/** A channel without a rule of its own: eligible everywhere, nothing protected, no cap. */
export function plainChannel(id: string, name: string, priority: number, isPublic = false): ChannelPolicy {
  return {
    id,
    name,
    public: isPublic,
    priority,
    eligibility: [],
    protections: [],
    caps: [],
    sellMultiples: [],
    degraded: { erp: defaultDegradedPolicy, wms: defaultDegradedPolicy, returns: defaultDegradedPolicy },
  };
}

/** In force until somebody decides otherwise. */
export function defaultPolicy(): Policy {
  return {
    version: 1,
    defaultChannel: "WEB",
    channels: [
      plainChannel("WEB", "Web shop", 1, true),
      plainChannel("B2B", "Business customers", 2),
      plainChannel("MARKETPLACE", "Marketplaces", 3),
    ],
    safetyStocks: [],
    defaultSafetyStock: 0,
  };
}
