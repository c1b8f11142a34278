/**
 * Exact decimals: money is never a float.
 *
 * Only what values need: a unit cost times a quantity, a sum, a comparison with a whole limit. Does not divide or round.
 */

/** `digits` / 10^`scale`. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** `unitCost`: an exact decimal as text. */
export function worthOf(unitCost: string, quantity: number): Decimal {
  const [whole = "0", fraction = ""] = unitCost.split(".");
  return { digits: BigInt(whole + fraction) * BigInt(quantity), scale: fraction.length };
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  const digitsOf = (decimal: Decimal) => decimal.digits * 10n ** BigInt(scale - decimal.scale);
  return { digits: digitsOf(a) + digitsOf(b), scale };
}

export function isAbove({ digits, scale }: Decimal, limit: number): boolean {
  return digits > BigInt(limit) * 10n ** BigInt(scale);
}

export function decimalText({ digits, scale }: Decimal): string {
  if (scale === 0) return digits.toString();
  const text = digits.toString().padStart(scale + 1, "0");
  return `${text.slice(0, -scale)}.${text.slice(-scale)}`;
}
