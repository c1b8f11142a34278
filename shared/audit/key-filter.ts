/**
 * Remembers which idempotency keys audit rows name, in a fixed amount of memory (a Bloom filter). Pure.
 *
 * A key that was added is always found. One that was not is taken for added with a probability that grows with their
 * number: one in 100,000 with a million keys, one in a thousand with three million, one in a hundred with seven.
 */
import { createHash } from "node:crypto";

const bits = 2 ** 26;
const probes = 4;

export interface KeyFilter {
  add(person: string, key: string): void;
  has(person: string, key: string): boolean;
}

export function createKeyFilter(): KeyFilter {
  const words = new Uint32Array(bits / 32);

  function places(person: string, key: string): number[] {
    // No key holds a line break.
    const digest = createHash("sha256").update(`${key}\n${person}`).digest();
    return Array.from({ length: probes }, (_, i) => digest.readUInt32LE(4 * i) % bits);
  }

  return {
    add(person, key) {
      for (const place of places(person, key)) {
        words[place >>> 5] = (words[place >>> 5] as number) | (1 << (place & 31));
      }
    },
    has: (person, key) =>
      places(person, key).every((place) => ((words[place >>> 5] as number) & (1 << (place & 31))) !== 0),
  };
}
