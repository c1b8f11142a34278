/**
 * A transfer as a warehouse manager would tell it: given what has happened, when somebody decides, then what follows.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "../../../../../shared/errors.ts";
import {
  committedOf,
  type DecisionCommand,
  decide,
  evolve,
  inboundOf,
  inTransitOf,
  missingOf,
  resolveDiscrepancy,
  statusOf,
  type Transfer,
  type TransferEvent,
  type TransferStatus,
  transferStatuses,
  transitions,
} from "../../../../../subgraphs/erp/domain/transfer.ts";

const asked: TransferEvent = {
  type: "requested",
  request: {
    id: "T1",
    originId: "WEST",
    destinationId: "EAST",
    needBy: "2026-02-01",
    reference: null,
    reason: null,
    requestedBy: "paula",
    requestedAtMs: 1,
    lines: [
      { sku: "A", quantity: 100 },
      { sku: "B", quantity: 10 },
    ],
  },
};
const decided = (decision: "APPROVED" | "REJECTED" | "CANCELLED" | "CLOSED"): TransferEvent => ({
  type: "decided",
  decision,
  by: "petra",
  atMs: 2,
  note: null,
});
const approved = decided("APPROVED");
const picked = (quantity: number, sku = "A"): TransferEvent => ({ type: "picked", sku, quantity });
const shipped = (quantity: number, sku = "A"): TransferEvent => ({ type: "shipped", sku, quantity, person: "sam" });
const received = (quantity: number, settled: number, sku = "A"): TransferEvent => ({
  type: "received",
  sku,
  quantity,
  settled,
  person: "rosa",
  on: "2026-01-20",
});
const putBack = (quantity: number): TransferEvent => ({
  type: "voided",
  sku: "A",
  quantity,
  settled: -quantity,
  putBack: true,
});

function given(...events: readonly TransferEvent[]): Transfer {
  const state = events.reduce<Transfer | null>(evolve, null);
  if (!state) throw new Error("nothing has happened");
  return state;
}

function when(state: Transfer, type: DecisionCommand, person = "petra", aboveLimit = false): TransferStatus | string {
  try {
    return statusOf(decide(state, { type, person, note: null, aboveLimit }, 3).reduce(evolve, state));
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

function resolved(
  state: Transfer,
  resolution: "WRITTEN_OFF" | "NOT_SHIPPED",
  person = "mona",
  allInTransit = false,
): Transfer {
  return resolveDiscrepancy(state, { resolution, person, note: null, allInTransit }, 3).reduce(evolve, state);
}

const lineA = (state: Transfer) => state.lines[0] as Transfer["lines"][number];

describe("a transfer that was asked for", () => {
  it("waits for approval; approved, its goods are committed; rejected or cancelled, nothing moves", () => {
    expect(statusOf(given(asked))).toBe("PENDING_APPROVAL");
    expect(when(given(asked), "approve")).toBe("APPROVED");
    expect(when(given(asked), "reject")).toBe("REJECTED");
    expect(when(given(asked), "cancel", "paula")).toBe("CANCELLED");
    expect(committedOf(given(asked), lineA(given(asked)))).toBe(0);
    expect(committedOf(given(asked, approved), lineA(given(asked)))).toBe(100);
  });

  it("above the value limit is approved by somebody else; below it by whoever may", () => {
    expect(when(given(asked), "approve", "paula", true)).toBe("SAME_PERSON");
    expect(when(given(asked), "approve", "petra", true)).toBe("APPROVED");
    expect(when(given(asked), "approve", "paula", false)).toBe("APPROVED");
  });

  it("is decided once", () => {
    expect(when(given(asked, approved), "approve")).toBe("ILLEGAL_TRANSITION");
    expect(when(given(asked, decided("REJECTED")), "approve")).toBe("ILLEGAL_TRANSITION");
    expect(when(given(asked, decided("CANCELLED")), "cancel")).toBe("ILLEGAL_TRANSITION");
  });
});

describe("an approved transfer", () => {
  it("is PICKING when the first unit is picked, SHIPPED when the first leaves, also in parts", () => {
    expect(statusOf(given(asked, approved, picked(5)))).toBe("PICKING");
    const inParts = given(asked, approved, picked(5), shipped(60), shipped(10, "B"));
    expect(statusOf(inParts)).toBe("SHIPPED");
    expect(committedOf(inParts, lineA(inParts))).toBe(40);
    expect(inboundOf(inParts, lineA(inParts))).toMatchObject({ openQuantity: 60, orderedQuantity: 60, from: "WEST" });
  });

  it("can be cancelled until something has left; after that only closed, when nothing is in transit", () => {
    expect(when(given(asked, approved, picked(5)), "cancel")).toBe("CANCELLED");
    expect(when(given(asked, approved, shipped(60)), "cancel")).toBe("ILLEGAL_TRANSITION");
    expect(when(given(asked, approved, shipped(60)), "close")).toBe("ILLEGAL_TRANSITION");
    const partly = given(asked, approved, shipped(60), received(60, 60));
    expect(statusOf(partly)).toBe("PARTIALLY_RECEIVED");
    expect(when(partly, "close")).toBe("CLOSED");
  });

  it("received as a whole rests as RECEIVED until it is closed", () => {
    const whole = given(asked, approved, shipped(100), shipped(10, "B"), received(100, 100), received(10, 10, "B"));
    expect(statusOf(whole)).toBe("RECEIVED");
    expect(inboundOf(whole, lineA(whole))).toMatchObject({ openQuantity: 0, arrivedOn: "2026-01-20" });
    expect(when(whole, "close")).toBe("CLOSED");
    expect(when(given(asked, approved, decided("CLOSED")), "close")).toBe("ILLEGAL_TRANSITION");
  });

  it("whose cancellation was overtaken by a shipment is SHIPPED: facts beat paper", () => {
    const overtaken = given(asked, approved, decided("CANCELLED"), shipped(100));
    expect(statusOf(overtaken)).toBe("SHIPPED");
    expect(committedOf(overtaken, lineA(overtaken))).toBe(0);
    expect(statusOf(evolve(overtaken, received(100, 100)))).toBe("RECEIVED");
  });

  it("of which a shipment was voided before it was reported commits no more than was asked for", () => {
    const early = given(asked, approved, { ...putBack(2), settled: 0 } as TransferEvent);
    expect(committedOf(early, lineA(early))).toBe(100);
    expect(committedOf(evolve(early, shipped(10)), lineA(evolve(early, shipped(10))))).toBe(92);
  });

  it("shows goods that nobody had asked for on a line of their own", () => {
    const state = given(asked, approved, shipped(3, "C"));
    expect(state.lines.at(-1)).toMatchObject({ line: "C", requested: 0, shipped: 3 });
    expect(statusOf(state)).toBe("SHIPPED");
  });
});

describe("100 shipped and 97 received", () => {
  const short = given(asked, approved, shipped(100), shipped(10, "B"), received(10, 10, "B"), received(97, 100));

  it("is DISCREPANT by 3 when nothing more is to come, and PARTIALLY_RECEIVED when more is", () => {
    expect(statusOf(short)).toBe("DISCREPANT");
    expect([inTransitOf(lineA(short)), missingOf(lineA(short))]).toEqual([3, 3]);
    expect(statusOf(given(asked, approved, shipped(100), received(97, 0)))).toBe("PARTIALLY_RECEIVED");
  });

  it("and 3 found is RECEIVED", () => {
    expect(statusOf(evolve(short, received(3, 0)))).toBe("RECEIVED");
  });

  it("and 3 written off is RECEIVED, and can be closed", () => {
    const after = resolved(short, "WRITTEN_OFF");
    expect([statusOf(after), inTransitOf(lineA(after))]).toEqual(["RECEIVED", 0]);
    expect(when(after, "close")).toBe("CLOSED");
  });

  it("and 3 that never left: DISCREPANT until the origin has put them back, then they may be shipped again", () => {
    const ordered = resolved(short, "NOT_SHIPPED");
    expect(statusOf(ordered)).toBe("DISCREPANT");
    expect(() => resolved(ordered, "WRITTEN_OFF")).toThrow(expect.objectContaining({ code: "ILLEGAL_TRANSITION" }));
    const after = evolve(ordered, putBack(3));
    expect(statusOf(after)).toBe("PARTIALLY_RECEIVED");
    expect([inTransitOf(lineA(after)), committedOf(after, lineA(after))]).toEqual([0, 3]);
    expect(statusOf([shipped(3), received(3, 3)].reduce(evolve, after))).toBe("RECEIVED");
  });

  it("is resolved by nobody through whose hands the goods went", () => {
    for (const person of ["sam", "rosa"]) {
      expect(() => resolved(short, "WRITTEN_OFF", person)).toThrow(expect.objectContaining({ code: "SAME_PERSON" }));
    }
  });

  it("and a truck that never arrives is resolved as a whole, when somebody says that nothing of it will", () => {
    const gone = given(asked, approved, shipped(100), shipped(10, "B"));
    expect(() => resolved(gone, "WRITTEN_OFF")).toThrow(expect.objectContaining({ code: "ILLEGAL_TRANSITION" }));
    expect(statusOf(resolved(gone, "WRITTEN_OFF", "mona", true))).toBe("RECEIVED");
    const ordered = resolved(gone, "NOT_SHIPPED", "mona", true);
    expect(ordered.lines.map(({ notShipped }) => notShipped)).toEqual([100, 10]);
    const voided = (quantity: number, sku: string): TransferEvent => ({ ...putBack(quantity), sku }) as TransferEvent;
    expect(statusOf([voided(100, "A"), voided(10, "B")].reduce(evolve, ordered))).toBe("APPROVED");
  });

  it("with another truck on its way is missing 3 and no more", () => {
    const twoTrucks = given(asked, approved, shipped(60), received(57, 60), shipped(40));
    expect([inTransitOf(lineA(twoTrucks)), missingOf(lineA(twoTrucks))]).toEqual([43, 3]);
  });
});

describe("the machine", () => {
  const quantity = fc.integer({ min: 1, max: 40 });
  const sku = fc.constantFrom("A", "B", "C");
  const fact = fc.oneof(
    fc.record({ type: fc.constant("picked" as const), sku, quantity }),
    fc.record({ type: fc.constant("shipped" as const), sku, quantity, person: fc.constantFrom("sam", "sue") }),
    fc.record({
      type: fc.constant("voided" as const),
      sku,
      quantity,
      settled: fc.integer({ min: -40, max: 0 }),
      putBack: fc.boolean(),
    }),
    fc.record({
      type: fc.constant("received" as const),
      sku,
      quantity,
      settled: fc.integer({ min: 0, max: 40 }),
      person: fc.constantFrom("rosa", "ron"),
      on: fc.constantFrom("2026-01-20", "2026-01-21"),
    }),
  );
  const commands: readonly DecisionCommand[] = ["approve", "reject", "cancel", "close"];

  it("ends in the same state whatever the order and however often its facts come", () => {
    const story = fc.array(fact, { maxLength: 12 }).chain((facts) => {
      const numbered = facts.map((event, id) => ({ id, event }));
      return fc.tuple(
        fc.constant(numbered),
        fc.shuffledSubarray([...numbered, ...numbered], { minLength: facts.length * 2, maxLength: facts.length * 2 }),
        fc.nat({ max: facts.length * 2 }),
        fc.constantFrom<TransferEvent>(approved, decided("CANCELLED"), decided("CLOSED")),
      );
    });
    fc.assert(
      fc.property(story, ([facts, shuffled, at, decision]) => {
        const inOrder = given(asked, decision, ...facts.map(({ event }) => event));
        const once = shuffled.filter((fact, i) => shuffled.findIndex(({ id }) => id === fact.id) === i);
        const events: TransferEvent[] = once.map(({ event }) => event);
        events.splice(at, 0, decision);
        const outOfOrder = given(asked, ...events);
        expect(outOfOrder).toEqual(inOrder);
        expect(statusOf(outOfOrder)).toBe(statusOf(inOrder));
      }),
    );
  });

  it("goes only where its table says, and everywhere it says", () => {
    const seen = new Set<string>();
    const step = fc.oneof(
      { weight: 3, arbitrary: fact },
      { weight: 1, arbitrary: fc.constantFrom<DecisionCommand | "resolve">(...commands, "resolve") },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), (steps) => {
        let state = given(asked);
        for (const next of steps) {
          const before = statusOf(state);
          const events = typeof next === "string" ? tryTo(state, next) : [next];
          state = events.reduce<Transfer>(evolve, state);
          const after = statusOf(state);
          if (after === before) continue;
          seen.add(`${before} → ${after}`);
          expect(transitions[before], `${before} → ${after}`).toContain(after);
          for (const line of state.lines) {
            expect(line.shipped).toBe(line.received + inTransitOf(line) + line.writtenOff);
          }
        }
      }),
      { numRuns: 6_000, seed: 5 },
    );
    const told = transferStatuses.flatMap((from) => transitions[from].map((to) => `${from} → ${to}`));
    expect(told.filter((transition) => !seen.has(transition))).toEqual([]);
  });

  it("reaches every status from the beginning, and is stuck in none where goods could still move", () => {
    const reached = new Set<TransferStatus>(["PENDING_APPROVAL"]);
    for (const from of reached) for (const to of transitions[from]) reached.add(to);
    expect([...reached].sort()).toEqual([...transferStatuses].sort());
    expect(transferStatuses.filter((status) => transitions[status].length === 0)).toEqual([]);
  });

  function tryTo(state: Transfer, command: DecisionCommand | "resolve"): TransferEvent[] {
    try {
      return command === "resolve"
        ? resolveDiscrepancy(state, { resolution: "WRITTEN_OFF", person: "mona", note: null, allInTransit: false }, 3)
        : decide(state, { type: command, person: "petra", note: null, aboveLimit: false }, 3);
    } catch (error) {
      if (error instanceof AppError) return [];
      throw error;
    }
  }
});
