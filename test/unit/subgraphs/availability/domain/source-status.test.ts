/**
 * What silence does to an answer: per source, per channel, by age.
 */
import { describe, expect, it } from "vitest";
import {
  type ChannelPolicy,
  type DegradedMode,
  type DegradedPolicy,
  defaultDegradedPolicy,
} from "../../../../../subgraphs/availability/domain/policy.ts";
import { type SourceSystem, sourceSystems } from "../../../../../subgraphs/availability/domain/position.ts";
import { ask, atsOf, heard, hour, minute, neverHeard, nowMs, policyWith, type Situation, second } from "./fixtures.ts";

const strict = (mode: DegradedMode, staleBuffer = 0): DegradedPolicy => ({
  staleAfterMs: 10 * second,
  unreachableAfterMs: minute,
  staleBuffer,
  mode,
});

/** The channel WEB degrades as said for these sources, the other channels as by default. */
function degrading(sources: Partial<Record<SourceSystem, DegradedPolicy>>) {
  const degraded: ChannelPolicy["degraded"] = {
    erp: defaultDegradedPolicy,
    wms: defaultDegradedPolicy,
    returns: defaultDegradedPolicy,
    ...sources,
  };
  return policyWith({ WEB: { degraded } });
}

const fifty: Situation = { wms: { unrestricted: 50 }, position: { erp: { book: 45, committed: 0 } } };

describe("by the age of a source", () => {
  const policy = degrading({ wms: strict("LAST_KNOWN_BUFFERED", 5) });
  const at = (agoMs: number) => ask({ ...fifty, policy, freshness: { wms: heard(agoMs) } });

  it("up to T1 it is fresh and nothing is held back", () => {
    expect(at(10 * second)).toMatchObject({ availableToSell: 50, confidence: "FRESH", reason: null });
  });

  it("up to T2 it is stale and the buffer is held back", () => {
    const answer = at(10 * second + 1);
    expect(answer).toMatchObject({ availableToSell: 45, net: 45, confidence: "STALE" });
    expect(answer.reason).toBe("SOURCE_STALE: WMS has not reported for 10 s");
    expect(answer.terms.at(-1)).toEqual({ name: "staleBuffer", quantity: -5, source: "wms" });
    expect(at(minute).confidence).toBe("STALE");
  });

  it("beyond T2 it is unreachable and the mode of the channel applies", () => {
    const answer = at(minute + 1);
    expect(answer).toMatchObject({ availableToSell: 45, confidence: "DEGRADED" });
    expect(answer.reason).toBe("SOURCE_STALE: WMS has not reported for 1 min (LAST_KNOWN_BUFFERED)");
  });

  it("a source whose clock runs ahead of ours is not older than now", () => {
    expect(at(-minute).sources[1]).toMatchObject({ system: "wms", ageMs: 0, status: "FRESH" });
  });

  it("until a policy says otherwise, fresh is 30 seconds, stale 5 minutes, and nothing is held back", () => {
    const plain = (agoMs: number) => ask({ ...fifty, freshness: { erp: heard(agoMs) } }, "B2B");
    expect(plain(30 * second).confidence).toBe("FRESH");
    expect(plain(30 * second + 1)).toMatchObject({ confidence: "STALE", availableToSell: 50 });
    expect(plain(5 * minute).confidence).toBe("STALE");
    expect(plain(5 * minute + 1)).toMatchObject({ confidence: "DEGRADED", availableToSell: 50 });
  });
});

describe("the mode of an unreachable source", () => {
  const unreachable = (mode: DegradedMode, situation: Situation = fifty) =>
    ask({ ...situation, policy: degrading({ wms: strict(mode, 3) }), freshness: { wms: heard(2 * hour) } });

  it("LAST_KNOWN_BUFFERED goes on with the last known numbers, less the buffer", () => {
    expect(unreachable("LAST_KNOWN_BUFFERED")).toMatchObject({ availableToSell: 47, net: 47, confidence: "DEGRADED" });
  });

  it("MIN_OF_SOURCES believes the lower of the ERP's book and the last shelf count, less the buffer", () => {
    const answer = unreachable("MIN_OF_SOURCES");
    expect(answer).toMatchObject({ availableToSell: 42, net: 42 });
    expect(answer.terms[0]).toEqual({ name: "onHand", quantity: 45, source: "erp" });
    const bookIsHigher = unreachable("MIN_OF_SOURCES", { ...fifty, position: { erp: { book: 80, committed: 0 } } });
    expect(bookIsHigher.terms[0]).toEqual({ name: "onHand", quantity: 50, source: "wms" });
  });

  it("MIN_OF_SOURCES brings the book up to date with what the ERP has not posted yet", () => {
    const position = {
      erp: { book: 45, committed: 0 },
      shippedNotPosted: 10,
      receivedNotPosted: 4,
      adjustedNotPosted: -2,
    };
    expect(unreachable("MIN_OF_SOURCES", { ...fifty, position }).terms[0]?.quantity).toBe(37);
  });

  it("FAIL_CLOSED promises nothing, and still shows the last known net", () => {
    expect(unreachable("FAIL_CLOSED")).toMatchObject({
      availableToSell: 0,
      net: 47,
      confidence: "DEGRADED",
      reason: "SOURCE_STALE: WMS has not reported for 2 h (FAIL_CLOSED)",
    });
  });

  it("ERROR refuses to answer", () => {
    expect(unreachable("ERROR")).toMatchObject({
      availableToSell: null,
      net: null,
      terms: [],
      confidence: "UNKNOWN",
      reason: "SOURCE_STALE: WMS has not reported for 2 h (ERROR)",
    });
  });

  it("is the channel's own: what closes the web shop need not close B2B", () => {
    const policy = degrading({ wms: strict("FAIL_CLOSED") });
    const situation = { ...fifty, policy, freshness: { wms: heard(2 * hour) } };
    expect(atsOf(situation, "WEB")).toBe(0);
    expect(atsOf(situation, "B2B")).toBe(50);
  });
});

