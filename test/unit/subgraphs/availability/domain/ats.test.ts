/**
 * Available-to-sell by example: situations in a warehouse, and what each channel may promise in them.
 */
import { describe, expect, it } from "vitest";
import { AppError } from "../../../../../shared/errors.ts";
import type { AvailabilityResult } from "../../../../../subgraphs/availability/domain/ats.ts";
import { ask, atsOf, everything, itemClass, locationId, policyWith, protecting, sku } from "./fixtures.ts";

/** `name quantity`, as one would write it on paper. */
const paper = (answer: AvailabilityResult) => answer.terms.map((term) => `${term.name} ${term.quantity}`);

describe("what is on the shelf and promised to nobody can be sold", () => {
  it("50 on the shelf, nothing else: 50", () => {
    const answer = ask({ wms: { unrestricted: 50 } });
    expect(answer).toMatchObject({ availableToSell: 50, net: 50, reason: null, confidence: "FRESH", channel: "WEB" });
    expect(paper(answer)).toEqual(["onHand 50", "committed 0", "safetyStock 0"]);
  });

  it("the answer says which versions it was made from", () => {
    expect(ask({ wms: { unrestricted: 5 } })).toMatchObject({ sku, locationId, version: 7, policyVersion: 1 });
  });

  it("without a channel the default channel answers; a channel nobody knows is an error", () => {
    expect(ask({}, null).channel).toBe("WEB");
    expect(ask({}, "B2B").channel).toBe("B2B");
    expect(() => ask({}, "PIGEON")).toThrowError(expect.objectContaining({ code: "UNKNOWN_CHANNEL" }));
    expect(() => ask({}, "PIGEON")).toThrowError(AppError);
  });
});

describe("blocked stock is on hand but not for sale", () => {
  it("damaged, on hold, expired, on the dock and in quarantine are subtracted one by one", () => {
    const answer = ask({
      wms: { unrestricted: 50, damaged: 1, hold: 2, expired: 3, dock: 4, quarantine: 5 },
    });
    expect(paper(answer)).toEqual([
      "onHand 65",
      "damaged -1",
      "hold -2",
      "expired -3",
      "dock -4",
      "quarantine -5",
      "committed 0",
      "safetyStock 0",
    ]);
    expect(answer.availableToSell).toBe(50);
  });

  it("a receipt on the dock is not for sale before putaway", () => {
    expect(atsOf({ wms: { unrestricted: 10, dock: 30 } })).toBe(10);
    expect(atsOf({ wms: { unrestricted: 40, dock: 0 } })).toBe(40);
  });

  it("warehouse and returns desk count the same returned units: the larger number counts, once", () => {
    const returns = { quarantined: 3, inInspection: 4, restockApproved: 9 };
    const more = ask({ wms: { unrestricted: 50, quarantine: 5 }, position: { returns } });
    expect(more.terms).toContainEqual({ name: "quarantine", quantity: -7, source: "returns" });
    const fewer = ask({ wms: { unrestricted: 50, quarantine: 8 }, position: { returns } });
    expect(fewer.terms).toContainEqual({ name: "quarantine", quantity: -8, source: "wms" });
  });

  it("a return raises ATS neither on arrival nor on approval to restock, only by putaway", () => {
    const arrived = { quarantined: 6, inInspection: 0, restockApproved: 0 };
    expect(atsOf({ wms: { unrestricted: 20, quarantine: 6 }, position: { returns: arrived } })).toBe(20);
    const approved = { quarantined: 6, inInspection: 0, restockApproved: 6 };
    expect(atsOf({ wms: { unrestricted: 20, quarantine: 6 }, position: { returns: approved } })).toBe(20);
    const putAway = { quarantined: 0, inInspection: 0, restockApproved: 0 };
    expect(atsOf({ wms: { unrestricted: 26 }, position: { returns: putAway } })).toBe(26);
  });
});

