/**
 * A small seeded random generator and the few distributions that the demo draws from.
 *
 * The same seed gives the same numbers on every machine and Node version, which `Math.random` does not promise. Our
 * own because it is ten lines (mulberry32: 32 bits of state, good enough to invent data); never for anything secret.
 */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  chance(probability: number): boolean;
  /** Fails on an empty list. */
  pick<T>(items: readonly T[]): T;
  /** An item with a probability in proportion to its weight. Fails when no weight is above 0. */
  weighted<T>(items: readonly T[], weightOf: (item: T) => number): T;
  /** How often something with this mean happened; `mean` up to about 500. */
  poisson(mean: number): number;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  const integer = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));

  return {
    next,
    integer,
    chance: (probability) => next() < probability,
    pick: (items) => itemAt(items, integer(0, items.length - 1)),
    weighted(items, weightOf) {
      const weights = items.map((item) => Math.max(0, weightOf(item)));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      if (total <= 0) throw new RangeError("no item has a weight above 0");
      let rest = next() * total;
      const chosen = weights.findIndex((weight) => {
        rest -= weight;
        return rest < 0;
      });
      // Rounding can leave a crumb of `rest` after the last weight: then it is the last item that has one.
      return itemAt(items, chosen >= 0 ? chosen : weights.findLastIndex((weight) => weight > 0));
    },
    poisson(mean) {
      // Knuth: count how many uniform factors fit before the product falls below e^-mean.
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = next(); product > limit; product *= next()) count += 1;
      return count;
    },
  };
}

/** Zipf: the item of rank r gets 1 / r^exponent; scaled so that all of them add up to 1. Ranks count from 0 here. */
export function zipfShares(count: number, exponent: number): readonly number[] {
  const raw = Array.from({ length: count }, (_, rank) => 1 / (rank + 1) ** exponent);
  const total = raw.reduce((sum, share) => sum + share, 0);
  return raw.map((share) => share / total);
}

function itemAt<T>(items: readonly T[], index: number): T {
  if (index < 0 || index >= items.length) throw new RangeError("nothing to choose from");
  return items[index] as T;
}