describe("several sources at once", () => {
  it("each that is not fresh holds back its own buffer", () => {
    const policy = degrading({ erp: strict("LAST_KNOWN_BUFFERED", 2), returns: strict("LAST_KNOWN_BUFFERED", 4) });
    const answer = ask({ ...fifty, policy, freshness: { erp: heard(20 * second), returns: heard(hour) } });
    expect(answer.terms.slice(-2)).toEqual([
      { name: "staleBuffer", quantity: -2, source: "erp" },
      { name: "staleBuffer", quantity: -4, source: "returns" },
    ]);
    expect(answer.net).toBe(44);
  });

  it("the strictest mode wins and gives the reason", () => {
    const policy = degrading({ erp: strict("LAST_KNOWN_BUFFERED"), returns: strict("FAIL_CLOSED") });
    const answer = ask({ ...fifty, policy, freshness: { erp: heard(3 * hour), returns: heard(hour) } });
    expect(answer).toMatchObject({ availableToSell: 0, confidence: "DEGRADED" });
    expect(answer.reason).toBe("SOURCE_STALE: Returns desk has not reported for 1 h (FAIL_CLOSED)");
  });

  it("the answer is as old as its oldest source", () => {
    const answer = ask({ ...fifty, freshness: { erp: heard(9 * second), wms: heard(4 * second) } });
    expect(answer.asOfMs).toBe(nowMs - 9 * second);
  });
});

describe("a gap in a source's events", () => {
  it("is treated like an unreachable source, however fresh the source is", () => {
    const policy = degrading({ wms: strict("FAIL_CLOSED") });
    const answer = ask({ ...fifty, policy, freshness: { wms: { ...heard(0), gap: true } } });
    expect(answer).toMatchObject({ availableToSell: 0, confidence: "DEGRADED" });
    expect(answer.reason).toBe("SOURCE_GAP: events of the WMS are missing (FAIL_CLOSED)");
  });
});

describe("a source that was never heard of", () => {
  const policy = degrading({ returns: strict("FAIL_CLOSED", 6), erp: strict("FAIL_CLOSED") });

  it("and to which the position owes a number counts as unreachable", () => {
    const returns = { quarantined: 2, inInspection: 0, restockApproved: 0 };
    const position = { ...fifty.position, returns };
    const answer = ask({ ...fifty, position, policy, freshness: { returns: neverHeard } });
    expect(answer).toMatchObject({ availableToSell: 0, confidence: "DEGRADED" });
    expect(answer.reason).toBe("SOURCE_STALE: Returns desk has not reported yet (FAIL_CLOSED)");
  });

  it("and whose events were applied once counts as unreachable, even if its numbers are all 0", () => {
    expect(atsOf({ ...fifty, policy, freshness: { returns: { ...neverHeard, version: 2 } } })).toBe(0);
    const nothingBooked = { wms: { unrestricted: 50 }, position: { erp: { book: 0, committed: 0 } } };
    expect(atsOf({ ...nothingBooked, policy, freshness: { erp: neverHeard } })).toBe(50);
    expect(atsOf({ ...fifty, policy, freshness: { erp: neverHeard } })).toBe(0);
  });

  it("and had nothing to say holds back its buffer, but closes nothing", () => {
    const answer = ask({ ...fifty, policy, freshness: { returns: neverHeard } });
    expect(answer).toMatchObject({ availableToSell: 44, confidence: "STALE" });
    expect(answer.sources[2]).toMatchObject({ system: "returns", status: "UNKNOWN", asOfMs: null, ageMs: null });
  });

  it("but is alive is as fresh as its heartbeat, even if it never spoke of this position", () => {
    const answer = ask({ ...fifty, policy, freshness: { returns: { asOfMs: nowMs, gap: false, version: 0 } } });
    expect(answer).toMatchObject({ availableToSell: 50, confidence: "FRESH", reason: null });
  });

  it("makes the position unknown if it is the warehouse: nobody has counted anything", () => {
    const position = { erp: { book: 45, committed: 0 } };
    expect(ask({ position, freshness: { wms: neverHeard } })).toMatchObject({
      availableToSell: null,
      reason: "NO_POSITION",
      confidence: "UNKNOWN",
    });
  });
});

describe("how long a silence is, in words", () => {
  it.each([
    [59 * second, "59 s"],
    [minute, "1 min"],
    [59 * minute, "59 min"],
    [23 * hour + 59 * minute, "23 h"],
    [49 * hour, "2 d"],
  ])("%i ms", (agoMs, words) => {
    const answer = ask({ ...fifty, freshness: { erp: heard(agoMs) } });
    expect(answer.reason).toContain(`ERP has not reported for ${words}`);
  });

  it("every source has its name", () => {
    const reasons = sourceSystems.map((system) => ask({ ...fifty, freshness: { [system]: heard(hour) } }).reason);
    expect(reasons.map((reason) => reason?.split(" has")[0])).toEqual([
      "SOURCE_STALE: ERP",
      "SOURCE_STALE: WMS",
      "SOURCE_STALE: Returns desk",
    ]);
  });
});