describe("open orders are subtracted once, however far they have come", () => {
  const erp = { book: 50, committed: 40 };

  it("allocated in the ERP, not yet picked", () => {
    const answer = ask({ wms: { unrestricted: 50 }, position: { erp } });
    expect(paper(answer)).toEqual(["onHand 50", "committed -40", "safetyStock 0"]);
    expect(answer.availableToSell).toBe(10);
  });

  it("picked, still in the building: the same 40 units", () => {
    expect(atsOf({ wms: { unrestricted: 10, picked: 40 }, position: { erp } })).toBe(10);
  });

  it("shipped, not yet posted in the ERP: the offset shows why nothing changes", () => {
    const answer = ask({ wms: { unrestricted: 10 }, position: { erp, shippedNotPosted: 40 } });
    expect(paper(answer)).toEqual(["onHand 10", "committed -40", "shippedNotPosted 40", "safetyStock 0"]);
    expect(answer.availableToSell).toBe(10);
  });

  it("shipped more than the ERP had committed: the offset covers what was committed and no more", () => {
    const position = { erp: { book: 50, committed: 10 }, shippedNotPosted: 40 };
    const answer = ask({ wms: { unrestricted: 10 }, position });
    expect(paper(answer)).toEqual(["onHand 10", "committed -10", "shippedNotPosted 10", "safetyStock 0"]);
    expect(atsOf({ wms: { unrestricted: 50, picked: -40 }, position })).toBe(10);
  });

  it("posted in the ERP: still the same", () => {
    expect(atsOf({ wms: { unrestricted: 10 }, position: { erp: { book: 10, committed: 0 } } })).toBe(10);
  });

  it("picked for an order that the ERP has not told us about is not for sale either", () => {
    const answer = ask({ wms: { unrestricted: 50, picked: 8 }, position: { erp: { book: 58, committed: 3 } } });
    expect(paper(answer)).toEqual(["onHand 58", "picked -8", "safetyStock 0"]);
    expect(answer.availableToSell).toBe(50);
  });

  it("reservations that are not yet orders are subtracted for everybody", () => {
    const position = { reserved: 12, reservedByChannel: { WEB: 12 } };
    expect(atsOf({ wms: { unrestricted: 50 }, position }, "WEB")).toBe(38);
    expect(atsOf({ wms: { unrestricted: 50 }, position }, "B2B")).toBe(38);
  });
});

describe("a protection keeps stock for one channel, out of the sight of the others", () => {
  const thirtyForB2B = protecting({ B2B: 30 });

  it("B2B sees all 50; the others see what is not protected for B2B", () => {
    const wms = { unrestricted: 50 };
    expect(atsOf({ wms, policy: thirtyForB2B }, "B2B")).toBe(50);
    expect(ask({ wms, policy: thirtyForB2B }, "WEB")).toMatchObject({ availableToSell: 20, protectedForOthers: 30 });
    expect(atsOf({ wms, policy: thirtyForB2B }, "MARKETPLACE")).toBe(20);
  });

  it("B2B's reservation uses B2B's protection first: the web shop loses nothing", () => {
    const position = { reserved: 25, reservedByChannel: { B2B: 25 } };
    expect(atsOf({ wms: { unrestricted: 50 }, position, policy: thirtyForB2B }, "WEB")).toBe(20);
    expect(atsOf({ wms: { unrestricted: 50 }, position, policy: thirtyForB2B }, "B2B")).toBe(25);
  });

  it("the web shop's reservation takes nothing of what is protected for B2B", () => {
    const position = { reserved: 20, reservedByChannel: { WEB: 20 } };
    expect(atsOf({ wms: { unrestricted: 50 }, position, policy: thirtyForB2B }, "WEB")).toBe(0);
    expect(atsOf({ wms: { unrestricted: 50 }, position, policy: thirtyForB2B }, "B2B")).toBe(30);
  });

  it("with less than all protections need, the more important channel is served first", () => {
    const policy = protecting({ WEB: 30, MARKETPLACE: 30 });
    expect(atsOf({ wms: { unrestricted: 40 }, policy }, "WEB")).toBe(30);
    expect(atsOf({ wms: { unrestricted: 40 }, policy }, "MARKETPLACE")).toBe(10);
    expect(atsOf({ wms: { unrestricted: 40 }, policy }, "B2B")).toBe(0);
  });

  it("with less than all protections need, equally important channels share in proportion", () => {
    const policy = protecting({ WEB: 60, B2B: 30 }, 1);
    expect(atsOf({ wms: { unrestricted: 45 }, policy }, "WEB")).toBe(30);
    expect(atsOf({ wms: { unrestricted: 45 }, policy }, "B2B")).toBe(15);
  });

  it("nothing is kept for a channel that may not sell the item here", () => {
    const closed = policyWith({
      B2B: {
        protections: [{ ...everything, quantity: 30 }],
        eligibility: [{ ...everything, locationId, allowed: false }],
      },
    });
    expect(atsOf({ wms: { unrestricted: 50 }, policy: closed }, "WEB")).toBe(50);
  });

  it("a channel called like a built-in of the language has reserved nothing", () => {
    const policy = policyWith({ B2B: { id: "constructor", protections: [{ ...everything, quantity: 30 }] } });
    expect(atsOf({ wms: { unrestricted: 50 }, policy }, "WEB")).toBe(20);
  });
});

