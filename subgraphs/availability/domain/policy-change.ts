/**
 * A proposed change of one channel's policy: checked in full before anybody is asked to approve it.
 *
 * What a change leaves out stays as it is; a list it names replaces the channel's whole list. Never half applied:
 * the result is a new policy. Does not know who proposes or approves.
 */
import { AppError } from "../../../shared/errors.ts";
import { parseChannelId, parseCode, parseLocationId, parseSku } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import {
  type ChannelPolicy,
  type DegradedMode,
  type DegradedPolicy,
  degradedModes,
  type EligibilityRule,
  type Policy,
  plainChannel,
  type QuantityRule,
  type RuleScope,
  type SafetyStockRule,
  type SellMultipleRule,
} from "./policy.ts";
import { type SourceSystem, sourceSystems } from "./position.ts";
import { defaultPromising, type PromisingPolicy } from "./promising.ts";

type Optional<T> = { readonly [K in keyof T]?: T[K] | null | undefined };
type Proposed<R extends RuleScope> = Optional<RuleScope> & Omit<R, keyof RuleScope>;

/** As a caller writes it: members may be absent or null. */
export interface PolicyChangeInput
  extends Optional<{
    name: string;
    public: boolean;
    priority: number;
    eligibility: readonly Proposed<EligibilityRule>[];
    protections: readonly Proposed<QuantityRule>[];
    /** This channel's own. */
    safetyStocks: readonly Proposed<QuantityRule>[];
    /** Those for every channel. */
    sharedSafetyStocks: readonly Proposed<QuantityRule>[];
    defaultSafetyStock: number;
    caps: readonly Proposed<QuantityRule>[];
    sellMultiples: readonly Proposed<SellMultipleRule>[];
    degraded: readonly DegradedChangeInput[];
    promising: Optional<PromisingPolicy>;
  }> {
  readonly channel: string;
}

export interface DegradedChangeInput extends Optional<DegradedPolicy> {
  readonly system: SourceSystem;
}

/** Plain JSON; null: stays as it is. */
export interface PolicyChange {
  readonly channel: string;
  readonly name: string | null;
  readonly public: boolean | null;
  readonly priority: number | null;
  readonly eligibility: readonly EligibilityRule[] | null;
  readonly protections: readonly QuantityRule[] | null;
  readonly safetyStocks: readonly QuantityRule[] | null;
  readonly sharedSafetyStocks: readonly QuantityRule[] | null;
  readonly defaultSafetyStock: number | null;
  readonly caps: readonly QuantityRule[] | null;
  readonly sellMultiples: readonly SellMultipleRule[] | null;
  readonly degraded: readonly DegradedChange[] | null;
  /** Absent in proposals from before there was any. */
  readonly promising?: Partial<PromisingPolicy> | null;
}

export interface DegradedChange {
  readonly system: SourceSystem;
  readonly staleAfterMs: number | null;
  readonly unreachableAfterMs: number | null;
  readonly staleBuffer: number | null;
  readonly mode: DegradedMode | null;
}

/** Fails with INVALID_INPUT naming the field, TOO_MANY_ITEMS. */
export function parsePolicyChange(input: PolicyChangeInput): PolicyChange {
  const quantities = (field: string, rules: readonly Proposed<QuantityRule>[] | null | undefined) =>
    parseRules(field, rules, (rule, path) => ({ quantity: parseWhole(rule.quantity, 0, [...path, "quantity"]) }));
  return {
    channel: parseChannelId(input.channel, ["input", "channel"]),
    name: orNull(input.name, (name) => parseCode(name, limits.nameLengthMax, ["input", "name"])),
    public: input.public ?? null,
    priority: orNull(input.priority, (priority) => parseWhole(priority, 0, ["input", "priority"])),
    eligibility: parseRules("eligibility", input.eligibility, (rule) => ({ allowed: rule.allowed })),
    protections: quantities("protections", input.protections),
    safetyStocks: quantities("safetyStocks", input.safetyStocks),
    sharedSafetyStocks: quantities("sharedSafetyStocks", input.sharedSafetyStocks),
    defaultSafetyStock: orNull(input.defaultSafetyStock, (quantity) =>
      parseWhole(quantity, 0, ["input", "defaultSafetyStock"]),
    ),
    caps: quantities("caps", input.caps),
    sellMultiples: parseRules("sellMultiples", input.sellMultiples, (rule, path) => ({
      multiple: parseWhole(rule.multiple, 1, [...path, "multiple"]),
    })),
    degraded: orNull(input.degraded, parseDegraded),
    promising: orNull(input.promising, parsePromising),
  };
}

/**
 * The policy with the change in force, under a new version. A channel that is not there yet is added, last in
 * priority and not public unless the change says otherwise.
 * Fails with INVALID_INPUT when the parts do not fit together: T1 above T2, or a default channel nobody may see.
 */
