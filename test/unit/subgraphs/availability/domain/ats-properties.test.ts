/**
 * What always holds of available-to-sell, whatever the numbers, the policy and the silence of the sources.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onHandOf } from "../../../../../shared/events/canonical-event.ts";
import {
  type AvailabilityInput,
  type AvailabilityResult,
  computeAvailability,
  isEligible,
} from "../../../../../subgraphs/availability/domain/ats.ts";
import { plainChannel } from "../../../../../subgraphs/availability/domain/policy.ts";
import { indexPolicy } from "../../../../../subgraphs/availability/domain/policy-index.ts";
import type { Position } from "../../../../../subgraphs/availability/domain/position.ts";
import { channelIds, situations, withReservation } from "./fixtures.ts";

type Situated = AvailabilityInput & { readonly position: Position };

const runs = { numRuns: 1_000 };
const channels = fc.constantFrom(...channelIds);
/** Null counts as lower than everything: less is promised. */
const promised = (answer: AvailabilityResult) => answer.availableToSell ?? -1;
const answersOf = (input: Situated, position: Position = input.position) =>
  channelIds.map((channel) => computeAvailability({ ...input, position, channel }));

describe("of every answer", () => {
  it("is never negative, and never more than what is on the shelf", () => {
    fc.assert(
      fc.property(situations, (input) => {
        const { availableToSell } = computeAvailability(input);
        if (availableToSell === null) return;
        expect(availableToSell).toBeGreaterThanOrEqual(0);
        expect(availableToSell).toBeLessThanOrEqual(Math.max(0, onHandOf(input.position.wms)));
      }),
      runs,
    );
  });

  it("the terms add up exactly to net, each name once per source, without noise of zeros", () => {
    fc.assert(
      fc.property(situations, (input) => {
        const { terms, net } = computeAvailability(input);
        expect(terms.reduce((sum, term) => sum + term.quantity, 0)).toBe(net ?? 0);
        const names = terms.map((term) => `${term.name} ${term.source}`);
        expect(new Set(names).size).toBe(names.length);
        for (const term of terms) {
          const always = ["onHand", "committed", "safetyStock"].includes(term.name);
          if (!always) expect(term.quantity).not.toBe(0);
          expect(Object.is(term.quantity, -0)).toBe(false);
        }
      }),
      runs,
    );
  });

  it("unknown means null, with a reason and no number at all; known means numbers", () => {
    fc.assert(
      fc.property(situations, (input) => {
        const answer = computeAvailability(input);
        const isUnknown = answer.availableToSell === null;
        expect(answer.net === null).toBe(isUnknown);
        expect(answer.confidence === "UNKNOWN").toBe(isUnknown);
        expect(answer.terms.length === 0).toBe(isUnknown);
        if (isUnknown) expect(answer.reason).toMatch(/^[A-Z_]+/);
      }),
      runs,
    );
  });

  it("what is promised is a whole multiple, within the cap, within net less what is kept for others", () => {
    fc.assert(
      fc.property(situations, (input) => {
        const { availableToSell, net, cap, sellMultiple, protectedForOthers } = computeAvailability(input);
        if (availableToSell === null || net === null) return;
        expect(availableToSell % sellMultiple).toBe(0);
        if (cap !== null) expect(availableToSell).toBeLessThanOrEqual(cap);
        if (availableToSell > 0) expect(availableToSell + protectedForOthers).toBeLessThanOrEqual(net);
        expect(protectedForOthers).toBeLessThanOrEqual(Math.max(0, net));
      }),
      runs,
    );
  });

  it("the same situation gives the same answer, and the question changes nothing", () => {
    fc.assert(
      fc.property(situations, (input) => {
        const before = structuredClone(input.position);
        expect(computeAvailability(input)).toEqual(computeAvailability(input));
        expect(input.position).toEqual(before);
      }),
    );
  });
});

describe("of stock", () => {
  it("one more unit on the shelf never lowers any channel's ATS", () => {
    fc.assert(
      fc.property(situations, fc.integer({ min: 1, max: 30 }), (input, more) => {
        const { wms } = input.position;
        const after = answersOf(input, { ...input.position, wms: { ...wms, unrestricted: wms.unrestricted + more } });
        answersOf(input).forEach((before, i) => {
          expect(promised(after[i] as AvailabilityResult)).toBeGreaterThanOrEqual(promised(before));
        });
      }),
      runs,
    );
  });

  it("moving units out of sale, into any blocked bucket, never raises any channel's ATS", () => {
    const blocked = fc.constantFrom("damaged", "hold", "expired", "dock", "quarantine", "picked");
    fc.assert(
      fc.property(situations, blocked, fc.integer({ min: 1, max: 30 }), (input, bucket, moved) => {
        const { wms } = input.position;
        const after = answersOf(input, {
          ...input.position,
          wms: { ...wms, unrestricted: wms.unrestricted - moved, [bucket]: wms[bucket] + moved },
        });
        answersOf(input).forEach((before, i) => {
          expect(promised(after[i] as AvailabilityResult)).toBeLessThanOrEqual(promised(before));
        });
      }),
      runs,
    );
  });

  it("shipping what was committed and picked changes no channel's net", () => {
    fc.assert(
      fc.property(situations, fc.nat(60), (input, wish) => {
        const { wms, erp, shippedNotPosted } = input.position;
        const stillCommitted = Math.max(0, erp.committed - shippedNotPosted);
        const shipped = Math.min(wish, wms.picked, stillCommitted);
        fc.pre(shipped > 0 && input.freshness.wms.version > 0 && input.freshness.erp.version > 0);
        const after = answersOf(input, {
          ...input.position,
          wms: { ...wms, picked: wms.picked - shipped },
          shippedNotPosted: shippedNotPosted + shipped,
        });
        answersOf(input).forEach((before, i) => {
          expect(after[i]?.net).toBe(before.net);
        });
      }),
      { numRuns: 500 },
    );
  });

  it("the ERP posting a shipment later changes no channel's answer", () => {
    fc.assert(
      fc.property(situations, (input) => {
        const { erp, shippedNotPosted } = input.position;
        const posted = Math.min(shippedNotPosted, erp.committed);
        fc.pre(posted > 0 && input.freshness.erp.version > 0);
        const after = answersOf(input, {
          ...input.position,
          erp: { book: erp.book - posted, committed: erp.committed - posted },
          shippedNotPosted: shippedNotPosted - posted,
        });
        answersOf(input).forEach((before, i) => {
          expect(after[i]).toMatchObject({ availableToSell: before.availableToSell, net: before.net });
        });
      }),
      { numRuns: 500 },
    );
  });
});

