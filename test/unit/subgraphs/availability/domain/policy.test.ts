/**
 * Channel policy: what a change may say, what it changes, and which rule is found.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "../../../../../shared/errors.ts";
import { limits } from "../../../../../shared/limits.ts";
import { defaultPolicy, type RuleScope } from "../../../../../subgraphs/availability/domain/policy.ts";
import {
  applyPolicyChange,
  type PolicyChangeInput,
  parsePolicyChange,
} from "../../../../../subgraphs/availability/domain/policy-change.ts";
import { indexPolicy, indexRules } from "../../../../../subgraphs/availability/domain/policy-index.ts";
import { defaultPromising } from "../../../../../subgraphs/availability/domain/promising.ts";
import { everything, itemClass, locationId, sku } from "./fixtures.ts";

const change = (input: Partial<PolicyChangeInput>, policy = defaultPolicy()) =>
  applyPolicyChange(policy, parsePolicyChange({ channel: "WEB", ...input }), policy.version + 1);
const channelOf = (policy: ReturnType<typeof change>, id: string) => policy.channels.find((c) => c.id === id);

/** The code and the field of the refusal. */
function refusal(input: unknown): [string, readonly string[] | undefined] {
  try {
    change(input as Partial<PolicyChangeInput>);
  } catch (error) {
    if (error instanceof AppError) return [error.code, error.details.field];
    throw error;
  }
  throw new Error("The change was accepted.");
}

describe("the policy in force until somebody decides otherwise", () => {
  it("has a public web shop, business customers and marketplaces, in this order", () => {
    const { channels } = indexPolicy(defaultPolicy());
    expect(channels.map(({ policy }) => [policy.id, policy.priority, policy.public])).toEqual([
      ["WEB", 1, true],
      ["B2B", 2, false],
      ["MARKETPLACE", 3, false],
    ]);
  });

  it("survives being stored as JSON", () => {
    expect(JSON.parse(JSON.stringify(defaultPolicy()))).toEqual(defaultPolicy());
  });
});

describe("a change of policy", () => {
  it("makes a new version and leaves the old one as it was", () => {
    const before = defaultPolicy();
    const after = change({ protections: [{ sku, quantity: 30 }] }, before);
    expect(after.version).toBe(before.version + 1);
    expect(channelOf(after, "WEB")?.protections).toEqual([{ ...everything, sku, quantity: 30 }]);
    expect(before).toEqual(defaultPolicy());
  });

  it("leaves alone what it does not name, and replaces the lists it does name", () => {
    const first = change({ protections: [{ quantity: 5 }], caps: [{ quantity: 9 }], name: "Shop" });
    const second = change({ protections: [] }, first);
    expect(channelOf(second, "WEB")).toMatchObject({
      name: "Shop",
      protections: [],
      caps: [{ ...everything, quantity: 9 }],
    });
    expect(channelOf(second, "B2B")).toEqual(channelOf(defaultPolicy(), "B2B"));
  });

  it("sets a channel's own safety stocks apart from those of all channels and of other channels", () => {
    const shared = change({ sharedSafetyStocks: [{ class: itemClass, quantity: 4 }], defaultSafetyStock: 1 });
    const web = change({ safetyStocks: [{ sku, locationId, quantity: 7 }] }, shared);
    const b2b = change({ channel: "B2B", safetyStocks: [{ sku, quantity: 2 }] }, web);
    expect(b2b.defaultSafetyStock).toBe(1);
    expect(change({ safetyStocks: [] }, b2b).safetyStocks).toEqual([
      { ...everything, class: itemClass, channel: null, quantity: 4 },
      { ...everything, sku, channel: "B2B", quantity: 2 },
    ]);
  });

  it("changes the degraded mode of one source, and of that only what it names", () => {
    const after = change({ degraded: [{ system: "wms", mode: "FAIL_CLOSED", staleBuffer: 3 }] });
    expect(channelOf(after, "WEB")?.degraded).toMatchObject({
      wms: { mode: "FAIL_CLOSED", staleBuffer: 3, staleAfterMs: 30_000, unreachableAfterMs: 300_000 },
      erp: { mode: "LAST_KNOWN_BUFFERED", staleBuffer: 0 },
    });
  });

  it("adds a channel that is not there yet: last in line, not public", () => {
    const after = change({ channel: "OUTLET", name: "Outlet" });
    expect(channelOf(after, "OUTLET")).toMatchObject({ name: "Outlet", public: false, priority: 4, protections: [] });
    expect(after.channels).toHaveLength(4);
  });

  it("can be stored as JSON between proposal and approval", () => {
    const parsed = parsePolicyChange({ channel: "WEB", caps: [{ sku, quantity: 5 }], degraded: [{ system: "erp" }] });
    expect(JSON.parse(JSON.stringify(parsed))).toEqual(parsed);
  });
});

