/**
 * A return's life, told as given / when / then: what has happened, what somebody wants, what follows.
 *
 * No database and no clock: the rules alone.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../../../../shared/limits.ts";
import { type Authorize, authorize, type Receive, receive } from "../../../../subgraphs/returns/domain/arrival.ts";
import { type Departure, depart } from "../../../../subgraphs/returns/domain/departure.ts";
import {
  evolve,
  heldOf,
  type ReturnEvent,
  type ReturnState,
  type ReturnStatus,
  returnStatuses,
  transitions,
} from "../../../../subgraphs/returns/domain/return.ts";

const nowMs = Date.UTC(2026, 0, 5, 8);

function given(...events: ReturnEvent[]): ReturnState | null {
  return events.reduce<ReturnState | null>((state, event) => evolve(state, event), null);
}

const authorized = (...lines: [sku: string, quantity: number, reasonCode?: string][]): ReturnEvent => ({
  type: "authorized",
  atMs: nowMs,
  returnId: "R1",
  orderId: "O1",
  locationId: "WEST",
  lines: lines.map(([sku, quantity, reasonCode = "DEFECT"], i) => ({ lineNumber: i + 1, sku, quantity, reasonCode })),
});

const received = (...lines: [lineNumber: number, sku: string, quantity: number][]): ReturnEvent => ({
  type: "received",
  atMs: nowMs + 1,
  returnId: "R1",
  orderId: null,
  locationId: "WEST",
  lines: lines.map(([lineNumber, sku, quantity]) => ({ lineNumber, sku, quantity })),
});

const restocked = (...lines: [lineNumber: number, sku: string, quantity: number][]): ReturnEvent => ({
  type: "restocked",
  atMs: nowMs + 2,
  lines: lines.map(([lineNumber, sku, quantity]) => ({ lineNumber, sku, quantity })),
});

function authorizing(...lines: [sku: string, quantity: number][]): Authorize {
  return {
    returnId: "R1",
    orderId: "O1",
    locationId: "WEST",
    lines: lines.map(([sku, quantity], i) => ({ sku, quantity, reasonCode: "DEFECT", field: lineField(i) })),
  };
}

function receiving(lines: [sku: string, quantity: number][], more: Partial<Receive> = {}): Receive {
  return {
    returnId: "R1",
    orderId: null,
    locationId: null,
    lines: lines.map(([sku, quantity], i) => ({ sku, quantity, field: lineField(i) })),
    ...more,
  };
}

const restocking = (sku: string, quantity: number, more: Partial<Departure> = {}): Departure => ({
  returnId: "R1",
  sku,
  locationId: "WEST",
  quantity,
  toShelf: true,
  ...more,
});

const lineField = (i: number) => ["input", "lines", String(i)];
const refusal = (code: string, details: object = {}) =>
  expect.objectContaining({ code, details: expect.objectContaining(details) });
const linesOf = (event: ReturnEvent) => event.lines.map((line) => [line.lineNumber, line.sku, line.quantity]);

describe("authorising", () => {
  it("makes one line of each line asked for, with nothing received yet", () => {
    const state = evolve(null, authorize(null, authorizing(["A", 3], ["B", 2]), nowMs));
    expect(state).toMatchObject({
      status: "AUTHORIZED",
      announced: true,
      orderId: "O1",
      locationId: "WEST",
      version: 1,
    });
    expect(state.lines).toEqual([
      {
        lineNumber: 1,
        sku: "A",
        authorized: 3,
        received: 0,
        restocked: 0,
        removed: 0,
        reasonCode: "DEFECT",
        condition: null,
        inspectionNote: null,
        disposition: null,
      },
      {
        lineNumber: 2,
        sku: "B",
        authorized: 2,
        received: 0,
        restocked: 0,
        removed: 0,
        reasonCode: "DEFECT",
        condition: null,
        inspectionNote: null,
        disposition: null,
      },
    ]);
  });

  it("refuses a number that another return has", () => {
    expect(() => authorize(given(authorized(["A", 1])), authorizing(["A", 1]), nowMs)).toThrow(
      refusal("DOCUMENT_EXISTS", { returnId: "R1", field: ["input", "id"] }),
    );
  });

  it("refuses a return of nothing", () => {
    expect(() => authorize(null, authorizing(), nowMs)).toThrow(
      refusal("INVALID_INPUT", { field: ["input", "lines"] }),
    );
  });

  it.each([0, -1])("refuses a quantity of %i and names its line", (quantity) => {
    expect(() => authorize(null, authorizing(["A", 1], ["B", quantity]), nowMs)).toThrow(
      refusal("QUANTITY_NOT_POSITIVE", { field: ["input", "lines", "1", "quantity"] }),
    );
  });
});

describe("receiving what was authorised", () => {
  it("is RECEIVED as soon as a part has arrived", () => {
    const before = given(authorized(["A", 10], ["B", 2]));
    const state = evolve(before, receive(before, receiving([["A", 4]]), nowMs));
    expect(state.status).toBe("RECEIVED");
    expect(state.lines.map((line) => line.received)).toEqual([4, 0]);
  });

  it("takes the rest later", () => {
    const before = given(authorized(["A", 10]), received([1, "A", 4]));
    const state = evolve(before, receive(before, receiving([["A", 6]]), nowMs));
    expect(state).toMatchObject({ status: "RECEIVED", version: 3 });
    expect(state.lines[0]?.received).toBe(10);
  });

  it("fills the lines of one SKU in their order", () => {
    const before = given(authorized(["A", 2, "DEFECT"], ["B", 9], ["A", 5, "TOO_BIG"]), received([1, "A", 1]));
    expect(linesOf(receive(before, receiving([["A", 3]]), nowMs))).toEqual([
      [1, "A", 1],
      [3, "A", 2],
    ]);
  });

  it("counts two entries of one SKU together", () => {
    const before = given(authorized(["A", 5]));
    expect(
      linesOf(
        receive(
          before,
          receiving([
            ["A", 2],
            ["A", 3],
          ]),
          nowMs,
        ),
      ),
    ).toEqual([[1, "A", 5]]);
    expect(() =>
      receive(
        before,
        receiving([
          ["A", 3],
          ["A", 3],
        ]),
        nowMs,
      ),
    ).toThrow(refusal("RETURN_EXCEEDED", { left: 5 }));
  });

  it("refuses one unit more than was authorised and says how many may still arrive", () => {
    const before = given(authorized(["A", 10]), received([1, "A", 4]));
    expect(() => receive(before, receiving([["A", 7]]), nowMs)).toThrow(
      refusal("RETURN_EXCEEDED", { sku: "A", left: 6, field: ["input", "lines", "0", "quantity"] }),
    );
  });

  it("refuses an item that is not part of the return", () => {
    expect(() => receive(given(authorized(["A", 10])), receiving([["X", 1]]), nowMs)).toThrow(
      refusal("RETURN_EXCEEDED", { sku: "X", left: 0 }),
    );
  });

  it("refuses another location than the one it was announced for", () => {
    const before = given(authorized(["A", 10]));
    expect(() => receive(before, receiving([["A", 1]], { locationId: "EAST" }), nowMs)).toThrow(
      refusal("INVALID_INPUT", { field: ["input", "locationId"] }),
    );
    expect(receive(before, receiving([["A", 1]], { locationId: "WEST" }), nowMs)).toMatchObject({ locationId: "WEST" });
  });

  const closed = returnStatuses.filter((status) => !["AUTHORIZED", "IN_TRANSIT", "RECEIVED"].includes(status));
  it.each(closed)("refuses goods for a return that is %s", (status) => {
    const before = { ...(given(authorized(["A", 10])) as ReturnState), status };
    expect(() => receive(before, receiving([["A", 1]]), nowMs)).toThrow(refusal("ILLEGAL_TRANSITION", { status }));
  });
});

describe("receiving what nobody announced", () => {
  it("makes a return that is RECEIVED and not announced", () => {
    const event = receive(
      null,
      receiving(
        [
          ["A", 2],
          ["B", 1],
          ["A", 1],
        ],
        { locationId: "WEST", orderId: "O7" },
      ),
      nowMs,
    );
    const state = evolve(null, event);
    expect(state).toMatchObject({
      status: "RECEIVED",
      announced: false,
      orderId: "O7",
      locationId: "WEST",
      version: 1,
    });
    expect(state.lines.map((line) => [line.lineNumber, line.sku, line.authorized, line.received])).toEqual([
      [1, "A", 0, 3],
      [2, "B", 0, 1],
    ]);
  });

  it("needs a location", () => {
    expect(() => receive(null, receiving([["A", 2]]), nowMs)).toThrow(
      refusal("INVALID_INPUT", { field: ["input", "locationId"] }),
    );
  });

  it("has no authorisation to exceed: more parcels add to it", () => {
    const before = given(received([1, "A", 2]));
    const state = evolve(
      before,
      receive(
        before,
        receiving([
          ["B", 4],
          ["A", 3],
        ]),
        nowMs,
      ),
    );
    expect(state.lines.map((line) => [line.lineNumber, line.sku, line.received])).toEqual([
      [1, "A", 5],
      [2, "B", 4],
    ]);
  });

  it("refuses what does not fit a quantity", () => {
    const before = given(received([1, "A", limits.quantityMax]));
    expect(() => receive(before, receiving([["A", 1]]), nowMs)).toThrow(refusal("QUANTITY_OUT_OF_RANGE"));
    const twice = receiving(
      [
        ["A", limits.quantityMax],
        ["A", 1],
      ],
      { locationId: "WEST" },
    );
    expect(() => receive(null, twice, nowMs)).toThrow(refusal("QUANTITY_OUT_OF_RANGE"));
  });
});

describe("the warehouse puts returned units back on the shelf", () => {
  it("is RESTOCKED once everything announced has arrived and is on the shelf", () => {
    const before = given(authorized(["A", 3]), received([1, "A", 3]), restocked([1, "A", 2]));
    expect(before?.status).toBe("RECEIVED");
    const state = evolve(before, depart(before, restocking("A", 1), nowMs));
    expect(state).toMatchObject({ status: "RESTOCKED", lines: [{ received: 3, restocked: 3 }] });
  });

  it("is not done while something announced may still arrive", () => {
    const before = given(authorized(["A", 3]), received([1, "A", 2]));
    expect(evolve(before, depart(before, restocking("A", 2), nowMs)).status).toBe("RECEIVED");
  });

  it("is done when an unannounced return is back on the shelf", () => {
    const before = given(received([1, "A", 2], [2, "B", 1]), restocked([1, "A", 2]));
    expect(evolve(before, depart(before, restocking("B", 1), nowMs)).status).toBe("RESTOCKED");
  });

  it("refuses more than is in quarantine: somebody has to look at it", () => {
    const before = given(authorized(["A", 9]), received([1, "A", 3]), restocked([1, "A", 2]));
    expect(() => depart(before, restocking("A", 2), nowMs)).toThrow(refusal("RETURN_EXCEEDED", { sku: "A" }));
  });

  it.each<[string, ReturnState | null, Departure, string]>([
    ["a return nobody knows", null, restocking("A", 1), "UNKNOWN_DOCUMENT"],
    ["another location", given(received([1, "A", 2])), restocking("A", 1, { locationId: "EAST" }), "INVALID_INPUT"],
    ["no units", given(received([1, "A", 2])), restocking("A", 0), "QUANTITY_NOT_POSITIVE"],
  ])("refuses %s", (_, state, fact, code) => {
    expect(() => depart(state, fact, nowMs)).toThrow(refusal(code));
  });

  it.each(["SCRAPPED", "DONATED", "REFURBISH", "RETURN_TO_VENDOR", "RESTOCKED"] as const)(
    "never takes a return that is %s back",
    (status) => {
      const before = { ...(given(authorized(["A", 1]), received([1, "A", 1])) as ReturnState), status };
      const state = evolve(before, depart(before, restocking("A", 1), nowMs));
      expect(state.status).toBe(status);
      expect(state.lines[0]?.restocked).toBe(1);
    },
  );
});

describe("the statuses", () => {
  it("can all be reached from where a return begins", () => {
    const reached = new Set<ReturnStatus>(["AUTHORIZED", "RECEIVED"]);
    for (const status of reached) for (const next of transitions[status]) reached.add(next);
    expect([...reached].sort()).toEqual([...returnStatuses].sort());
  });

  it("form no circle but one: after a refusal something else may be proposed", () => {
    const followers = (status: ReturnStatus): ReturnStatus[] =>
      transitions[status]
        .filter((next) => !(status === "REJECTED" && next === "DISPOSITION_PROPOSED"))
        .flatMap((next) => [next, ...followers(next)]);
    for (const status of returnStatuses) expect(followers(status)).not.toContain(status);
    expect(transitions.REJECTED).toContain("DISPOSITION_PROPOSED");
  });

  it("end where nothing more can happen: what became of the goods, or that none came", () => {
    const ends = returnStatuses.filter((status) => transitions[status].length === 0);
    expect(ends.sort()).toEqual(["DONATED", "EXPIRED", "REFURBISH", "RESTOCKED", "RETURN_TO_VENDOR", "SCRAPPED"]);
  });
});

describe("whatever is received and put away, in whatever parts", () => {
  const step = fc.record({
    what: fc.constantFrom("receive", "restock"),
    sku: fc.constantFrom("A", "B", "C"),
    quantity: fc.integer({ min: 1, max: 6 }),
  });

  it("keeps 0 ≤ restocked ≤ received ≤ authorised on every line, and what is in quarantine is the sum of its moves", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let state = given(authorized(["A", 8], ["B", 5], ["A", 4])) as ReturnState;
        let quarantined = 0;
        for (const { what, sku, quantity } of steps) {
          try {
            const event =
              what === "receive"
                ? receive(state, receiving([[sku, quantity]]), nowMs)
                : depart(state, restocking(sku, quantity), nowMs);
            const moved = event.lines.reduce((sum, line) => sum + line.quantity, 0);
            expect(moved).toBe(quantity);
            quarantined += what === "receive" ? quantity : -quantity;
            state = evolve(state, event);
          } catch (error) {
            expect(["RETURN_EXCEEDED", "ILLEGAL_TRANSITION"]).toContain((error as { code?: string }).code);
          }
          for (const line of state.lines) {
            expect(line.restocked).toBeGreaterThanOrEqual(0);
            expect(line.restocked).toBeLessThanOrEqual(line.received);
            expect(line.received).toBeLessThanOrEqual(line.authorized);
          }
          expect(state.lines.reduce((sum, line) => sum + heldOf(state, line.lineNumber).quarantined, 0)).toBe(
            quarantined,
          );
        }
      }),
    );
  });
});
