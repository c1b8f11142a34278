/**
 * What subscribers were told: a change that was overtaken is not a change that was lost.
 */
import { describe, expect, it } from "vitest";
import { toldOf } from "../../../bench/arrivals.ts";

const change = (documentId: string, item: number, committedMs: number) => ({ documentId, item, committedMs });
const changes = [change("a1", 1, 100), change("b1", 2, 110), change("a2", 1, 200)];

describe("what two sockets an item were told", () => {
  it("everything: a lag for each message, never below 0", () => {
    const told = toldOf(changes, { a1: [101, 103], b1: [109, 115], a2: [200, 250] }, 2);
    expect(told).toMatchObject({ skipped: 0, lost: 0 });
    expect([...told.lagsMs].sort((a, b) => a - b)).toEqual([0, 0, 1, 3, 5, 50]);
  });

  it("an earlier change not told, a later one of the same item told: skipped", () => {
    expect(toldOf(changes, { b1: [115, 115], a1: [101], a2: [201, 202] }, 2)).toMatchObject({ skipped: 1, lost: 0 });
  });

  it("the last change of an item not told: lost, whatever came of other items", () => {
    expect(toldOf(changes, { a1: [101, 102], b1: [111, 112], a2: [201] }, 2)).toMatchObject({ skipped: 0, lost: 1 });
    expect(toldOf(changes, {}, 2)).toEqual({ lagsMs: [], skipped: 0, lost: 6 });
  });
});