describe("what a channel is shown of what is left", () => {
  it("never more than its cap", () => {
    const policy = policyWith({ WEB: { caps: [{ ...everything, class: itemClass, quantity: 5 }] } });
    expect(ask({ wms: { unrestricted: 50 }, policy }, "WEB")).toMatchObject({ availableToSell: 5, net: 50, cap: 5 });
    expect(atsOf({ wms: { unrestricted: 3 }, policy }, "WEB")).toBe(3);
    expect(atsOf({ wms: { unrestricted: 50 }, policy }, "B2B")).toBe(50);
  });

  it("only whole multiples: of the item, unless the channel has its own", () => {
    const product = { sellMultiple: 6 };
    expect(atsOf({ wms: { unrestricted: 50 }, product })).toBe(48);
    expect(atsOf({ wms: { unrestricted: 5 }, product })).toBe(0);
    const policy = policyWith({ WEB: { sellMultiples: [{ ...everything, sku, multiple: 20 }] } });
    expect(ask({ wms: { unrestricted: 50 }, product, policy })).toMatchObject({
      availableToSell: 40,
      sellMultiple: 20,
    });
    expect(atsOf({ wms: { unrestricted: 50 }, product, policy }, "B2B")).toBe(48);
  });

  it("a cap is rounded down to the multiple too", () => {
    const policy = policyWith({ WEB: { caps: [{ ...everything, quantity: 20 }] } });
    expect(atsOf({ wms: { unrestricted: 50 }, product: { sellMultiple: 6 }, policy })).toBe(18);
  });
});

describe("a zero says why", () => {
  const wms = { unrestricted: 50 };

  it("the item is no longer sold", () => {
    expect(ask({ wms, product: { active: false } })).toMatchObject({
      availableToSell: 0,
      net: 50,
      reason: "SKU_INACTIVE",
    });
  });

  it("nothing is sold from this location", () => {
    const answer = ask({ wms, location: { sellable: false } });
    expect(answer).toMatchObject({ availableToSell: 0, net: 50, reason: "LOCATION_NOT_SELLABLE" });
  });

  it("this channel may not sell it from here; another may", () => {
    const policy = policyWith({ MARKETPLACE: { eligibility: [{ ...everything, sku, allowed: false }] } });
    const answer = ask({ wms, policy }, "MARKETPLACE");
    expect(answer).toMatchObject({ availableToSell: 0, net: 50, reason: "CHANNEL_NOT_ELIGIBLE" });
    expect(atsOf({ wms, policy }, "WEB")).toBe(50);
  });

  it("an exception to a denial: denied for the class, allowed for the SKU", () => {
    const eligibility = [
      { ...everything, class: itemClass, allowed: false },
      { ...everything, sku, allowed: true },
    ];
    expect(atsOf({ wms, policy: policyWith({ WEB: { eligibility } }) }, "WEB")).toBe(50);
  });

  it("a shortfall stays visible: more is promised than there is", () => {
    const answer = ask({ wms: { unrestricted: 10 }, position: { erp: { book: 10, committed: 25 } } });
    expect(answer).toMatchObject({ availableToSell: 0, net: -15, protectedForOthers: 0 });
  });

  it("the warehouse reports less than nothing", () => {
    const answer = ask({ wms: { unrestricted: -4 } });
    expect(answer).toMatchObject({ availableToSell: 0, net: -4 });
    expect(answer.reason).toBe("NEGATIVE_ON_HAND: the warehouse reports -4 on hand");
    expect(answer.terms[0]).toEqual({ name: "onHand", quantity: -4, source: "wms" });
  });

  it("a bucket below zero adds nothing to sell, and is mentioned", () => {
    const answer = ask({ wms: { unrestricted: 30, dock: -10 } });
    expect(answer).toMatchObject({ availableToSell: 20, net: 20 });
    expect(answer.reason).toBe("NEGATIVE_ON_HAND: the warehouse reports -10 in a bucket");
    const returns = { quarantined: -2, inInspection: 0, restockApproved: 0 };
    expect(ask({ wms: { unrestricted: 30 }, position: { returns } })).toMatchObject({
      availableToSell: 30,
      reason: "NEGATIVE_ON_HAND: the returns desk reports -2",
    });
  });

  it("an order shipped without a reported pick is not a mistake: on-hand is right", () => {
    expect(ask({ wms: { unrestricted: 50, picked: -40 } })).toMatchObject({ availableToSell: 10, reason: null });
  });
});

describe("unknown is null with a reason, never a silent 0", () => {
  const unknown = { availableToSell: null, net: null, confidence: "UNKNOWN", terms: [] };

  it("a SKU that no master data names", () => {
    expect(ask({ wms: { unrestricted: 5 }, product: { known: false } })).toMatchObject({
      ...unknown,
      reason: "UNKNOWN_SKU",
    });
  });

  it("a location that no master data names", () => {
    const answer = ask({ wms: { unrestricted: 5 }, location: { known: false } });
    expect(answer).toMatchObject({ ...unknown, reason: "UNKNOWN_LOCATION" });
  });

  it("a position that nobody has ever reported", () => {
    expect(ask({ position: null })).toMatchObject({ ...unknown, reason: "NO_POSITION", version: 0 });
  });
});
