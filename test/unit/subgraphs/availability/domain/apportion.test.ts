/**
 * Rationing of protections: checked against a method so slow that it is obviously right.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ProtectionClaim, rationProtections } from "../../../../../subgraphs/availability/domain/apportion.ts";

const claim = (protection: number, priority = 1, consumed = 0): ProtectionClaim => ({ protection, priority, consumed });
const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
const unused = ({ protection, consumed }: ProtectionClaim) => Math.max(0, protection - consumed);

describe("when there is enough, every protection is kept in full", () => {
  it("keeps 30 and 20 out of 50", () => {
    expect(rationProtections(50, [claim(30), claim(20)])).toEqual([30, 20]);
  });

  it("keeps only what a channel's own reservations have not used", () => {
    expect(rationProtections(50, [claim(30, 1, 12), claim(20, 1, 25)])).toEqual([18, 0]);
  });
});

describe("when there is not enough", () => {
  it("a more important channel is served before a less important one gets anything", () => {
    expect(rationProtections(35, [claim(30, 1), claim(20, 2), claim(10, 3)])).toEqual([30, 5, 0]);
  });

  it("channels of the same importance share in proportion", () => {
    expect(rationProtections(10, [claim(40), claim(40), claim(20)])).toEqual([4, 4, 2]);
  });

  it("the same importance shares what more important channels left over", () => {
    expect(rationProtections(40, [claim(30, 1), claim(60, 2), claim(30, 2)])).toEqual([30, 7, 3]);
  });

  it("a tie goes to the channel named first, every time", () => {
    expect(rationProtections(1, [claim(10), claim(10)])).toEqual([1, 0]);
    expect(rationProtections(3, [claim(10), claim(10)])).toEqual([2, 1]);
  });

  it("what a channel has reserved of its share counts: it does not get a second share of the rest", () => {
    // Of 10 each was entitled to 5; the first has reserved its 5, the other's 5 are still there.
    expect(rationProtections(5, [claim(10, 1, 5), claim(10)])).toEqual([0, 5]);
  });

  it("one unit more takes nothing from anybody", () => {
    // The largest remainder method gives 4, 4, 2 of ten and 5, 5, 1 of eleven: the third would lose by the gain.
    const claims = [claim(6), claim(6), claim(2)];
    expect(rationProtections(10, claims)).toEqual([5, 4, 1]);
    expect(rationProtections(11, claims)).toEqual([5, 5, 1]);
    expect(rationProtections(12, claims)).toEqual([5, 5, 2]);
  });

  it("nothing or a shortfall leaves nothing for anybody", () => {
    expect(rationProtections(0, [claim(5), claim(5)])).toEqual([0, 0]);
    expect(rationProtections(-7, [claim(5), claim(5, 2)])).toEqual([0, 0]);
  });
});

const claims = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(40), fc.oneof(fc.constant(0), fc.nat(45))), { maxLength: 6 })
  .map((rows) => rows.map(([priority, protection, consumed]) => ({ priority, protection, consumed })))
  .map((rows) => rows.sort((a, b) => a.priority - b.priority));

const largeClaims = fc.array(
  fc.record({
    priority: fc.constant(1),
    protection: fc.oneof(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.constantFrom(1, 2, 2 ** 31 - 1, 2 ** 31 - 2)),
    consumed: fc.oneof(fc.constant(0), fc.nat(2 ** 31 - 1)),
  }),
  { minLength: 2, maxLength: 6 },
);

describe("properties of rationing", () => {
  it("is what handing out unit by unit gives", () => {
    fc.assert(
      fc.property(fc.nat(250), claims, (available, rows) => {
        expect(rationProtections(available, rows)).toEqual(unitByUnit(available, rows));
      }),
      { numRuns: 1_000 },
    );
  });

  it("hands out all there is, or all that is wanted, and to nobody more than its unused protection", () => {
    fc.assert(
      fc.property(fc.nat(250), claims, (available, rows) => {
        const shares = rationProtections(available, rows);
        expect(sum(shares)).toBe(Math.min(available, sum(rows.map(unused))));
        shares.forEach((share, i) => {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(unused(rows[i] as ProtectionClaim));
        });
      }),
    );
  });

  it("more stock never lowers a share", () => {
    fc.assert(
      fc.property(fc.nat(250), fc.nat(20), claims, (available, more, rows) => {
        const before = rationProtections(available, rows);
        const after = rationProtections(available + more, rows);
        after.forEach((share, i) => {
          expect(share).toBeGreaterThanOrEqual(before[i] ?? 0);
        });
      }),
      { numRuns: 500 },
    );
  });

  it("a channel that uses its share leaves every other share exactly as it was", () => {
    fc.assert(
      fc.property(fc.nat(250), claims, fc.nat(5), fc.nat(40), (available, rows, pick, wish) => {
        fc.pre(rows.length > 0);
        const who = pick % rows.length;
        const before = rationProtections(available, rows);
        const used = Math.min(wish, before[who] ?? 0);
        const after = rationProtections(
          available - used,
          rows.map((row, i) => (i === who ? { ...row, consumed: Math.min(row.consumed, row.protection) + used } : row)),
        );
        expect(after).toEqual(before.map((share, i) => (i === who ? share - used : share)));
      }),
      { numRuns: 1_000 },
    );
  });

  it("is exact and quick with quantities up to 2^31: the last unit given outranks the next one refused", () => {
    fc.assert(
      fc.property(largeClaims, fc.double({ min: 0, max: 1, noNaN: true }), (rows, part) => {
        const house = Math.floor(sum(rows.map(unused)) * part);
        const shares = rationProtections(house, rows);
        expect(sum(shares)).toBe(house);
        rows.forEach((given, i) => {
          const share = shares[i] ?? 0;
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(unused(given));
          if (share === 0) return;
          rows.forEach((refused, j) => {
            const next = shares[j] ?? 0;
            if (i === j || next >= unused(refused)) return;
            const heightGiven = BigInt(given.protection) * BigInt(2 * (refused.consumed + next) + 1);
            const heightRefused = BigInt(refused.protection) * BigInt(2 * (given.consumed + share - 1) + 1);
            expect(i < j ? heightGiven >= heightRefused : heightGiven > heightRefused).toBe(true);
          });
        });
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Webster's method by its definition: the next unit goes to the largest protection / (2 × units it has + 1). */
function unitByUnit(available: number, rows: readonly ProtectionClaim[]): number[] {
  const shares = rows.map(() => 0);
  for (let left = Math.max(0, available); left > 0; left--) {
    const open = rows.map((row, i) => ({ row, i })).filter(({ row, i }) => (shares[i] ?? 0) < unused(row));
    const first = open[0];
    if (!first) break;
    const group = open.filter(({ row }) => row.priority === first.row.priority);
    const height = ({ row, i }: { row: ProtectionClaim; i: number }) =>
      row.protection / (2 * (row.consumed + (shares[i] ?? 0)) + 1);
    const winner = group.reduce((best, other) => (height(other) > height(best) ? other : best));
    shares[winner.i] = (shares[winner.i] ?? 0) + 1;
  }
  return shares;
}
