/**
 * The effect of a policy is the difference that asking for every position under both policies makes: no more, no less.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computeAvailability } from "../../../../../subgraphs/availability/domain/ats.ts";
import { networkAvailability } from "../../../../../subgraphs/availability/domain/network.ts";
import type { Policy } from "../../../../../subgraphs/availability/domain/policy.ts";
import { type AnswerChange, tallyEffect } from "../../../../../subgraphs/availability/domain/policy-effect.ts";
import { indexPolicy } from "../../../../../subgraphs/availability/domain/policy-index.ts";
import { scopeFilter, scopesOfChange } from "../../../../../subgraphs/availability/domain/policy-scope.ts";
import type { Position } from "../../../../../subgraphs/availability/domain/position.ts";
import {
  anyPositions,
  channelIds,
  everything,
  freshnesses,
  inputFor,
  itemClass,
  locationId,
  policies,
  policyWith,
  sku,
  soundPositions,
} from "./fixtures.ts";

interface Place {
  readonly position: Position;
  readonly itemClass: string | null;
}

/** Four positions, of which the rules of the fixtures name some by SKU, some by location, some by class. */
const places: fc.Arbitrary<Place[]> = fc
  .array(fc.oneof(soundPositions, anyPositions), { minLength: 4, maxLength: 4 })
  .map((found) =>
    found.map((position, i) => ({
      position: { ...position, sku: i < 2 ? sku : "OTHER", locationId: i % 2 === 0 ? locationId : "EAST" },
      itemClass: i < 2 ? itemClass : null,
    })),
  );

/** The second has some parts of another policy in the place of its own. */
const pairs: fc.Arbitrary<[Policy, Policy]> = fc
  .tuple(policies, policies, fc.constantFrom(...channelIds), fc.integer({ min: 0, max: 127 }))
  .map(([before, other, id, parts]) => {
    const part = (n: number) => (parts & (1 << n)) !== 0;
    const after: Policy = {
      ...before,
      safetyStocks: part(0) ? other.safetyStocks : before.safetyStocks,
      defaultSafetyStock: part(1) && part(2) ? other.defaultSafetyStock : before.defaultSafetyStock,
      channels: before.channels.map((channel, i) => {
        const next = other.channels[i];
        if (!next || channel.id !== id) return channel;
        return {
          ...channel,
          ...(part(2) ? { eligibility: next.eligibility } : {}),
          ...(part(3) ? { protections: next.protections } : {}),
          ...(part(4) ? { caps: next.caps } : {}),
          ...(part(5) ? { sellMultiples: next.sellMultiples } : {}),
          ...(part(6) ? { priority: next.priority } : {}),
          ...(part(5) && part(6) ? { degraded: next.degraded } : {}),
        };
      }),
    };
    return [before, after];
  });

const changes = fc.tuple(pairs, places, freshnesses);

function answers([before, after]: readonly [Policy, Policy], place: Place, freshness: object): AnswerChange[] {
  const { position } = place;
  const under = (policy: Policy, channel: string) => {
    const product = { sku: position.sku, class: place.itemClass };
    const input = inputFor({ product, location: { locationId: position.locationId }, freshness }, channel);
    return computeAvailability({ ...input, policy: indexPolicy(policy), position });
  };
  return channelIds.map((channel) => {
    const { availableToSell, confidence } = under(after, channel);
    return { channel, before: under(before, channel).availableToSell, after: availableToSell, confidence };
  });
}

