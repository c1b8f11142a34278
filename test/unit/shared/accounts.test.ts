/**
 * What a caller sees of locations: the rule itself, for any assignment, and pages that are read on until they are full.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSight, seenOf, seesEverywhere, seesLocation } from "../../../shared/accounts.ts";
import type { Page } from "../../../shared/graphql/pagination.ts";
import { limits } from "../../../shared/limits.ts";

const names = fc.uniqueArray(fc.constantFrom("ACME", "BETA", "GAMMA"), { maxLength: 3 });
const places = fc.dictionary(fc.constantFrom("A", "B", "C", "D"), fc.record({ accounts: names }));
const everybody = { accounts: null };

describe("a caller", () => {
  it("without accounts sees every location, with accounts those that name one of them", () => {
    fc.assert(
      fc.property(places, names, (assigned, accounts) => {
        const all = new Map(Object.entries(assigned));
        expect(seenOf(everybody, all)).toBe(all);
        const shared = ([, location]: [string, { accounts: readonly string[] }]) =>
          location.accounts.filter((account) => (accounts as readonly string[]).includes(account)).length > 0;
        expect([...seenOf({ accounts }, all)]).toEqual([...all].filter(shared));
      }),
    );
  });

  it("with accounts does not see a location that is not known, or that says nothing of accounts", () => {
    expect([null, undefined, {}].map((location) => seesLocation({ accounts: ["ACME"] }, location))).toEqual([
      false,
      false,
      false,
    ]);
    expect([seesEverywhere({ accounts: [] }), seesLocation(everybody, null)]).toEqual([false, true]);
  });
});

interface Paper {
  readonly id: number;
  readonly at: readonly string[];
}

describe("a list", () => {
  const list = { placesOf: ({ at }: Paper) => at, keyOf: ({ id }: Paper) => [String(id)] };
  const locations = new Map([
    ["OWN", { accounts: ["ACME"] }],
    ["OTHER", { accounts: ["BETA"] }],
  ]);
  const caller = { accounts: ["ACME"] };
  const readFrom = (papers: readonly Paper[]) => async (page: Page) =>
    papers.filter(({ id }) => id > Number(page.after?.[0] ?? -1)).slice(0, page.size + 1);

  it("is, page by page, what is seen of the whole list; what names any other place is left out", async () => {
    const at = fc.array(fc.constantFrom("OWN", "OTHER", "GONE"), { minLength: 1, maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(fc.array(at, { maxLength: 450 }), fc.integer({ min: 1, max: 40 }), async (all, size) => {
        const papers = all.map((places, id) => ({ id, at: places }));
        const sight = createSight(caller, async () => locations);
        const seen: Paper[] = [];
        for (let after: readonly string[] | null = null; ; ) {
          const rows: readonly Paper[] = await sight.page({ size, after }, readFrom(papers), list);
          seen.push(...rows.slice(0, size));
          if (rows.length <= size) break;
          after = list.keyOf(rows[size - 1] as Paper);
        }
        expect(seen).toEqual(papers.filter((paper) => paper.at.every((place) => place === "OWN")));
      }),
      { numRuns: 30 },
    );
  });

  it("looks each place up once, and none for a caller without accounts", async () => {
    const asked: (readonly string[])[] = [];
    const find = async (ids: readonly string[]) => {
      asked.push(ids);
      return locations;
    };
    const rows = [{ id: 1, at: ["OWN"] }, null, { id: 2, at: ["OTHER", "OWN"] }];
    const sight = createSight(caller, find);
    expect(await sight.only(rows, ({ at }) => at)).toEqual([rows[0], null, null]);
    await sight.only(rows, ({ at }) => at);
    expect(asked).toEqual([["OWN", "OTHER"]]);
    expect(await createSight(everybody, find).only(rows, ({ at }) => at)).toBe(rows);
    expect(asked).toHaveLength(1);
  });

  it("is refused when there is too much in it that is not seen", async () => {
    const endless = async ({ size, after }: Page) =>
      Array.from({ length: size + 1 }, (_, i) => ({ id: Number(after?.[0] ?? 0) + i + 1, at: ["OTHER"] }));
    let pages = 0;
    const counted = (page: Page) => {
      pages += 1;
      return endless(page);
    };
    const sight = createSight(caller, async () => locations);
    await expect(sight.page({ size: 1, after: null }, counted, list)).rejects.toMatchObject({
      code: "QUERY_TOO_COMPLEX",
    });
    expect(pages).toBe(limits.unseenPagesMax);
  });
});
