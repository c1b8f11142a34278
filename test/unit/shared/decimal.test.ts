/**
 * Exact decimals: sums and comparisons that a float would get wrong.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { addDecimals, decimalText, isAbove, worthOf } from "../../../shared/decimal.ts";

it("a value is exact to the last digit", () => {
  expect(decimalText(worthOf("0.10", 3))).toBe("0.30");
  expect(decimalText(worthOf("0.0001", 5))).toBe("0.0005");
  expect(decimalText(addDecimals(worthOf("0.1", 1), worthOf("0.02", 10)))).toBe("0.30");
  expect(isAbove(worthOf("999.9999999999999999", 1), 1_000)).toBe(false);
  expect(isAbove(addDecimals(worthOf("1000", 1), worthOf("0.0000000000000001", 1)), 1_000)).toBe(true);
});

it("sums do not depend on their order, and cents add up like whole numbers", () => {
  const cents = fc.integer({ min: 0, max: 2_147_483_647 });
  const money = (amount: number) => worthOf(`${Math.trunc(amount / 100)}.${String(amount % 100).padStart(2, "0")}`, 1);
  fc.assert(
    fc.property(cents, cents, (a, b) => {
      expect(addDecimals(money(a), money(b))).toEqual(addDecimals(money(b), money(a)));
      expect(addDecimals(money(a), money(b)).digits).toBe(BigInt(a + b));
    }),
  );
});