export function applyPolicyChange(policy: Policy, change: PolicyChange, version: number): Policy {
  const found = policy.channels.find((channel) => channel.id === change.channel);
  const lowest = policy.channels.reduce((last, channel) => Math.max(last, channel.priority), 0);
  const before = found ?? plainChannel(change.channel, change.channel, lowest + 1);
  const after: ChannelPolicy = {
    id: before.id,
    name: change.name ?? before.name,
    public: change.public ?? before.public,
    priority: change.priority ?? before.priority,
    eligibility: change.eligibility ?? before.eligibility,
    protections: change.protections ?? before.protections,
    caps: change.caps ?? before.caps,
    sellMultiples: change.sellMultiples ?? before.sellMultiples,
    degraded: applyDegraded(before.degraded, change.degraded ?? []),
    ...(before.promising ? { promising: before.promising } : {}),
    ...(change.promising ? { promising: { ...defaultPromising, ...before.promising, ...change.promising } } : {}),
  };
  if (after.id === policy.defaultChannel && !after.public) {
    throw invalid(["input", "public"], "The default channel must stay public.");
  }
  return {
    version,
    defaultChannel: policy.defaultChannel,
    channels: found
      ? policy.channels.map((channel) => (channel.id === after.id ? after : channel))
      : [...policy.channels, after],
    safetyStocks: applySafetyStocks(policy.safetyStocks, change),
    defaultSafetyStock: change.defaultSafetyStock ?? policy.defaultSafetyStock,
  };
}

function applySafetyStocks(before: readonly SafetyStockRule[], change: PolicyChange): readonly SafetyStockRule[] {
  let rules = before;
  const replace = (channel: string | null, own: readonly QuantityRule[] | null) => {
    if (own === null) return;
    rules = [...rules.filter((rule) => rule.channel !== channel), ...own.map((rule) => ({ ...rule, channel }))];
  };
  replace(null, change.sharedSafetyStocks);
  replace(change.channel, change.safetyStocks);
  return rules;
}

function applyDegraded(before: ChannelPolicy["degraded"], changes: readonly DegradedChange[]) {
  const after = { ...before };
  changes.forEach((change, i) => {
    const old = before[change.system];
    const next: DegradedPolicy = {
      staleAfterMs: change.staleAfterMs ?? old.staleAfterMs,
      unreachableAfterMs: change.unreachableAfterMs ?? old.unreachableAfterMs,
      staleBuffer: change.staleBuffer ?? old.staleBuffer,
      mode: change.mode ?? old.mode,
    };
    if (next.staleAfterMs > next.unreachableAfterMs) {
      throw invalid(["input", "degraded", `${i}`, "staleAfterMs"], "staleAfterMs must not exceed unreachableAfterMs.");
    }
    after[change.system] = next;
  });
  return after;
}

function parseDegraded(changes: readonly DegradedChangeInput[]): readonly DegradedChange[] {
  const seen = new Set<string>();
  return changes.map((change, i): DegradedChange => {
    const path = ["input", "degraded", `${i}`];
    const whole = (name: "staleAfterMs" | "unreachableAfterMs" | "staleBuffer") =>
      orNull(change[name], (value) => parseWhole(value, 0, [...path, name]));
    if (!sourceSystems.includes(change.system)) throw invalid([...path, "system"], "There is no such source system.");
    if (seen.has(change.system)) throw invalid([...path, "system"], "This source system is named twice.");
    seen.add(change.system);
    const mode = change.mode ?? null;
    if (mode !== null && !degradedModes.includes(mode)) throw invalid([...path, "mode"], "There is no such mode.");
    return {
      system: change.system,
      staleAfterMs: whole("staleAfterMs"),
      unreachableAfterMs: whole("unreachableAfterMs"),
      staleBuffer: whole("staleBuffer"),
      mode,
    };
  });
}

const promisingMax: PromisingPolicy = {
  purchaseOrderPercent: 100,
  transferPercent: 100,
  restockPercent: 100,
  latenessPercentile: 100,
  restockDays: limits.restockDaysMax,
};

function parsePromising(change: Optional<PromisingPolicy>): Partial<PromisingPolicy> {
  const given = Object.entries(promisingMax).flatMap(([name, max]) => {
    const value = change[name as keyof PromisingPolicy];
    return value == null ? [] : [[name, parseWhole(value, 0, ["input", "promising", name], max)]];
  });
  return Object.fromEntries(given);
}

function parseRules<R extends Optional<RuleScope>, T>(
  name: string,
  rules: readonly R[] | null | undefined,
  parse: (rule: R, path: readonly string[]) => T,
): readonly (RuleScope & T)[] | null {
  if (rules == null) return null;
  if (rules.length > limits.commandItemsMax) throw new AppError("TOO_MANY_ITEMS", { field: ["input", name] });
  const seen = new Set<string>();
  return rules.map((rule, i) => {
    const path = ["input", name, `${i}`];
    const scope = parseScope(rule, path);
    const key = JSON.stringify([scope.sku, scope.locationId, scope.class]);
    if (seen.has(key)) throw invalid(path, "Another rule of this list is about the same.");
    seen.add(key);
    return { ...scope, ...parse(rule, path) };
  });
}

function parseScope(scope: Optional<RuleScope>, path: readonly string[]): RuleScope {
  if (scope.sku != null && scope.class != null) {
    throw invalid([...path, "class"], "A rule names a SKU or an item class, not both.");
  }
  return {
    sku: orNull(scope.sku, (sku) => parseSku(sku, [...path, "sku"])),
    locationId: orNull(scope.locationId, (locationId) => parseLocationId(locationId, [...path, "locationId"])),
    class: orNull(scope.class, (itemClass) => parseCode(itemClass, limits.nameLengthMax, [...path, "class"])),
  };
}

function parseWhole(value: number, min: number, field: readonly string[], max: number = limits.quantityMax): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(field, `${field.at(-1)} must be a whole number from ${min} to ${max}.`);
}

function orNull<T, U>(value: T | null | undefined, parse: (value: T) => U): U | null {
  return value == null ? null : parse(value);
}

function invalid(field: readonly string[], message: string): AppError {
  return new AppError("INVALID_INPUT", { field, message });
}
