/**
 * Faults follow from the seed; judges that read only what was told find a hole, an invention, and nothing else.
 */
import { describe, expect, it } from "vitest";
import { createRandom } from "../../../demo/random.ts";
import { isBroken, merge, verdictLines } from "../../../torture/checks/verdict.ts";
import { describeFault, type Fault, isFelt, planRolling, planRounds, type Targets } from "../../../torture/faults.ts";
import { parseOptions } from "../../../torture/options.ts";
import { missedOf } from "../../../torture/subscriber.ts";

const targets: Targets = {
  members: [
    { name: "erp", keeps: true },
    { name: "gateway-1", keeps: false },
  ],
  servers: ["mysql", "redis"],
};

function plan(seed: number, count: number): (readonly Fault[])[] {
  const rounds = planRounds(createRandom(seed), targets);
  return Array.from({ length: count }, () => rounds.next().value?.faults ?? []);
}

describe("the plan", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(plan(7, 50)).toEqual(plan(7, 50));
    expect(plan(7, 50)).not.toEqual(plan(8, 50));
  });

  it("has every kind of fault in a long run, arms only who keeps data, and never loses the databases", () => {
    const faults = plan(1, 500).flat();
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(["kill", "freeze", "failpoint", "way", "server"]));
    expect(faults.filter((fault) => fault.kind === "failpoint" && fault.member !== "erp")).toEqual([]);
    expect(faults.filter((f) => f.kind === "server" && f.name === "mysql" && f.how === "lose")).toEqual([]);
    expect(faults.filter((fault) => /undefined|NaN/.test(describeFault(fault)))).toEqual([]);
  });

  it("never harms one process in two ways at once", () => {
    const subjects = plan(2, 500).map((faults) =>
      faults.map((fault) => ("member" in fault ? fault.member : fault.name)),
    );
    expect(subjects.filter((names) => new Set(names).size !== names.length)).toEqual([]);
  });
});

describe("a rolling restart", () => {
  it("takes every process and every server once, one at a time, and only a database may be felt", () => {
    const rounds = planRolling(targets);
    const faults = Array.from({ length: 4 }, () => rounds.next().value?.faults ?? []);
    const [erp, gateway, mysql, redis] = [
      "restart erp",
      "restart gateway-1",
      "restart mysql, 0 ms",
      "restart redis, 0 ms",
    ];
    expect(faults.map((together) => together.map(describeFault))).toEqual([[erp], [gateway], [mysql], [redis]]);
    expect(faults.flat().filter(isFelt).map(describeFault)).toEqual([mysql]);
  });
});

describe("what a subscriber missed", () => {
  const snapshot = new Map([["S|L", 3]]);
  const committed = new Map([["S|L", [1, 2, 3, 4, 5, 6]]]);
  const of = (...told: number[][]) =>
    missedOf(
      told.map((versions) => ({ snapshot, told: new Map([["S|L", versions]]) })),
      committed,
    );

  it("is nothing where everything after the snapshot came, also twice", () => {
    expect(of([4, 5, 5, 6])).toEqual([]);
  });

  it("is what was left out, at the end or between; and what was never committed is told as well", () => {
    expect(of([4, 6])).toEqual(["S|L: versions 5 of segment 0 were not told"]);
    expect(of([4, 5])).toEqual(["S|L: versions 6 of segment 0 were not told"]);
    expect(of([4, 5, 6, 7])).toEqual(["S|L: versions 7 were told and never committed"]);
  });

  it("of a segment that was ended by RESYNC_REQUIRED ends with what was told last", () => {
    expect(of([4], [4, 5, 6])).toEqual([]);
    expect(of([5], [4, 5, 6])).toEqual(["S|L: versions 4 of segment 0 were not told"]);
  });
});

describe("the verdict", () => {
  it("names every promise, and what breaks it", () => {
    const lines = verdictLines(merge({ I1: [] }, { I2: ["one too many"] }, { I2: ["and another"] })).join("\n");
    expect(lines).toMatch(/I1 +holds/);
    expect(lines).toMatch(/I2 +BROKEN: no oversell\n +one too many\n +and another/);
    expect(lines).toMatch(/I7 +not looked at/);
    expect([isBroken({ I1: [] }), isBroken({ I1: [], I2: ["one"] })]).toEqual([false, true]);
  });
});

describe("options", () => {
  it("have their defaults, and are refused by name", () => {
    expect(parseOptions([], 42)).toEqual({ minutes: 5, seed: 42, topology: "apart", rolling: false, help: false });
    expect(parseOptions(["--minutes", "0.5", "--seed", "7", "--whole", "--rolling"], 42)).toMatchObject({
      rolling: true,
      seed: 7,
      topology: "whole",
    });
    for (const [words, name] of [
      [["--minutes", "0"], /--minutes/],
      [["--seed", "x"], /--seed/],
      [["--hours", "1"], /--hours/],
    ] as const) {
      expect(() => parseOptions(words, 1)).toThrow(
        expect.objectContaining({ code: "INVALID_INPUT", message: expect.stringMatching(name) }),
      );
    }
  });
});
