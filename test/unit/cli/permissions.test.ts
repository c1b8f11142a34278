/**
 * docs/permissions.md says what the access tables say, and every note is about a field that has a rule.
 */
import { expect, it } from "vitest";
import { callers, permissionPage } from "../../../cli/permission-table.ts";
import { systemNames } from "../../../shared/config.ts";
import { owners } from "../../helpers/callers.ts";
import { readText } from "../../helpers/repository.ts";

it("docs/permissions.md is up to date: `npm run permissions`", () => {
  expect(owners.map(({ name }) => name)).toEqual([...systemNames]);
  expect(readText("docs/permissions.md") === permissionPage(owners)).toBe(true);
});

it("another rule, another note and another field make another page", () => {
  const [first] = owners;
  const without = { ...first, access: { ...first?.access, "Product.unitCost": "anyone" as const } };
  expect(permissionPage([without as never])).not.toBe(permissionPage([first as never]));
  const noted = { ...first, notes: { "Query.product": "only on Sundays" } };
  expect(permissionPage([noted as never])).toContain("only on Sundays");
});

it("nobody and somebody without a role are not let in by a list of roles, and an administrator is", () => {
  const page = permissionPage([{ name: "wms", access: { "Mutation.count": ["warehouse"] }, notes: {} }]);
  const row = page.split("\n").find((line) => line.includes("`count`")) ?? "";
  const cells = row.split("|").slice(3, -2);
  const allowed = callers.filter((_, i) => cells[i]?.trim() === "✓").map(({ name }) => name);
  expect(allowed).toEqual(["warehouse", "admin"]);
});

it.each(owners)("$name notes nothing beside a field that has no rule", ({ access, notes }) => {
  expect(Object.keys(notes).filter((coordinate) => !(coordinate in access))).toEqual([]);
});
