/**
 * The first story of the domain: the warehouse ships 40 of 50 while the ERP is silent for two hours.
 */
import { describe, expect, it } from "vitest";
import { ask, atsOf, channelIds, heard, hour, minute, nowMs, protecting, type Situation } from "./fixtures.ts";

const policy = protecting({ B2B: 8 });
const twoHoursAgo = heard(2 * hour);

describe("given 50 on the shelf, nothing ordered, and 8 protected for B2B", () => {
  const before: Situation = { wms: { unrestricted: 50 }, position: { erp: { book: 50, committed: 0 } }, policy };

  it("B2B may sell 50, the others 42", () => {
    expect(channelIds.map((channel) => atsOf(before, channel))).toEqual([42, 50, 42]);
  });

  describe("when the warehouse ships 40 and the ERP has been silent for two hours", () => {
    const shipped: Situation = {
      wms: { unrestricted: 10 },
      position: { erp: { book: 50, committed: 0 }, shippedNotPosted: 40 },
      freshness: { erp: twoHoursAgo },
      policy,
    };

    it("then every channel may sell 40 less, and not a unit of B2B's protection is touched", () => {
      expect(channelIds.map((channel) => atsOf(shipped, channel))).toEqual([2, 10, 2]);
      expect(ask(shipped, "WEB").protectedForOthers).toBe(8);
    });

    it("then the answer is degraded and says whose silence it is", () => {
      const answer = ask(shipped, "WEB");
      expect(answer.confidence).toBe("DEGRADED");
      expect(answer.reason).toBe("SOURCE_STALE: ERP has not reported for 2 h (LAST_KNOWN_BUFFERED)");
      expect(answer.asOfMs).toBe(nowMs - 2 * hour);
      expect(answer.sources.map((source) => `${source.system} ${source.status}`)).toEqual([
        "erp DEGRADED",
        "wms FRESH",
        "returns FRESH",
      ]);
    });

    describe("when the ERP is back and posts the shipment", () => {
      const posted: Situation = {
        wms: { unrestricted: 10 },
        position: { erp: { book: 10, committed: 0 }, shippedNotPosted: 0 },
        policy,
      };

      it("then no channel's number changes, and the answer is fresh again", () => {
        expect(channelIds.map((channel) => atsOf(posted, channel))).toEqual([2, 10, 2]);
        expect(ask(posted, "WEB")).toMatchObject({ confidence: "FRESH", reason: null });
      });
    });
  });
});

describe("given 50 on the shelf of which the ERP has allocated 40 to an order", () => {
  const erp = { book: 50, committed: 40 };
  const steps: readonly [string, Situation][] = [
    ["allocated", { wms: { unrestricted: 50 }, position: { erp } }],
    ["picked", { wms: { unrestricted: 10, picked: 40 }, position: { erp }, freshness: { erp: heard(minute) } }],
    [
      "shipped while the ERP is silent",
      { wms: { unrestricted: 10 }, position: { erp, shippedNotPosted: 40 }, freshness: { erp: twoHoursAgo } },
    ],
    ["posted by the ERP", { wms: { unrestricted: 10 }, position: { erp: { book: 10, committed: 0 } } }],
  ];

  it.each(steps)("the order takes its 40 once and only once: %s", (_step, situation) => {
    expect(channelIds.map((channel) => atsOf({ ...situation, policy }, channel))).toEqual([2, 10, 2]);
  });
});
