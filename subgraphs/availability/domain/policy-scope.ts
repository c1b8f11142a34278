/**
 * Which positions a change of policy can reach at all: the scopes of the rules that differ.
 *
 * A position outside every scope has the same available-to-sell, on every channel, under both policies. Inside, it may
 * have: a scope is a reason to compute, not an answer. Does not know how positions are found.
 */
import type { ChannelPolicy, Policy, RuleScope } from "./policy.ts";
import { indexRules, type RuleIndex } from "./policy-index.ts";

const everywhere: RuleScope = { sku: null, locationId: null, class: null };

/** Each scope once; none when the two policies answer alike everywhere. */
export function scopesOfChange(before: Policy, after: Policy): readonly RuleScope[] {
  const scopes = [
    ...changedRules(before.safetyStocks, after.safetyStocks),
    ...(before.defaultSafetyStock === after.defaultSafetyStock ? [] : [everywhere]),
  ];
  const ids = new Set([...before.channels, ...after.channels].map((channel) => channel.id));
  for (const id of ids) scopes.push(...scopesOfChannel(id, before, after));
  if (scopes.some(isEverywhere)) return [everywhere];
  return [...new Map(scopes.map((scope) => [textOf(scope), scope])).values()];
}

/** Is a position of this SKU, class and location in one of the scopes? */
export function scopeFilter(scopes: readonly RuleScope[]): RuleIndex<boolean>["find"] {
  return indexRules(scopes, () => true).find;
}

function scopesOfChannel(id: string, before: Policy, after: Policy): RuleScope[] {
  const [old, next] = [channelOf(before, id), channelOf(after, id)];
  // A channel that begins or ends has an answer where it had none, or the other way round.
  if (!old || !next || JSON.stringify(sorted(old.degraded)) !== JSON.stringify(sorted(next.degraded))) {
    return [everywhere];
  }
  const scopes = [
    ...changedRules(old.eligibility, next.eligibility),
    ...changedRules(old.protections, next.protections),
    ...changedRules(old.caps, next.caps),
    ...changedRules(old.sellMultiples, next.sellMultiples),
  ];
  // Who is served first matters wherever something is kept for anybody.
  if (old.priority !== next.priority) {
    for (const channel of [...before.channels, ...after.channels]) scopes.push(...channel.protections.map(scopeOf));
  }
  return scopes;
}

/** The scopes of rules that only one of the two lists has. */
function changedRules(before: readonly RuleScope[], after: readonly RuleScope[]): RuleScope[] {
  const texts = (rules: readonly RuleScope[]) => new Map(rules.map((rule) => [JSON.stringify(sorted(rule)), rule]));
  const [old, next] = [texts(before), texts(after)];
  const only = (rules: ReadonlyMap<string, RuleScope>, others: ReadonlyMap<string, RuleScope>) =>
    [...rules].filter(([text]) => !others.has(text)).map(([, rule]) => scopeOf(rule));
  return [...only(old, next), ...only(next, old)];
}

function channelOf(policy: Policy, id: string): ChannelPolicy | undefined {
  return policy.channels.find((channel) => channel.id === id);
}

function scopeOf({ sku, locationId, class: itemClass }: RuleScope): RuleScope {
  return { sku, locationId, class: itemClass };
}

function isEverywhere({ sku, locationId, class: itemClass }: RuleScope): boolean {
  return sku === null && locationId === null && itemClass === null;
}

function textOf({ sku, locationId, class: itemClass }: RuleScope): string {
  return JSON.stringify([sku, locationId, itemClass]);
}

/** Members in the order of their names, two levels deep: what a policy is made of. */
function sorted(value: object): unknown[] {
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, typeof member === "object" && member !== null ? sorted(member) : member]);
}