describe("of reservations", () => {
  it("reserving n lowers every channel's net by n and raises nobody's ATS", () => {
    fc.assert(
      fc.property(situations, channels, fc.integer({ min: 1, max: 60 }), (input, channel, quantity) => {
        const after = answersOf(input, withReservation(input.position, channel, quantity));
        answersOf(input).forEach((before, i) => {
          const then = after[i] as AvailabilityResult;
          if (before.net === null) expect(then.net).toBeNull();
          else expect(then.net).toBe(before.net - quantity);
          expect(promised(then)).toBeLessThanOrEqual(promised(before));
        });
      }),
      runs,
    );
  });

  it("when it expires, everything is exactly as it was", () => {
    fc.assert(
      fc.property(situations, channels, fc.integer({ min: 1, max: 60 }), (input, channel, quantity) => {
        const reserved = withReservation(input.position, channel, quantity);
        expect(answersOf(input, withReservation(reserved, channel, -quantity))).toEqual(answersOf(input));
      }),
    );
  });

  it("a channel that reserves all it may leaves every other channel's protection untouched", () => {
    fc.assert(
      fc.property(situations, channels, (input, channel) => {
        const before = computeAvailability({ ...input, channel });
        fc.pre(promised(before) > 0);
        const position = withReservation(input.position, channel, promised(before));
        const after = computeAvailability({ ...input, position, channel });
        expect(after.protectedForOthers).toBe(before.protectedForOthers);
        expect(after.net).toBeGreaterThanOrEqual(after.protectedForOthers);
      }),
      runs,
    );
  });

  it("whoever reserves whatever it may, a channel keeps what its own protection promised it", () => {
    fc.assert(
      fc.property(situations, fc.array(fc.tuple(channels, fc.nat(60)), { maxLength: 6 }), (input, attempts) => {
        // With one safety stock and no silence, all channels look at the same net and can be compared.
        const alike = withOneNet(input);
        const owner = "B2B";
        const guaranteed = ownShare(alike, alike.position, owner);
        let position = alike.position;
        for (const [channel, wish] of attempts) {
          if (channel === owner) continue;
          const left = promised(computeAvailability({ ...alike, position, channel }));
          if (left > 0) position = withReservation(position, channel, Math.min(wish, left));
        }
        expect(ownShare(alike, position, owner)).toBe(guaranteed);
      }),
      runs,
    );
  });
});

describe("of silence", () => {
  it("the longer a source is silent, the less is promised, never more", () => {
    const ages = fc.nat(20 * 60_000);
    fc.assert(
      fc.property(situations, fc.constantFrom("erp", "wms", "returns"), ages, ages, (input, system, ageMs, moreMs) => {
        const at = (asOfMs: number) =>
          computeAvailability({
            ...input,
            freshness: { ...input.freshness, [system]: { ...input.freshness[system], asOfMs } },
          });
        const sooner = at(input.nowMs - ageMs);
        const later = at(input.nowMs - ageMs - moreMs);
        expect(promised(later)).toBeLessThanOrEqual(promised(sooner));
      }),
      runs,
    );
  });

  it("an answer that is not fresh says why", () => {
    fc.assert(
      fc.property(situations, (input) => {
        const { confidence, reason } = computeAvailability(input);
        if (confidence !== "FRESH") expect(reason).toMatch(/^[A-Z_]+/);
      }),
      runs,
    );
  });
});

/** Every channel sees the same net: one safety stock for all, and every source fresh. */
function withOneNet(input: Situated): Situated {
  const { policy } = input.policy;
  const fresh = { asOfMs: input.nowMs, gap: false, version: 1 };
  return {
    ...input,
    freshness: { erp: fresh, wms: fresh, returns: fresh },
    policy: indexPolicy({
      ...policy,
      channels: [...policy.channels, plainChannel("ONLOOKER", "Has no protection of its own", 9)],
      safetyStocks: policy.safetyStocks.filter((rule) => rule.channel === null),
    }),
  };
}

/** The units kept for `owner`: what is kept from somebody without a share, less what is kept from the owner. */
function ownShare(input: Situated, position: Position, owner: string): number {
  const keptFrom = (channel: string) => computeAvailability({ ...input, position, channel }).protectedForOthers;
  return isEligible(input.policy.channel(owner), input.product, position.locationId)
    ? keptFrom("ONLOOKER") - keptFrom(owner)
    : 0;
}