describe("the scope of a change", () => {
  it("has every position in it whose answer differs on any channel", () => {
    fc.assert(
      fc.property(changes, ([policiesOf, all, freshness]) => {
        const inScope = scopeFilter(scopesOfChange(...policiesOf));
        for (const place of all) {
          const { position, itemClass: of } = place;
          if (inScope(position.sku, position.locationId, of)) continue;
          for (const { before, after } of answers(policiesOf, place, freshness)) expect(after).toBe(before);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("is nothing when nothing that counts has changed", () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const renamed = policy.channels.map((channel) => ({ ...channel, name: "New name", public: !channel.public }));
        const turned = renamed.map((channel) => ({ ...channel, caps: [...channel.caps].reverse() }));
        expect(scopesOfChange(policy, { ...policy, version: 9, channels: turned })).toEqual([]);
      }),
    );
  });

  it("is that of the rules that differ, and of every protection when somebody is served earlier", () => {
    const rule = (of: string, quantity: number) => ({ ...everything, sku: of, quantity });
    const before = policyWith({
      B2B: { protections: [rule("A", 1), rule("B", 2)] },
      WEB: { protections: [rule("C", 1)] },
    });
    const after = policyWith({
      B2B: { protections: [rule("A", 1), rule("B", 3), rule("D", 1)] },
      WEB: { protections: [rule("C", 1)] },
    });
    const skus = (a: Policy, b: Policy) => scopesOfChange(a, b).map((scope) => scope.sku);
    expect(skus(before, after)).toEqual(["B", "D"]);
    const promoted = { ...before, channels: before.channels.map((c) => (c.id === "B2B" ? { ...c, priority: 0 } : c)) };
    expect(skus(before, promoted).sort()).toEqual(["A", "B", "C"]);
    expect(scopesOfChange(before, { ...after, defaultSafetyStock: 1 })).toEqual([everything]);
  });
});

describe("the effect of a change", () => {
  it("is the difference of the answers to every question, asked under both policies", () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 3 }), ([policiesOf, all, freshness], largest) => {
        const inScope = scopeFilter(scopesOfChange(...policiesOf));
        const tally = tallyEffect(channelIds, largest);
        const asked = all.flatMap((place) => {
          const { sku: of, locationId: at } = place.position;
          const found = answers(policiesOf, place, freshness);
          if (inScope(of, at, place.itemClass)) tally.add(of, at, found);
          return found.map((answer) => ({ ...answer, sku: of, locationId: at }));
        });
        const effect = tally.effect();
        const differ = asked.filter(({ before, after }) => before !== after);
        expect(effect.positionsChanged).toBe(new Set(differ.map((a) => `${a.sku} ${a.locationId}`)).size);
        for (const { channel, before, after, positionsChanged } of effect.channels) {
          const own = asked.filter((answer) => answer.channel === channel);
          const sum = (values: (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0);
          expect(after - before).toBe(sum(own.map((a) => a.after)) - sum(own.map((a) => a.before)));
          expect(positionsChanged).toBe(own.filter((a) => a.before !== a.after).length);
        }
        const changesOf = (sign: number) =>
          differ
            .map((a) => sign * ((a.after ?? 0) - (a.before ?? 0)))
            .filter((change) => change > 0)
            .sort((a, b) => b - a)
            .slice(0, largest);
        expect(effect.largestLosses.map(({ change }) => -change)).toEqual(changesOf(-1));
        expect(effect.largestGains.map(({ change }) => change)).toEqual(changesOf(1));
      }),
      { numRuns: 1_000 },
    );
  });

  it("lists equal changes by SKU, location and channel, whatever the order they came in", () => {
    const list = (skus: readonly string[]) => {
      const tally = tallyEffect(["WEB"], 3);
      for (const of of skus) tally.add(of, "L", [{ channel: "WEB", before: 5, after: 3, confidence: "FRESH" }]);
      return tally.effect().largestLosses.map((loss) => loss.sku);
    };
    expect(list(["D", "B", "A", "C"])).toEqual(["A", "B", "C"]);
    expect(list(["A", "B", "C", "D"])).toEqual(["A", "B", "C"]);
  });

  it("counts what is unknown beside the sums, and is as reliable as its worst answer", () => {
    const tally = tallyEffect(["WEB"], 3);
    tally.add("A", "L", [{ channel: "WEB", before: 5, after: null, confidence: "UNKNOWN" }]);
    tally.add("B", "L", [{ channel: "WEB", before: null, after: 0, confidence: "FRESH" }]);
    expect(tally.effect()).toMatchObject({
      positionsInScope: 2,
      positionsChanged: 2,
      channels: [{ channel: "WEB", before: 5, after: 0, positionsChanged: 2, unknownBefore: 1, unknownAfter: 1 }],
      largestLosses: [{ sku: "A", before: 5, after: null, change: -5 }],
      largestGains: [],
      confidence: networkAvailability([{ locationId: "L", availableToSell: null, confidence: "UNKNOWN" }]).confidence,
    });
  });
});
