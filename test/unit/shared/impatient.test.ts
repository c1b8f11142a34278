/**
 * A shared cache that does not answer costs one short wait, and then none until it is tried again.
 */
import { expect, it } from "vitest";
import { impatient } from "../../../shared/cache/impatient.ts";
import { createMemoryCache } from "../../../shared/cache/memory-cache.ts";
import { manualClock } from "../../../shared/clock.ts";
import { limits } from "../../../shared/limits.ts";

it("is asked in vain once, left alone for a moment, and asked again", async () => {
  const clock = manualClock();
  const store = createMemoryCache(clock);
  await store.putMany([{ key: "a", version: 1, value: "one", ttlMs: 600_000 }]);
  let asked = 0;
  let silent = true;
  const cache = impatient(
    {
      ...store,
      getMany(keys) {
        asked += 1;
        return silent ? new Promise(() => {}) : store.getMany(keys);
      },
    },
    clock,
    1,
  );
  await expect(cache.getMany(["a"])).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  await expect(cache.getMany(["a"])).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
  expect(asked).toBe(1);
  silent = false;
  clock.advance(limits.breakerRetryMs);
  expect(await cache.getMany(["a"])).toMatchObject([{ version: 1, value: "one" }]);
  expect(await cache.getMany(["a"])).toMatchObject([{ version: 1, value: "one" }]);
  expect(asked).toBe(3);
});
