/**
 * The last entries of a map: as many as promised are there, and never more than twice as many.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { createRecent } from "../../../shared/recent.ts";

it("has the last entries that were set, each with its last value, and a bounded number of others", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.nat(50), { maxLength: 200 }), (max, keys) => {
      const recent = createRecent<number, number>(max);
      keys.forEach((key, i) => {
        recent.set(key, i);
      });
      const last = new Map(keys.map((key, i) => [key, i]));
      for (const key of keys.slice(-max)) expect(recent.get(key)).toBe(last.get(key));
      const there = [...last.keys()].filter((key) => recent.get(key) !== undefined);
      expect(there.length).toBeLessThanOrEqual(2 * max);
      expect(recent.get(-1)).toBeUndefined();
    }),
  );
});
