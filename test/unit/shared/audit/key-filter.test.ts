/**
 * The filter of keys forgets nothing, and takes few for known that are not.
 */
import { expect, it } from "vitest";
import { createKeyFilter } from "../../../../shared/audit/key-filter.ts";

it("finds every key that was added, of the person it was added for, and hardly another", () => {
  const filter = createKeyFilter();
  const keys = Array.from({ length: 20_000 }, (_, i) => `key ${i}`);
  for (const key of keys) filter.add("walter", key);
  expect(keys.filter((key) => !filter.has("walter", key))).toEqual([]);
  expect(keys.filter((key) => filter.has("wilma", key)).length).toBeLessThan(5);
});
