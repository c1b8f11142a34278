/**
 * Reading back what is there: pages, and systems that are a moment behind.
 */
import { describe, expect, it } from "vitest";
import { readBookedPositions, readTotals } from "../../../../cli/import/positions.ts";
import type { ApiClient } from "../../../../shared/graphql/client.ts";

/** Each reading of the one location gives the next of `readings`, in pages of two. */
function clientOf(readings: readonly (readonly (number | null)[])[]) {
  let reading = -1;
  const asked: unknown[] = [];
  const client: ApiClient = {
    async request<T>(_document: string, variables: Record<string, unknown> = {}) {
      asked.push(variables);
      const start = variables["after"] === null ? 0 : Number(variables["after"]);
      if (start === 0) reading += 1;
      const all = readings[Math.min(reading, readings.length - 1)] ?? [];
      const nodes = all.slice(start, start + 2).map((onHand, i) => ({
        sku: `S${start + i}`,
        physical: onHand === null ? null : { onHand },
        book: onHand === null ? null : { version: onHand },
      }));
      const end = start + nodes.length;
      return { stockPositions: { nodes, pageInfo: { hasNextPage: end < all.length, endCursor: `${end}` } } } as T;
    },
  };
  return { client, asked, readings: () => reading + 1 };
}

const noWait = async () => {};

describe("totals", () => {
  it("are added up over all pages and locations; a position unknown to the warehouse counts as a position", async () => {
    const { client, asked } = clientOf([[5, 7, null]]);
    expect(await readTotals(client, ["WEST", "EAST"], 6, noWait)).toEqual({ positions: 6, onHand: 24 });
    expect(asked.slice(0, 2)).toEqual([
      { locationId: "WEST", first: 200, after: null },
      { locationId: "WEST", first: 200, after: "2" },
    ]);
  });

  it("are read again until the positions are as many as expected", async () => {
    const behind = clientOf([[1], [1], [1, 2], [1, 2]]);
    expect(await readTotals(behind.client, ["WEST"], 2, noWait)).toEqual({ positions: 2, onHand: 3 });
    expect(behind.readings()).toBe(4);
  });

  it("are read again until they stand still", async () => {
    const moving = clientOf([
      [1, 2],
      [1, 3],
      [1, 4],
      [1, 4],
    ]);
    expect(await readTotals(moving.client, ["WEST"], 2, noWait)).toEqual({ positions: 2, onHand: 5 });
  });

  it("are given as they are when patience ends", async () => {
    const never = clientOf([[1]]);
    expect(await readTotals(never.client, ["WEST"], 2, noWait)).toEqual({ positions: 1, onHand: 1 });
    expect(never.readings()).toBe(60);
  });
});

describe("booked positions", () => {
  it("are those whose book has a version", async () => {
    const { client } = clientOf([[3, 0, null, 1]]);
    expect([...(await readBookedPositions(client, ["WEST"]))]).toEqual(["S0|WEST", "S3|WEST"]);
  });
});
