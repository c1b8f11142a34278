/**
 * Calls gathered into batches: everybody once, in order, within the bounds, and each with its own outcome.
 */
import { describe, expect, it } from "vitest";
import { type BatchSpec, createBatches } from "../../../shared/batches.ts";
import { type Gate, gate } from "../../helpers/gate.ts";

const spec = { itemsMax: 3, sizeMax: 10, sizeOf: (n: number) => n, atOnceMax: 1, waitingMax: 6, full: "Full." };
const done = (value: number): PromiseSettledResult<number> => ({ status: "fulfilled", value });

/** Batches that end when their gate is opened. */
function open(more: Partial<BatchSpec<number, number>> = {}) {
  const ran: { items: readonly number[]; gate: Gate }[] = [];
  const batches = createBatches<number, number>({
    ...spec,
    run: async (items) => {
      const own = gate();
      ran.push({ items, gate: own });
      await own.opened;
      return items.map(done);
    },
    ...more,
  });
  return { batches, ran, items: () => ran.map((batch) => batch.items) };
}

/** Everything that is ready to go on has gone on. */
const settled = async () => {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
};

describe("batches", () => {
  it("hold what comes in one tick, in order, up to a number of items", async () => {
    const { batches, ran, items } = open();
    const replies = [1, 2, 1, 4].map((n) => batches.add(n));
    expect(ran).toEqual([]);
    await settled();
    expect(items()).toEqual([[1, 2, 1]]);
    expect(batches.waiting).toBe(1);
    ran[0]?.gate.open();
    await settled();
    ran[1]?.gate.open();
    expect(await Promise.all(replies)).toEqual([1, 2, 1, 4]);
    expect(items()).toEqual([[1, 2, 1], [4]]);
  });

  it("hold no more than a size, and what is larger than that alone", async () => {
    const { batches, ran, items } = open({ atOnceMax: 9 });
    const replies = [5, 5, 11, 1, 9].map((n) => batches.add(n));
    await settled();
    expect(items()).toEqual([[5, 5], [11], [1, 9]]);
    for (const batch of ran) batch.gate.open();
    await Promise.all(replies);
  });

  it("are under way so many at once, and who comes meanwhile is in the next", async () => {
    const { batches, ran, items } = open({ atOnceMax: 2 });
    const replies = [1, 1, 1, 2].map((n) => batches.add(n));
    await settled();
    replies.push(batches.add(3), batches.add(4));
    await settled();
    expect(items()).toEqual([[1, 1, 1], [2]]);
    ran[1]?.gate.open();
    await settled();
    expect(items()).toEqual([[1, 1, 1], [2], [3, 4]]);
    for (const batch of ran) batch.gate.open();
    await Promise.all(replies);
  });

  it("give each item its own outcome, and all the error of the whole", async () => {
    const mixed = createBatches<number, number>({
      ...spec,
      run: async (items) => items.map((n) => (n === 2 ? { status: "rejected", reason: new Error("two") } : done(n))),
    });
    const replies = await Promise.allSettled([1, 2, 3].map((n) => mixed.add(n)));
    expect(replies).toMatchObject([{ value: 1 }, { reason: { message: "two" } }, { value: 3 }]);
    const broken = createBatches<number, number>({ ...spec, run: () => Promise.reject(new Error("all")) });
    const failed = await Promise.allSettled([1, 2, 3, 4].map((n) => broken.add(n)));
    expect(failed.map((reply) => reply.status === "rejected" && reply.reason.message)).toEqual(Array(4).fill("all"));
  });

  it("refuse whom they have no place for, and take the next when there is place again", async () => {
    const { batches, ran } = open();
    const replies = Array.from({ length: spec.waitingMax }, () => batches.add(1));
    await expect(batches.add(1)).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE", message: "Full." });
    await settled();
    replies.push(batches.add(1));
    for (let i = 0; i < 3; i++) {
      ran[i]?.gate.open();
      await settled();
    }
    expect(await Promise.all(replies)).toHaveLength(spec.waitingMax + 1);
  });
});
