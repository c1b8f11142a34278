/**
 * The eyes of the tidy tests: what they read out of a module, shown on modules that break the rules on purpose.
 *
 * A rule that sees nothing holds always; these examples are what it must see.
 */
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { broken, findNodes, longFunctions, parseModule } from "../../helpers/source-tree.ts";

describe("the imports of a module", () => {
  const importsOf = (text: string) => parseModule("subgraphs/erp/store.ts", text).imports;

  it("lead to a place in the repository or to a package", () => {
    const [own, other, scoped, builtIn] = importsOf(`
      import { a } from "./entities.ts";
      import { b } from "../wms/store.ts";
      import { c } from "@apollo/server/plugin/disabled";
      import { d } from "node:fs/promises";`);
    expect(own).toMatchObject({ target: "subgraphs/erp/entities.ts", pkg: null, names: ["a"], line: 2 });
    expect(other).toMatchObject({ target: "subgraphs/wms/store.ts", line: 3 });
    expect(scoped).toMatchObject({ target: null, pkg: "@apollo/server" });
    expect(builtIn).toMatchObject({ target: null, pkg: "node:fs" });
  });

  it.each([
    ['import type { A } from "typeorm";', true],
    ['import { type A, type B } from "typeorm";', true],
    ['let a: import("typeorm").DataSource;', true],
    ['export type { A } from "typeorm";', true],
    ['import { type A, B } from "typeorm";', false],
    ['import "typeorm";', false],
    ['import * as typeorm from "typeorm";', false],
    ['export { A } from "typeorm";', false],
    ['const a = await import("typeorm");', false],
  ])("%s counts as types only: %s", (text, typeOnly) => {
    expect(importsOf(text)).toMatchObject([{ pkg: "typeorm", typeOnly }]);
  });
});

describe("what breaks a rule", () => {
  it("is told with path and line", () => {
    const module = parseModule("shared/a.ts", "let a = 1;\n\nenum Colour { RED }\n");
    expect(findNodes([module], ts.isEnumDeclaration, "enum")).toEqual(["shared/a.ts:3 enum"]);
    expect(broken([module], () => [])).toEqual([]);
  });
});

describe("long functions", () => {
  const body = "\n  work();".repeat(5);
  const lengths = (text: string) => longFunctions(parseModule("a.ts", text), 5).map(({ what }) => what);

  it("are told by name and length, a doc comment not counted", () => {
    expect(lengths(`/** Why.\n */\nfunction long() {${body}\n}`)).toEqual(["long has 7 lines"]);
    expect(lengths(`const arrow = () => {${body}\n};`)).toEqual(["arrow has 7 lines"]);
    expect(lengths("function short() {\n  work();\n}")).toEqual([]);
  });

  it("are counted with what is nested in them", () => {
    expect(lengths(`function outer() {\n  const inner = () => {${body}\n  };\n}`)).toEqual([
      "outer has 9 lines",
      "inner has 7 lines",
    ]);
  });

  it("are not the suites that only hold tests", () => {
    expect(lengths(`describe("a", () => {${body}\n  it("b", () => {});\n});`)).toEqual([]);
    expect(lengths(`it("b", () => {${body}\n});`)).toEqual(["(anonymous) has 7 lines"]);
  });
});
