/**
 * A policy made ready for look-ups: each rule is found by hash, never by scanning, however many there are.
 *
 * Built once per policy version and shared by every computation. Adds no meaning of its own: the order of
 * specificity is that of `RuleScope`.
 */
import { AppError } from "../../../shared/errors.ts";
import type { ChannelPolicy, Policy, RuleScope } from "./policy.ts";

/** The rules of one kind, by scope. */
export interface RuleIndex<T> {
  readonly size: number;
  /** The most specific rule that names the SKU. */
  forSku(sku: string, locationId: string): T | undefined;
  /** The most specific rule that does not name a SKU: class at location, class, location, everything. */
  forAnySku(locationId: string, itemClass: string | null): T | undefined;
  /** The most specific rule of all. */
  find(sku: string, locationId: string, itemClass: string | null): T | undefined;
}

export interface IndexedChannel {
  readonly policy: ChannelPolicy;
  readonly eligibility: RuleIndex<boolean>;
  readonly protections: RuleIndex<number>;
  readonly caps: RuleIndex<number>;
  readonly sellMultiples: RuleIndex<number>;
  /** The rules for every channel, overlaid with this channel's own. */
  readonly safetyStocks: RuleIndex<number>;
}

export interface IndexedPolicy {
  readonly policy: Policy;
  /** In the order protections are served: by priority, then by id. */
  readonly channels: readonly IndexedChannel[];
  /** Those of `channels` that have a protection somewhere. */
  readonly protectors: readonly IndexedChannel[];
  /** The channel of that id, or the default one. Fails with UNKNOWN_CHANNEL. */
  channel(id: string | null | undefined): IndexedChannel;
}

export function indexPolicy(policy: Policy): IndexedPolicy {
  const shared = policy.safetyStocks.filter((rule) => rule.channel === null);
  const sharedIndex = indexRules(shared, (rule) => rule.quantity);
  const channels = policy.channels.map((channel): IndexedChannel => {
    const own = policy.safetyStocks.filter((rule) => rule.channel === channel.id);
    return {
      policy: channel,
      eligibility: indexRules(channel.eligibility, (rule) => rule.allowed),
      protections: indexRules(channel.protections, (rule) => rule.quantity),
      caps: indexRules(channel.caps, (rule) => rule.quantity),
      sellMultiples: indexRules(channel.sellMultiples, (rule) => rule.multiple),
      safetyStocks: own.length === 0 ? sharedIndex : indexRules([...shared, ...own], (rule) => rule.quantity),
    };
  });
  channels.sort((a, b) => a.policy.priority - b.policy.priority || (a.policy.id < b.policy.id ? -1 : 1));
  const byId = new Map(channels.map((channel) => [channel.policy.id, channel]));

  return {
    policy,
    channels,
    protectors: channels.filter((channel) => channel.protections.size > 0),
    channel(id) {
      const found = byId.get(id ?? policy.defaultChannel);
      if (!found) throw new AppError("UNKNOWN_CHANNEL", { channel: id });
      return found;
    },
  };
}

/** Where two rules have the same scope, the later one counts. */
export function indexRules<R extends RuleScope, T>(rules: readonly R[], readValue: (rule: R) => T): RuleIndex<T> {
  const bySku = new Map<string, PerLocation<T>>();
  const byClass = new Map<string, PerLocation<T>>();
  const everything: PerLocation<T> = { anywhere: undefined, at: new Map() };
  for (const rule of rules) {
    const group =
      rule.sku !== null ? groupOf(bySku, rule.sku) : rule.class !== null ? groupOf(byClass, rule.class) : everything;
    if (rule.locationId === null) group.anywhere = readValue(rule);
    else group.at.set(rule.locationId, readValue(rule));
  }

  const forSku = (sku: string, locationId: string) => inGroup(bySku.get(sku), locationId);
  const forAnySku = (locationId: string, itemClass: string | null) =>
    (itemClass === null ? undefined : inGroup(byClass.get(itemClass), locationId)) ?? inGroup(everything, locationId);
  return {
    size: rules.length,
    forSku,
    forAnySku,
    find: (sku, locationId, itemClass) =>
      // No rules at all is by far the commonest case, and this is the hottest path of the system.
      rules.length === 0 ? undefined : (forSku(sku, locationId) ?? forAnySku(locationId, itemClass)),
  };
}

interface PerLocation<T> {
  anywhere: T | undefined;
  readonly at: Map<string, T>;
}

function groupOf<T>(groups: Map<string, PerLocation<T>>, key: string): PerLocation<T> {
  const group = groups.get(key) ?? { anywhere: undefined, at: new Map<string, T>() };
  groups.set(key, group);
  return group;
}

function inGroup<T>(group: PerLocation<T> | undefined, locationId: string): T | undefined {
  return group?.at.get(locationId) ?? group?.anywhere;
}
