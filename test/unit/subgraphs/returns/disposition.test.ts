/**
 * From the inspection of returned goods to what became of them, told as given / when / then.
 *
 * No database and no clock: the rules alone. `figures` is what the desk still answers for: what leaves them is what
 * `availability` stops blocking.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Departure, depart } from "../../../../subgraphs/returns/domain/departure.ts";
import { decide, inspect, type ProposedContent, propose } from "../../../../subgraphs/returns/domain/disposition.ts";
import {
  type Disposition,
  dispositions,
  evolve,
  heldOf,
  type ReturnEvent,
  type ReturnState,
  type ReturnStatus,
  returnStatuses,
  transitions,
} from "../../../../subgraphs/returns/domain/return.ts";

const atMs = Date.UTC(2026, 0, 5, 8);
const hashOf = (content: ProposedContent) => JSON.stringify(content);
const field = (i: number) => ["input", "lines", String(i)];
const refusal = (code: string) => expect.objectContaining({ code });

type When = (state: ReturnState) => ReturnEvent;

/** A return of these items that nobody announced, in quarantine at WEST, and what happened since. */
function given(items: readonly [sku: string, quantity: number][], ...happened: readonly When[]): ReturnState {
  const lines = items.map(([sku, quantity], i) => ({ lineNumber: i + 1, sku, quantity }));
  const began = evolve(null, { type: "received", atMs, returnId: "R1", orderId: null, locationId: "WEST", lines });
  return happened.reduce((state, when) => evolve(state, when(state)), began);
}

const next = (state: ReturnState, when: When) => evolve(state, when(state));

const inspecting =
  (...lines: [lineNumber: number, condition: string][]): When =>
  (state) =>
    inspect(
      state,
      { lines: lines.map(([lineNumber, condition], i) => ({ lineNumber, condition, note: null, field: field(i) })) },
      atMs,
    );

const proposing =
  (...lines: [lineNumber: number, disposition: Disposition][]): When =>
  (state) =>
    propose(
      state,
      {
        lines: lines.map(([lineNumber, disposition], i) => ({ lineNumber, disposition, field: field(i) })),
        proposedBy: "rita",
      },
      hashOf,
      atMs,
    );

const deciding =
  (verdict: "approved" | "rejected", decidedBy = "sue", contentHash?: string): When =>
  (state) =>
    decide(state, { verdict, decidedBy, note: "seen", contentHash: contentHash ?? state.contentHash ?? "" }, atMs);

const leaving =
  (sku: string, quantity: number, where: "shelf" | "elsewhere"): When =>
  (state) => {
    const fact: Departure = { returnId: "R1", sku, locationId: "WEST", quantity, toShelf: where === "shelf" };
    return depart(state, fact, atMs);
  };

/** What the desk still answers for, over all lines. */
function figures(state: ReturnState) {
  const all = state.lines.map((line) => heldOf(state, line.lineNumber));
  return {
    quarantined: all.reduce((sum, held) => sum + held.quarantined, 0),
    inInspection: all.reduce((sum, held) => sum + held.inInspection, 0),
    restockApproved: all.reduce((sum, held) => sum + held.restockApproved, 0),
  };
}

describe("inspecting", () => {
  it("moves what was looked at from quarantined to in inspection, and leaves the rest", () => {
    const state = given(
      [
        ["A", 6],
        ["B", 2],
      ],
      inspecting([1, "GOOD"]),
    );
    expect(state).toMatchObject({ status: "IN_INSPECTION", lines: [{ condition: "GOOD" }, { condition: null }] });
    expect(figures(state)).toEqual({ quarantined: 2, inInspection: 6, restockApproved: 0 });
  });

  it("may be done again, and moves nothing a second time", () => {
    const state = given([["A", 6]], inspecting([1, "GOOD"]), inspecting([1, "DAMAGED"]));
    expect(state.lines[0]?.condition).toBe("DAMAGED");
    expect(figures(state)).toEqual({ quarantined: 0, inInspection: 6, restockApproved: 0 });
  });

  it("counts only what the warehouse has not put away already", () => {
    const state = given([["A", 6]], leaving("A", 4, "shelf"), inspecting([1, "GOOD"]));
    expect(figures(state)).toEqual({ quarantined: 0, inInspection: 2, restockApproved: 0 });
  });

  it.each<[string, When]>([
    ["no line at all", inspecting()],
    ["a line that the return does not have", inspecting([7, "GOOD"])],
    ["one line twice", inspecting([1, "GOOD"], [1, "DAMAGED"])],
  ])("refuses %s", (_, when) => {
    expect(() => when(given([["A", 1]]))).toThrow(refusal("INVALID_INPUT"));
  });

  it("refuses a line of which nothing is in quarantine any more", () => {
    const before = given(
      [
        ["A", 1],
        ["B", 1],
      ],
      leaving("A", 1, "shelf"),
    );
    expect(() => inspecting([1, "GOOD"])(before)).toThrow(refusal("INVALID_INPUT"));
  });
});