describe("a change is refused as a whole, naming the field", () => {
  const tooMuch = limits.quantityMax + 1;
  it.each<[string, unknown, readonly string[]]>([
    ["no channel", { channel: "" }, ["channel"]],
    ["an empty name", { name: "" }, ["name"]],
    ["a negative priority", { priority: -1 }, ["priority"]],
    ["a negative protection", { protections: [{ quantity: -1 }] }, ["protections", "0", "quantity"]],
    ["a fraction of a unit", { caps: [{ sku, quantity: 1.5 }] }, ["caps", "0", "quantity"]],
    ["a quantity out of range", { protections: [{ quantity: tooMuch }] }, ["protections", "0", "quantity"]],
    ["a negative safety stock", { safetyStocks: [{ quantity: -5 }] }, ["safetyStocks", "0", "quantity"]],
    ["a negative default", { defaultSafetyStock: -5 }, ["defaultSafetyStock"]],
    ["a multiple of 0", { sellMultiples: [{ sku, multiple: 0 }] }, ["sellMultiples", "0", "multiple"]],
    ["an empty SKU", { eligibility: [{ sku: "", allowed: true }] }, ["eligibility", "0", "sku"]],
    ["an empty location", { caps: [{ locationId: "", quantity: 1 }] }, ["caps", "0", "locationId"]],
    ["an empty class", { caps: [{ class: "", quantity: 1 }] }, ["caps", "0", "class"]],
    ["a SKU and a class at once", { caps: [{ sku, class: itemClass, quantity: 1 }] }, ["caps", "0", "class"]],
    [
      "two rules about the same",
      { caps: [{ quantity: 1 }, { sku, quantity: 1 }, { sku, quantity: 2 }] },
      ["caps", "2"],
    ],
    ["an unknown source", { degraded: [{ system: "crm" }] }, ["degraded", "0", "system"]],
    ["a source named twice", { degraded: [{ system: "erp" }, { system: "erp" }] }, ["degraded", "1", "system"]],
    ["an unknown mode", { degraded: [{ system: "erp", mode: "GUESS" }] }, ["degraded", "0", "mode"]],
    ["a negative buffer", { degraded: [{ system: "erp", staleBuffer: -1 }] }, ["degraded", "0", "staleBuffer"]],
    [
      "T1 above T2",
      { degraded: [{ system: "wms" }, { system: "erp", staleAfterMs: 300_001 }] },
      ["degraded", "1", "staleAfterMs"],
    ],
    ["a default channel nobody may see", { public: false }, ["public"]],
  ])("%s", (_case, input, field) => {
    expect(refusal(input)).toEqual(["INVALID_INPUT", ["input", ...field]]);
  });

  it("more rules than a request may carry", () => {
    const caps = Array.from({ length: limits.commandItemsMax + 1 }, (_, i) => ({ sku: `S${i}`, quantity: i }));
    expect(refusal({ caps })).toEqual(["TOO_MANY_ITEMS", ["input", "caps"]]);
  });
});

