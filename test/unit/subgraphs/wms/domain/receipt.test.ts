/**
 * The receipt of a purchase order, told as given / when / then, and what holds whatever is heard in whatever order.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Bucket } from "../../../../../shared/events/canonical-event.ts";
import {
  discrepanciesOf,
  expectedOf,
  learn,
  type Receipt,
  type ReceiptFact,
  type ReceiptStatus,
  receiptStatuses,
  statusOf,
  transitions,
  unknownReceipt,
  worstOf,
} from "../../../../../subgraphs/wms/domain/receipt.ts";

const ordered = (quantity: number, more: { sku?: string; line?: string; closed?: boolean; seq?: number } = {}) => {
  const { sku = "A", line = "1", closed = false, seq = 1 } = more;
  return { type: "expected", sku, expectation: { line, ordered: quantity, closed, seq } } as const;
};
const closed = (quantity: number, seq = 9) => ordered(quantity, { closed: true, seq });
const received = (quantity: number, to: Bucket = "dock", sku = "A"): ReceiptFact => ({
  type: "received",
  sku,
  quantity,
  to,
});
const leftDock = (quantity: number, to: Bucket | null = "unrestricted", sku = "A"): ReceiptFact => ({
  type: "leftDock",
  sku,
  quantity,
  to,
});
const posted = (quantity: number, sku = "A"): ReceiptFact => ({ type: "posted", sku, quantity });
const step = (name: "SHIPPED" | "ARRIVED" | "UNLOADED", atMs = 1): ReceiptFact => ({
  type: "progressed",
  step: name,
  atMs,
});

const given = (...facts: ReceiptFact[]): Receipt => facts.reduce(learn, unknownReceipt);
const status = (...facts: ReceiptFact[]): ReceiptStatus => statusOf(given(...facts));
const wrong = (receipt: Receipt, sku = "A") => {
  const line = receipt.lines.find((found) => found.sku === sku);
  return line ? discrepanciesOf(receipt, line).map(({ type, quantity }) => `${type} ${quantity}`) : [];
};

describe("a delivery of 100 that goes well", () => {
  it("is ordered, sent, arrives, is received in parts, put away, posted, matched and closed", () => {
    const story: [ReceiptFact, ReceiptStatus][] = [
      [ordered(100), "EXPECTED"],
      [step("SHIPPED"), "SHIPPED"],
      [step("ARRIVED"), "ARRIVED"],
      [received(60), "RECEIVING"],
      [received(40), "RECEIVED"],
      [leftDock(100), "PUTAWAY"],
      [posted(60), "PUTAWAY"],
      [posted(40), "MATCHED"],
      [closed(100), "CLOSED"],
    ];
    let receipt = unknownReceipt;
    for (const [fact, expected] of story) {
      receipt = learn(receipt, fact);
      expect(statusOf(receipt), JSON.stringify(fact)).toBe(expected);
      expect(wrong(receipt)).toEqual([]);
    }
  });

  it("is matched as well when it was received straight onto the shelf", () => {
    expect(status(ordered(100), received(100, "unrestricted"), posted(100))).toBe("MATCHED");
  });
});

describe("a delivery that differs from its order", () => {
  it("given 100 ordered and 92 received, when it is unloaded, then 8 are missing; before, they are still to come", () => {
    expect(status(ordered(100), received(92))).toBe("RECEIVING");
    const receipt = given(ordered(100), received(92), step("UNLOADED"));
    expect(statusOf(receipt)).toBe("SHORT");
    expect(wrong(receipt)).toEqual(["SHORT 8"]);
  });

  it("given 92 received, when the buyer finishes the order, then 8 are missing as well", () => {
    const receipt = given(ordered(100), received(92), closed(100));
    expect(statusOf(receipt)).toBe("SHORT");
    expect(wrong(receipt)).toEqual(["SHORT 8"]);
  });

  it("given 92 received of which 3 are damaged, then both are said, and the status names the worse", () => {
    for (const damage of [
      [received(89), received(3, "damaged")],
      [received(92), leftDock(3, "damaged")],
    ]) {
      const receipt = given(ordered(100), ...damage, step("UNLOADED"));
      expect(wrong(receipt)).toEqual(["SHORT 8", "DAMAGED 3"]);
      expect(statusOf(receipt)).toBe("DAMAGED");
    }
  });

  it("given more than was ordered, then it is over; given an item that nobody ordered, then it is the wrong one", () => {
    expect(wrong(given(ordered(100), received(104)))).toEqual(["OVER 4"]);
    const receipt = given(ordered(100), received(100), received(5, "dock", "B"));
    expect(wrong(receipt, "B")).toEqual(["WRONG_ITEM 5"]);
    expect(statusOf(receipt)).toBe("WRONG_ITEM");
  });

  it("is posted and closed, but never matched", () => {
    const short = [ordered(100), received(92), step("UNLOADED"), leftDock(92)];
    expect(status(...short)).toBe("PUTAWAY");
    expect(status(...short, posted(92))).toBe("ERP_POSTED");
    expect(status(...short, posted(92), closed(100))).toBe("CLOSED");
  });

  it("of which nothing is on the truck is missing as a whole", () => {
    expect(status(ordered(100), step("ARRIVED"), step("UNLOADED"))).toBe("SHORT");
    expect(status(step("UNLOADED"))).toBe("ARRIVED");
  });
});

describe("an order that changes", () => {
  it("given up before anything came is closed, and nothing of it is missing", () => {
    const receipt = given(ordered(100), closed(100));
    expect(statusOf(receipt)).toBe("CLOSED");
    expect(wrong(receipt)).toEqual([]);
  });

  it("that loses a line does not miss it, though the rest is received", () => {
    const receipt = given(
      ordered(100),
      ordered(50, { sku: "B" }),
      ordered(0, { sku: "B", closed: true, seq: 2 }),
      received(100),
    );
    expect(statusOf(receipt)).toBe("RECEIVED");
    expect(wrong(receipt, "B")).toEqual([]);
  });

  it("that grows, or of which more comes after all, opens the receipt again", () => {
    const done = [ordered(100), received(100), leftDock(100), posted(100)];
    expect(status(...done, ordered(120, { seq: 2 }))).toBe("RECEIVING");
    expect(status(...done, received(2))).toBe("OVER");
  });

  it("becomes known after its goods: until then nobody knows what is wrong", () => {
    const receipt = given(received(104));
    expect([statusOf(receipt), wrong(receipt)]).toEqual(["RECEIVING", []]);
    expect(expectedOf(receipt.lines[0] as Receipt["lines"][number])).toBeNull();
    expect(wrong(learn(receipt, ordered(100)))).toEqual(["OVER 4"]);
  });

  it("with several lines of one item expects their sum", () => {
    expect(status(ordered(60), ordered(40, { line: "2" }), received(99))).toBe("RECEIVING");
    expect(status(ordered(60), ordered(40, { line: "2" }), received(100))).toBe("RECEIVED");
  });
});

describe("the table", () => {
  it("reaches every status from EXPECTED, and ends in CLOSED", () => {
    expect([...reachable("EXPECTED"), "EXPECTED"].sort()).toEqual([...receiptStatuses].sort());
    for (const from of receiptStatuses) {
      if (from !== "CLOSED") expect(reachable(from).has("CLOSED"), from).toBe(true);
    }
  });

  it("never leads back once the goods have left the dock", () => {
    for (const late of ["PUTAWAY", "ERP_POSTED", "MATCHED", "CLOSED"] as const) {
      expect(reachable(late).has(late)).toBe(false);
      expect(reachable(late).has("RECEIVING")).toBe(false);
    }
  });
});

describe("whatever is heard", () => {
  const sku = fc.constantFrom("A", "B");
  const quantity = fc.integer({ min: 1, max: 4 });
  const goods = fc.oneof(
    fc.record({
      type: fc.constant("received" as const),
      sku,
      quantity,
      to: fc.constantFrom<Bucket>("dock", "damaged", "unrestricted"),
    }),
    fc.record({ type: fc.constant("leftDock" as const), sku, quantity, to: fc.constant("unrestricted" as const) }),
    fc.record({ type: fc.constant("posted" as const), sku, quantity }),
  );
  const steps = fc.record({
    type: fc.constant("progressed" as const),
    step: fc.constantFrom("SHIPPED", "ARRIVED", "UNLOADED"),
    atMs: fc.integer({ min: 1, max: 3 }),
  });
  /** A sequence number says one thing only. */
  const orders = fc
    .record({ sku, line: fc.constantFrom("1", "2"), seq: fc.integer({ min: 1, max: 4 }) })
    .map(({ sku: item, line, seq }) => ordered((seq * 3) % 5, { sku: item, line, seq, closed: seq === 4 }));
  const facts = fc.array(fc.oneof(goods, steps, orders), { maxLength: 14 });

  it("the order does not matter, nor does what is absolute and comes twice", () => {
    fc.assert(
      fc.property(facts, fc.infiniteStream(fc.nat()), (heard, dice) => {
        const again = heard.filter(({ type }) => type === "expected" || type === "progressed");
        const shuffled = [...heard, ...again]
          .map((fact) => [dice.next().value, fact] as const)
          .sort(([a], [b]) => a - b)
          .map(([, fact]) => fact);
        expect(given(...shuffled)).toEqual(given(...heard));
        expect(status(...shuffled)).toBe(status(...heard));
      }),
    );
  });

  it("paper, postings and putaways follow the table and never lead back", () => {
    const seen = new Set<ReceiptStatus>();
    fc.assert(
      fc.property(facts, fc.oneof(steps, goods), (heard, next) => {
        const receipt = given(...heard);
        const [from, to] = [statusOf(receipt), statusOf(learn(receipt, next))];
        seen.add(from);
        if (next.type === "received" || from === to) return;
        expect(reachable(from), `${from} → ${to}`).toContain(to);
      }),
      { numRuns: 2_000 },
    );
    // The property would hold by looking at nothing.
    expect(seen.size).toBeGreaterThan(6);
  });

  it("each line is short or over or neither, and the worst of what is wrong is named", () => {
    fc.assert(
      fc.property(facts, (heard) => {
        const receipt = given(...heard);
        for (const line of receipt.lines) {
          const found = discrepanciesOf(receipt, line);
          const types = found.map(({ type }) => type);
          expect(new Set(types).size).toBe(types.length);
          expect(types.filter((type) => type === "SHORT" || type === "OVER").length).toBeLessThanOrEqual(1);
          expect(found.every(({ quantity: units }) => units > 0)).toBe(true);
          expect(worstOf(found) === null).toBe(found.length === 0);
        }
      }),
    );
  });
});

function reachable(from: ReceiptStatus): Set<ReceiptStatus> {
  const found = new Set<ReceiptStatus>();
  const look = (at: ReceiptStatus) => {
    for (const next of transitions[at]) {
      if (found.has(next)) continue;
      found.add(next);
      look(next);
    }
  };
  look(from);
  return found;
}
