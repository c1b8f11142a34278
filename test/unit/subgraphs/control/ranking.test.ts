/**
 * How urgent an exception is: six terms, monotone in each, and nothing waits for ever.
 *
 * Policies and exceptions are made up; time is an argument.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AppError } from "../../../../shared/errors.ts";
import { exceptionTypes } from "../../../../subgraphs/control/domain/exception.ts";
import {
  changePolicy,
  defaultExceptionPolicy,
  type ExceptionPolicy,
  termNames,
} from "../../../../subgraphs/control/domain/exception-policy.ts";
import {
  escalationLevelOf,
  type KnownItem,
  rank,
  responsibleRoleOf,
} from "../../../../subgraphs/control/domain/ranking.ts";

const minute = 60_000;
const anyType = fc.constantFrom(...exceptionTypes);
const anyItem: fc.Arbitrary<KnownItem | null> = fc.option(
  fc.record({
    unitCost: fc.option(fc.integer({ min: 0, max: 100_000 }).map((cents) => (cents / 100).toFixed(2))),
    class: fc.constantFrom("A", "B", "C", "Lamps", null),
  }),
);

/** Weights that the rules allow. */
const anyPolicy: fc.Arbitrary<ExceptionPolicy> = fc
  .record({
    waiting: fc.integer({ min: 50, max: 100 }),
    age: fc.integer({ min: 1, max: 50 }),
    cuts: fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }),
    halfValue: fc.integer({ min: 1, max: 1_000_000 }),
    fullAgeMinutes: fc.integer({ min: 1, max: 20_000 }),
    risks: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }),
  })
  .map(({ waiting, age, cuts, risks, ...rest }) => {
    const ends = [0, ...cuts.map((cut) => Math.round((cut * (100 - waiting)) / 100)).sort((a, b) => a - b)];
    const shares = [...ends, 100 - waiting].slice(1).map((end, i) => end - (ends[i] as number));
    const [value = 0, customer = 0, margin = 0, risk = 0] = shares;
    const points = { SLA: waiting - age, AGE: age, VALUE: value, CUSTOMER_CLASS: customer, MARGIN: margin, RISK: risk };
    const weights = termNames.map((name) => ({ name, weight: points[name] }));
    const types = exceptionTypes.map((type, i) => ({ type, risk: risks[i] as number }));
    return changePolicy(defaultExceptionPolicy, { weights, types, ...rest }, 1);
  });

const about = { type: "SHORT_RECEIPT", quantity: 10, raisedAtMs: 0 } as const;
const pointsOf = (priorityOf: ReturnType<typeof rank>) => priorityOf.terms.reduce((sum, { points }) => sum + points, 0);

describe("the priority of an exception", () => {
  it("is 0 to 100, the sum of its terms, and each term is 0 to 1", () => {
    fc.assert(
      fc.property(
        anyPolicy,
        anyType,
        fc.option(fc.integer()),
        anyItem,
        fc.nat(),
        (policy, type, quantity, item, now) => {
          const ranking = rank(policy, { type, quantity, raisedAtMs: 0 }, item, now);
          expect(ranking.priority).toBe(Math.round(pointsOf(ranking)));
          expect(ranking.priority).toBeGreaterThanOrEqual(0);
          expect(ranking.priority).toBeLessThanOrEqual(100);
          for (const { value } of ranking.terms) expect(value >= 0 && value <= 1).toBe(true);
          expect(ranking.terms.map(({ name }) => name)).toEqual([...termNames]);
        },
      ),
    );
  });

  it("never falls with time, with more units, with a dearer item, a better class or a greater risk", () => {
    fc.assert(
      fc.property(anyPolicy, anyType, fc.nat(1_000_000), fc.nat(1_000_000), fc.nat(), (policy, type, a, b, now) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const item = { unitCost: "2.50", class: "B" };
        const of = (over: object, known: KnownItem = item, nowMs = now, by = policy) =>
          pointsOf(rank(by, { type, quantity: 5, raisedAtMs: 0, ...over }, known, nowMs));
        expect(of({}, item, more)).toBeGreaterThanOrEqual(of({}, item, less));
        expect(of({ quantity: more })).toBeGreaterThanOrEqual(of({ quantity: less }));
        expect(of({}, { ...item, unitCost: `${more}` })).toBeGreaterThanOrEqual(
          of({}, { ...item, unitCost: `${less}` }),
        );
        const classes = [null, "C", "B", "A"].map((name) => of({}, { ...item, class: name }));
        expect(classes).toEqual([...classes].sort((x, y) => x - y));
        const risky = (risk: number) => changePolicy(policy, { types: [{ type, risk }] }, 2);
        const risks = [less, more].map((part) => of({}, item, now, risky(part / 1_000_000)));
        expect(risks[1]).toBeGreaterThanOrEqual(risks[0] as number);
      }),
    );
  });

  it("says what is not known instead of guessing", () => {
    const terms = rank(defaultExceptionPolicy, about, null, 0).terms;
    const told = Object.fromEntries(terms.map(({ name, value, reason }) => [name, [value, reason]]));
    expect(told).toMatchObject({
      VALUE: [0, "unit cost not known"],
      CUSTOMER_CLASS: [0, "item class not known"],
      MARGIN: [0.5, "not known: counts half"],
    });
  });
});

