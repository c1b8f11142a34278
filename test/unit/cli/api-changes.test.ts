/**
 * What may change of the API between two releases, and that it has changed no further since the last one.
 */
import { spawnSync } from "node:child_process";
import { buildSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { findApiChanges } from "../../../cli/api-changes.ts";
import { root } from "../../helpers/repository.ts";

const released = `
  enum Unit { EACH PALLET CASE @deprecated(reason: "Not counted any more. Goes on 2027-03-01.") }
  input Filter { sku: ID old: ID @deprecated(reason: "Goes on 2027-03-01.") }
  type Query {
    stock(sku: ID!, unit: Unit, near: String @deprecated(reason: "Goes on 2027-03-01.")): Int
    shelf(filter: Filter): Int @deprecated(reason: "Use stock. Goes on 2027-03-01.")
    count: Int
  }`;
const changes = (current: string, today = "2027-02-28", declared: { change: string; why: string }[] = []) =>
  findApiChanges(buildSchema(released), buildSchema(current), declared, today);

describe("between two releases", () => {
  it("what is added breaks nobody; a new value of an enum may surprise somebody", () => {
    const { breaking, dangerous } = changes(
      released.replace("PALLET", "PALLET LAYER").replace("count: Int", "count: Int weight: Float"),
    );
    expect(breaking).toEqual([]);
    expect(dangerous).toEqual(["LAYER was added to enum type Unit."]);
  });

  it("what goes or changes its type without a word breaks clients", () => {
    expect(changes(released.replace("count: Int", "")).breaking).toEqual(["Query.count was removed."]);
    expect(changes(released.replace("count: Int", "count: String")).breaking).toEqual([
      "Query.count changed type from Int to String.",
    ]);
  });

  it("what is declared may break them, and what is declared in vain is told", () => {
    const declared = [{ change: "Query.count was removed.", why: "nobody asked for it in a year" }];
    expect(changes(released.replace("count: Int", ""), "2027-02-28", declared)).toMatchObject({
      breaking: [],
      allowed: ["Query.count was removed."],
      idle: [],
    });
    expect(changes(released, "2027-02-28", declared).idle).toEqual(["Query.count was removed."]);
  });

  it.each([
    ["a field", /shelf\(.*\)"?\)?\n/, "Query.shelf was removed."],
    ["an argument", /, near: String @deprecated\(reason: "[^"]*"\)/, "Query.stock arg near was removed."],
    ["a field of an input", /old: ID @deprecated\(reason: "[^"]*"\)/, "Filter.old was removed."],
    ["a value of an enum", /CASE @deprecated\(reason: "[^"]*"\)/, "CASE was removed from enum type Unit."],
  ])("%s that was deprecated may go on its day, and not before", (_, place, description) => {
    const without = released.replace(place, "");
    expect(without).not.toBe(released);
    expect(changes(without, "2027-02-28").breaking).toEqual([description]);
    expect(changes(without, "2027-03-01")).toMatchObject({ breaking: [], allowed: [description] });
  });

  it("a deprecation says until when", () => {
    const undated = released.replace("count: Int", 'count: Int @deprecated(reason: "Use stock.")');
    expect(changes(undated).undated).toEqual(["Query.count"]);
    expect(changes(released).undated).toEqual([]);
  });
});

it("npm run schema:check: the API serves whoever the last release served", () => {
  const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", "cli/schema-check.ts"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stdout).not.toContain("breaks clients:");
  expect(status).toBe(0);
}, 30_000);