describe("proposing", () => {
  const inspected = given(
    [
      ["A", 6],
      ["B", 2],
    ],
    inspecting([1, "GOOD"], [2, "DAMAGED"]),
  );

  it("says what is to become of every line, and moves nothing", () => {
    const state = next(inspected, proposing([1, "RESTOCKED"], [2, "SCRAPPED"]));
    expect(state).toMatchObject({
      status: "DISPOSITION_PROPOSED",
      proposedBy: "rita",
      lines: [{ disposition: "RESTOCKED" }, { disposition: "SCRAPPED" }],
    });
    expect(figures(state)).toEqual(figures(inspected));
  });

  it("refuses to leave out a line", () => {
    expect(() => proposing([1, "RESTOCKED"])(inspected)).toThrow(refusal("INVALID_INPUT"));
  });

  it("refuses a line that nobody has inspected", () => {
    const before = given(
      [
        ["A", 6],
        ["B", 2],
      ],
      inspecting([1, "GOOD"]),
    );
    expect(() => proposing([1, "RESTOCKED"], [2, "SCRAPPED"])(before)).toThrow(refusal("INVALID_INPUT"));
  });

  it("has another content hash for another disposition, quantity or condition, and the same for the same", () => {
    const hash = (state: ReturnState, to: Disposition = "RESTOCKED") => next(state, proposing([1, to])).contentHash;
    const good = given([["A", 6]], inspecting([1, "GOOD"]));
    const hashes = [
      hash(good),
      hash(good, "DONATED"),
      hash(given([["A", 5]], inspecting([1, "GOOD"]))),
      hash(given([["A", 6]], inspecting([1, "WORN"]))),
    ];
    expect(new Set(hashes).size).toBe(4);
    expect(hash(given([["A", 6]], inspecting([1, "GOOD"])))).toBe(hashes[0]);
  });
});

describe("deciding", () => {
  const proposed = given(
    [
      ["A", 6],
      ["B", 2],
    ],
    inspecting([1, "GOOD"], [2, "BAD"]),
    proposing([1, "RESTOCKED"], [2, "SCRAPPED"]),
  );

  it("an approval marks what may go back to the shelf, and takes nothing out of quarantine", () => {
    const state = next(proposed, deciding("approved"));
    expect(state).toMatchObject({ status: "APPROVED", decidedBy: "sue", decisionNote: "seen" });
    expect(figures(state)).toEqual({ quarantined: 0, inInspection: 8, restockApproved: 6 });
  });

  it("a refusal keeps everything where it is, and another proposal may follow", () => {
    const refused = next(proposed, deciding("rejected"));
    expect(refused).toMatchObject({ status: "REJECTED", contentHash: null, lines: [{ disposition: null }, {}] });
    expect(figures(refused)).toEqual(figures(proposed));
    const again = next(refused, proposing([1, "DONATED"], [2, "SCRAPPED"]));
    expect(again).toMatchObject({ status: "DISPOSITION_PROPOSED", decidedBy: null, decisionNote: null });
  });

  it.each(["approved", "rejected"] as const)("whoever proposed it cannot have it %s", (verdict) => {
    expect(() => deciding(verdict, "rita")(proposed)).toThrow(refusal("SAME_PERSON"));
  });

  it("a proposal that was replaced cannot be approved any more", () => {
    const read = proposed.contentHash ?? "";
    const edited = next(proposed, proposing([1, "RESTOCKED"], [2, "RESTOCKED"]));
    expect(() => deciding("approved", "sue", read)(edited)).toThrow(refusal("CONTENT_CHANGED"));
    expect(next(edited, deciding("approved")).status).toBe("APPROVED");
  });
});

describe("the order of the paperwork", () => {
  const steps: Readonly<Record<string, readonly [When, readonly ReturnStatus[]]>> = {
    inspected: [inspecting([1, "GOOD"]), ["RECEIVED", "IN_INSPECTION"]],
    proposed: [proposing([1, "RESTOCKED"]), ["IN_INSPECTION", "DISPOSITION_PROPOSED", "REJECTED"]],
    approved: [deciding("approved"), ["DISPOSITION_PROPOSED"]],
    rejected: [deciding("rejected"), ["DISPOSITION_PROPOSED"]],
  };
  const cases = Object.entries(steps).flatMap(([name, [when, from]]) =>
    returnStatuses.filter((status) => !from.includes(status)).map((status) => [status, name, when] as const),
  );
  it.each(cases)("a return that is %s cannot be %s", (status, _, when) => {
    const state: ReturnState = { ...given([["A", 1]], inspecting([1, "GOOD"])), status };
    expect(() => when(state)).toThrow(refusal("ILLEGAL_TRANSITION"));
  });
});