describe("nothing waits for ever", () => {
  it("what has waited in full is ahead of everything that has just come, whatever that is", () => {
    fc.assert(
      fc.property(anyPolicy, anyType, anyType, anyItem, anyItem, fc.nat(), (policy, type, other, item, best, units) => {
        const fullMs = Math.max(policy.types[type].slaMinutes, policy.fullAgeMinutes) * minute;
        const old = rank(policy, { type, quantity: 0, raisedAtMs: 0 }, item, fullMs);
        const fresh = rank(policy, { type: other, quantity: units, raisedAtMs: fullMs }, best, fullMs);
        // Of equals the oldest stands first.
        expect(old.priority).toBeGreaterThanOrEqual(fresh.priority);
      }),
    );
  });

  it("though one that is worth much more comes for each one that is settled, it has its turn", () => {
    fc.assert(
      fc.property(anyPolicy, anyItem, fc.integer({ min: 1, max: 240 }), (policy, item, everyMinutes) => {
        const dear = { unitCost: "99999.00", class: "A" };
        type Waiting = { id: number; raisedAtMs: number; item: KnownItem | null };
        let queue: Waiting[] = [{ id: 0, raisedAtMs: 0, item }];
        const fullMinutes = Math.max(policy.types[about.type].slaMinutes, policy.fullAgeMinutes);
        const turns = Math.ceil(fullMinutes / everyMinutes) + 1;
        for (let turn = 1; turn <= turns; turn++) {
          const nowMs = turn * everyMinutes * minute;
          queue.push({ id: turn, raisedAtMs: nowMs, item: dear });
          const priorityOf = (one: Waiting) =>
            rank(policy, { ...about, quantity: 1_000, raisedAtMs: one.raisedAtMs }, one.item, nowMs).priority;
          const [first] = [...queue].sort((a, b) => priorityOf(b) - priorityOf(a) || a.id - b.id);
          if (first?.id === 0) return;
          queue = queue.filter((one) => one !== first);
        }
        throw new Error("it still waits");
      }),
      { numRuns: 20 },
    );
  });
});

describe("what is due", () => {
  it("goes up a step each time that the time has passed again, and never down", () => {
    const level = (minutes: number, escalationLevel = 0) =>
      escalationLevelOf(defaultExceptionPolicy, { ...about, escalationLevel }, minutes * minute);
    expect([0, 1_439, 1_440, 2_880, 4_320, 99_999].map((minutes) => level(minutes))).toEqual([0, 0, 1, 2, 3, 3]);
    expect(level(0, 2)).toBe(2);
    const roles = [0, 1, 2, 3].map((step) => responsibleRoleOf(defaultExceptionPolicy, about.type, step));
    expect(roles).toEqual(["planner", "supervisor", "manager", "controller"]);
  });
});

describe("a policy", () => {
  const refused = (change: Parameters<typeof changePolicy>[1]) => {
    try {
      changePolicy(defaultExceptionPolicy, change, 1);
    } catch (error) {
      return [(error as AppError).code, (error as AppError).details.field?.join(".")];
    }
    return "taken";
  };

  it.each([
    ["weights that are not 100 together", { weights: [{ name: "VALUE", weight: 30 }] }, "input.weights"],
    [
      "no weight for age",
      {
        weights: [
          { name: "AGE", weight: 0 },
          { name: "SLA", weight: 50 },
        ],
      },
      "input.weights",
    ],
    [
      "less than half for waiting",
      {
        weights: [
          { name: "AGE", weight: 10 },
          { name: "VALUE", weight: 30 },
        ],
      },
      "input.weights",
    ],
    ["a time of nothing", { types: [{ type: "VARIANCE", slaMinutes: 0 }] }, "input.types.0.slaMinutes"],
    [
      "a role that nobody has",
      { types: [{ type: "VARIANCE", responsibleRole: "king" }] },
      "input.types.0.responsibleRole",
    ],
    ["a risk above 1", { types: [{ type: "VARIANCE", risk: 1.1 }] }, "input.types.0.risk"],
    ["a value of nothing", { halfValue: 0 }, "input.halfValue"],
  ] as const)("with %s is refused", (_, change, field) => {
    expect(refused(change as never)).toEqual(["INVALID_INPUT", field]);
  });

  it("keeps what a change leaves out", () => {
    const after = changePolicy(defaultExceptionPolicy, { types: [{ type: "VARIANCE", slaMinutes: 5 }] }, 4);
    expect(after.version).toBe(4);
    expect(after.types).toEqual({
      ...defaultExceptionPolicy.types,
      VARIANCE: { ...defaultExceptionPolicy.types.VARIANCE, slaMinutes: 5 },
    });
  });
});