describe("the most specific rule is found", () => {
  const scopes: readonly RuleScope[] = [
    { ...everything, sku, locationId },
    { ...everything, sku },
    { ...everything, class: itemClass, locationId },
    { ...everything, class: itemClass },
    { ...everything, locationId },
    everything,
  ];
  const others: readonly RuleScope[] = [
    { ...everything, sku: "OTHER" },
    { ...everything, sku, locationId: "EAST" },
    { ...everything, class: "OTHER" },
    { ...everything, locationId: "EAST" },
  ];

  it("SKU at location, SKU, class at location, class, location, everything: whatever rules there are", () => {
    const anyOf = fc
      .subarray([...scopes, ...others])
      .chain((some) => fc.shuffledSubarray(some, { minLength: some.length }));
    fc.assert(
      fc.property(anyOf, (rules) => {
        const found = indexRules(rules, (rule) => rule).find(sku, locationId, itemClass);
        expect(found).toEqual(scopes.find((scope) => rules.includes(scope)));
      }),
    );
  });

  it("an item without a class meets no rule for a class", () => {
    const index = indexRules([{ ...everything, class: itemClass }], () => true);
    expect(index.find(sku, locationId, null)).toBeUndefined();
  });

  it("a rule whose value is 0 or false is a rule", () => {
    const rules = [everything, { ...everything, sku, locationId }].map((scope, i) => ({ ...scope, quantity: 1 - i }));
    expect(indexRules(rules, (rule) => rule.quantity).find(sku, locationId, null)).toBe(0);
    const denied = [
      { ...everything, allowed: true },
      { ...everything, sku, allowed: false },
    ];
    expect(indexRules(denied, (rule) => rule.allowed).find(sku, locationId, null)).toBe(false);
  });

  it("channels of the same priority are always in the same order, however the policy lists them", () => {
    const { channels, ...rest } = defaultPolicy();
    const equal = channels.map((channel) => ({ ...channel, priority: 1 }));
    const orderOf = (list: typeof equal) => indexPolicy({ ...rest, channels: list }).channels.map((c) => c.policy.id);
    expect(orderOf([...equal].reverse())).toEqual(["B2B", "MARKETPLACE", "WEB"]);
    expect(orderOf(equal)).toEqual(["B2B", "MARKETPLACE", "WEB"]);
  });
});

describe("how far a channel promises what has not arrived", () => {
  it("is the default until somebody says otherwise, member by member, and stays through other changes", () => {
    const promising = (policy: ReturnType<typeof change>) => channelOf(policy, "WEB")?.promising;
    expect(promising(change({ caps: [] }))).toBeUndefined();
    const half = change({ promising: { purchaseOrderPercent: 50, restockDays: null } });
    expect(promising(half)).toEqual({ ...defaultPromising, purchaseOrderPercent: 50 });
    const later = change({ promising: { restockDays: limits.restockDaysMax } }, change({ priority: 4 }, half));
    expect(promising(later)).toEqual({ ...defaultPromising, purchaseOrderPercent: 50, restockDays: 365 });
  });

  it("is not touched by a proposal from before there was any", () => {
    const { promising: _, ...old } = parsePolicyChange({ channel: "WEB", priority: 7 });
    const before = change({ promising: { transferPercent: 10 } });
    expect(channelOf(applyPolicyChange(before, old, 9), "WEB")).toMatchObject({
      priority: 7,
      promising: { transferPercent: 10 },
    });
  });

  it.each([
    ["purchaseOrderPercent", 101],
    ["transferPercent", -1],
    ["restockPercent", 0.5],
    ["latenessPercentile", 200],
    ["restockDays", 366],
  ])("refuses %s of %s", (member, value) => {
    expect(refusal({ promising: { [member]: value } })).toEqual(["INVALID_INPUT", ["input", "promising", member]]);
  });
});
