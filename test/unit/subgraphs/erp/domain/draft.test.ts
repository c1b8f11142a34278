/**
 * A bulk save, item by item.
 */
import { describe, expect, it } from "vitest";
import { AppError } from "../../../../../shared/errors.ts";
import { changesOf, judge, resultOf, soundDrafts, startDrafts } from "../../../../../subgraphs/erp/domain/draft.ts";

const start = (...ids: string[]) =>
  startDrafts<string, string>(
    ids,
    (id) => id,
    (id) => {
      if (id === "") throw new AppError("INVALID_INPUT");
    },
  );

describe("a bulk save", () => {
  it("judges a repeated id once: the later one is rejected, and a bad one does not hide a good one", () => {
    const drafts = start("A", "", "A", "B", "");
    expect(drafts.map((draft) => draft.error?.code ?? null)).toEqual([
      null,
      "INVALID_INPUT",
      "INVALID_INPUT",
      null,
      "INVALID_INPUT",
    ]);
    expect(soundDrafts(drafts).map(({ id }) => id)).toEqual(["A", "B"]);
  });

  it("says of each item what became of it, and changes only what differs", () => {
    const [created, updated, unchanged, rejected] = start("C", "U", "S", "R");
    Object.assign(created ?? {}, { next: "new" });
    Object.assign(updated ?? {}, { stored: "old", next: "new" });
    Object.assign(unchanged ?? {}, { stored: "old", next: "old" });
    Object.assign(rejected ?? {}, { stored: "old", next: "new", error: new AppError("UNKNOWN_SKU") });
    const drafts = [created, updated, unchanged, rejected].flatMap((draft) => draft ?? []);
    expect(drafts.map(resultOf).map(({ status, code }) => [status, code])).toEqual([
      ["CREATED", null],
      ["UPDATED", null],
      ["UNCHANGED", null],
      ["REJECTED", "UNKNOWN_SKU"],
    ]);
    expect(changesOf(drafts)).toEqual([
      { stored: null, next: "new" },
      { stored: "old", next: "new" },
    ]);
  });

  it("does not take a defect for a bad item", () => {
    const [draft] = start("A");
    expect(draft).toBeDefined();
    if (!draft) return;
    expect(() =>
      judge(draft, () => {
        throw new TypeError("a bug");
      }),
    ).toThrow(TypeError);
    expect(() =>
      judge(draft, () => {
        throw new AppError("INTERNAL");
      }),
    ).toThrow(AppError);
  });
});
