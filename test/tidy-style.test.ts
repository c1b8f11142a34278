/**
 * How a file of ours looks, read from the tree itself: size, header, name, and the parts of TypeScript we do without.
 *
 * What breaks a rule is listed as `path:line what`. Formatting and the usual lint rules are Biome's and not repeated.
 */
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { isUnder, listFiles } from "./helpers/repository.ts";
import { broken, findNodes, type Import, longFunctions, type Module, readModules } from "./helpers/source-tree.ts";

const linesPerFileMax = 400;
const linesPerFunctionMax = 70;

const modules = readModules();
const paths = listFiles();
const tests = modules.filter((m) => isUnder(m.path, "test"));

describe("how a file looks", () => {
  it("opens with a /** header that says what it is; in what runs in production, of two lines or more", () => {
    const enough = (m: Module) =>
      headerLines(m.text) >= (isUnder(m.path, "test") || m.path.endsWith(".config.ts") ? 1 : 2);
    expect(modules.filter((m) => !enough(m)).map((m) => m.path)).toEqual([]);
  });

  it(`has at most ${linesPerFileMax} lines`, () => {
    const long = modules.map((m) => ({ path: m.path, lines: m.text.split("\n").length - 1 }));
    expect(long.filter((m) => m.lines > linesPerFileMax).map((m) => `${m.path} has ${m.lines}`)).toEqual([]);
  });

  it(`has functions of at most ${linesPerFunctionMax} lines`, () => {
    expect(broken(modules, (m) => longFunctions(m, linesPerFunctionMax))).toEqual([]);
  });

  it("has a kebab-case name that says what is in it, and a room unless it starts or configures the whole", () => {
    const kebab = /^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.(test|config))?\.ts$/;
    expect(modules.map((m) => m.path).filter((path) => !kebab.test(path))).toEqual([]);
    expect(paths.filter((path) => /^[^/]+\.ts$/.test(path)).sort()).toEqual([
      "main.ts",
      "system.ts",
      "vitest.config.ts",
    ]);
    const vague = /(^|\/)(index|utils?|helpers?|misc|common|types)\.ts$/;
    expect(paths.filter((path) => vague.test(path))).toEqual([]);
  });

  it("re-exports nothing wholesale: a thing is imported from where it is", () => {
    const star = (n: ts.Node) => ts.isExportDeclaration(n) && n.moduleSpecifier !== undefined && !n.isTypeOnly;
    expect(findNodes(modules, star, "re-export")).toEqual([]);
  });

  it("uses only what disappears when types do: no enum, namespace, decorator or parameter property", () => {
    const modifiers = (n: ts.Node) => (ts.canHaveModifiers(n) ? (ts.getModifiers(n) ?? []) : []);
    expect(findNodes(modules, ts.isEnumDeclaration, "enum")).toEqual([]);
    expect(findNodes(modules, ts.isDecorator, "decorator")).toEqual([]);
    const namespace = (n: ts.Node) => ts.isModuleDeclaration(n) && ts.isIdentifier(n.name) && n.name.text !== "global";
    expect(findNodes(modules, namespace, "namespace")).toEqual([]);
    const property = (n: ts.Node) => ts.isParameter(n) && modifiers(n).length > 0;
    expect(findNodes(modules, property, "parameter property")).toEqual([]);
  });

  it("has no default export, unless a tool asks for one", () => {
    const wanted = (m: Module) => m.path.endsWith(".config.ts") || m.path === "test/helpers/global-setup.ts";
    const isDefault = (n: ts.Node) =>
      ts.isExportAssignment(n) ||
      (ts.canHaveModifiers(n) && n.modifiers?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword) === true);
    expect(
      findNodes(
        modules.filter((m) => !wanted(m)),
        isDefault,
        "default export",
      ),
    ).toEqual([]);
  });
});

describe("tests", () => {
  it("are all run: nothing is skipped, singled out or left for later", () => {
    const parked = /^(it|test|describe)(\.\w+)*\.(skip|only|todo|fails)$/;
    const isParked = (n: ts.Node) => ts.isPropertyAccessExpression(n) && parked.test(n.getText());
    expect(findNodes(tests, isParked, "parked test")).toEqual([]);
  });

  it("never sleep", () => {
    const inspected = tests.filter((m) => !isUnder(m.path, "test/helpers"));
    const sleeps = (n: ts.Node) => ts.isCallExpression(n) && /^(globalThis\.)?setTimeout$/.test(n.expression.getText());
    expect(findNodes(inspected, sleeps, "setTimeout")).toEqual([]);
    const timers = (i: Import) => i.pkg === "node:timers" || i.specifier === "node:timers/promises";
    expect(
      broken(inspected, (m) => m.imports.filter(timers).map((i) => ({ line: i.line, what: i.specifier }))),
    ).toEqual([]);
  });
});

/** Lines of text in the comment that opens the file. */
function headerLines(text: string): number {
  const header = /^\/\*\*\n((?: \*.*\n)*?) \*\/\n/.exec(text)?.[1] ?? "";
  return header.split("\n").filter((line) => /[a-z]/i.test(line)).length;
}