describe("the warehouse moves what was decided about", () => {
  const approved = (to: Disposition) =>
    given([["A", 6]], inspecting([1, "GOOD"]), proposing([1, to]), deciding("approved"));

  it("put away in parts, it is RESTOCKED with the last of them, and every figure ends at nothing", () => {
    const part = next(approved("RESTOCKED"), leaving("A", 4, "shelf"));
    expect(part.status).toBe("APPROVED");
    expect(figures(part)).toEqual({ quarantined: 0, inInspection: 2, restockApproved: 2 });
    const all = next(part, leaving("A", 2, "shelf"));
    expect(all).toMatchObject({ status: "RESTOCKED", lines: [{ restocked: 6, removed: 0 }] });
    expect(figures(all)).toEqual({ quarantined: 0, inInspection: 0, restockApproved: 0 });
  });

  it.each(dispositions.filter((to) => to !== "RESTOCKED"))("taken out, it is %s, and nothing stays", (to) => {
    const state = next(approved(to), leaving("A", 6, "elsewhere"));
    expect(state).toMatchObject({ status: to, lines: [{ restocked: 0, removed: 6 }] });
    expect(figures(state)).toEqual({ quarantined: 0, inInspection: 0, restockApproved: 0 });
  });

  it("of two lines of one item, the shelf gets the one that is meant for it", () => {
    const state = given(
      [
        ["A", 2],
        ["A", 3],
      ],
      inspecting([1, "BAD"], [2, "GOOD"]),
      proposing([1, "SCRAPPED"], [2, "RESTOCKED"]),
      deciding("approved"),
      leaving("A", 3, "shelf"),
    );
    expect(state.lines.map((line) => line.restocked)).toEqual([0, 3]);
    expect(next(state, leaving("A", 2, "elsewhere")).status).toBe("SCRAPPED");
  });

  it("refuses more than is in quarantine", () => {
    const state = next(approved("SCRAPPED"), leaving("A", 5, "elsewhere"));
    expect(() => leaving("A", 2, "elsewhere")(state)).toThrow(refusal("RETURN_EXCEEDED"));
  });

  it("is believed before anybody has decided: what is gone is gone", () => {
    const state = given([["A", 2]], leaving("A", 2, "elsewhere"));
    expect(state.status).toBe("SCRAPPED");
    expect(figures(state)).toEqual({ quarantined: 0, inInspection: 0, restockApproved: 0 });
  });
});

describe("facts that come late, in any order, some of them twice", () => {
  /** The paperwork up to some point, of three lines of two items. */
  const paperwork: readonly When[] = [
    inspecting([1, "GOOD"], [2, "BAD"], [3, "WORN"]),
    proposing([1, "RESTOCKED"], [2, "SCRAPPED"], [3, "DONATED"]),
    deciding("approved"),
  ];
  const facts = fc.array(
    fc.tuple(fc.constantFrom("A", "B"), fc.integer({ min: 1, max: 5 }), fc.constantFrom("shelf", "elsewhere")),
    { maxLength: 8 },
  );
  const story = fc
    .tuple(fc.nat({ max: 3 }), facts)
    .chain(([steps, once]) =>
      fc.tuple(
        fc.constant(steps),
        fc.constant(once),
        fc.shuffledSubarray([...once, ...once], { minLength: once.length }),
        fc.shuffledSubarray(once, { minLength: once.length }),
      ),
    );
  const start = (steps: number) =>
    given(
      [
        ["A", 8],
        ["B", 5],
        ["A", 4],
      ],
      ...paperwork.slice(0, steps),
    );

  it("never take a return backwards, and never let go of more than there is", () => {
    fc.assert(
      fc.property(story, ([steps, , shuffled]) => {
        let state = start(steps);
        for (const [sku, quantity, where] of shuffled) {
          const before = state;
          const held = figures(before).quarantined + figures(before).inInspection;
          try {
            state = next(before, leaving(sku, quantity, where as "shelf" | "elsewhere"));
            expect(figures(state).quarantined + figures(state).inInspection).toBe(held - quantity);
          } catch (error) {
            if ((error as { code?: string }).code !== "RETURN_EXCEEDED") throw error;
          }
          expect([before.status, ...transitions[before.status]]).toContain(state.status);
          expect(state.status === "DISPOSITION_PROPOSED" && before.status === "REJECTED").toBe(false);
          expect(figures(state).restockApproved).toBeLessThanOrEqual(figures(state).inInspection);
          for (const line of state.lines) {
            expect(
              Math.min(line.restocked, line.removed, line.received - line.restocked - line.removed),
            ).toBeGreaterThanOrEqual(0);
          }
        }
      }),
    );
  });

  it("end in the same figures and status in whatever order they come, as long as all of them can be true", () => {
    fc.assert(
      fc.property(story, ([steps, once, , permuted]) => {
        const total = (sku: string) => once.reduce((sum, fact) => sum + (fact[0] === sku ? fact[1] : 0), 0);
        fc.pre(total("A") <= 12 && total("B") <= 5);
        const end = (order: typeof once) =>
          order.reduce(
            (state, [sku, quantity, where]) => next(state, leaving(sku, quantity, where as "shelf" | "elsewhere")),
            start(steps),
          );
        const [one, other] = [end(once), end(permuted)];
        expect(figures(other)).toEqual(figures(one));
        expect(other.status).toBe(one.status);
      }),
    );
  });
});
