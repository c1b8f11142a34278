/**
 * The repository as data: its files, and every TypeScript module parsed with what it imports.
 *
 * Reads syntax only (no type checker), so that the whole tree takes about a second. Knows no rule: those stand in
 * `test/tidy*.test.ts`. Files that git ignores (packages, data, results) are left out by directory name.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The directory of `package.json`. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

const hiddenDirectories = new Set(["node_modules", "coverage", "results"]);
const shownDotDirectories = new Set([".ci", ".github"]);

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
  /** Imported names, `*` for a namespace, `default` for a default import. */
  readonly names: readonly string[];
  /** Path in the repository of a relative import; null for a package. */
  readonly target: string | null;
  /** Name of the package, e.g. `@apollo/server` of `@apollo/server/plugin/…`, `node:fs`; null for a relative import. */
  readonly pkg: string | null;
}

export interface Module {
  /** Path in the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly ast: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** Every file of the tree, as paths in the repository. */
export function listFiles(directory = ""): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(directory, entry.name);
    if (!entry.isDirectory()) return [path];
    const hidden = entry.name.startsWith(".")
      ? !shownDotDirectories.has(entry.name)
      : hiddenDirectories.has(entry.name);
    return hidden ? [] : listFiles(path);
  });
}

export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Every TypeScript module of the tree. */
export function readModules(): Module[] {
  return listFiles()
    .filter((path) => path.endsWith(".ts"))
    .map((path) => parseModule(path, readText(path)));
}

export function parseModule(path: string, text: string): Module {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return { path, text, ast, imports: importsOf(path, ast) };
}

/** Calls `visit` for `node` and everything below it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** Every node of a module for which `test` holds. */
export function nodesWhere(module: Module, test: (node: ts.Node) => boolean): ts.Node[] {
  const found: ts.Node[] = [];
  walk(module.ast, (node) => {
    if (test(node)) found.push(node);
  });
  return found;
}

/** The line where a node begins, its comments left out, counted from 1. */
export function lineOf(ast: ts.SourceFile, node: ts.Node): number {
  return ast.getLineAndCharacterOfPosition(node.getStart(ast)).line + 1;
}

export interface Finding {
  readonly line: number;
  readonly what: string;
}

/** `path:line what` for everything that `find` finds. */
export function broken(inspected: readonly Module[], find: (module: Module) => readonly Finding[]): string[] {
  return inspected.flatMap((m) => find(m).map(({ line, what }) => `${m.path}:${line} ${what}`));
}

/** `path:line what` for every node for which `test` holds. */
export function findNodes(inspected: readonly Module[], test: (node: ts.Node) => boolean, what: string): string[] {
  return broken(inspected, (m) => nodesWhere(m, test).map((node) => at(m, node, what)));
}

export function at(module: Module, node: ts.Node, what: string): Finding {
  return { line: lineOf(module.ast, node), what };
}

/** Is it one of these files, or in one of these folders? */
export function isUnder(path: string, ...places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

/** The name, if the node is one. */
export function textOf(node: ts.Node): string {
  return ts.isIdentifier(node) ? node.text : "";
}

export interface FunctionLength {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
  /** It only registers tests (`describe` and what stands for it), so it is a table of contents, not a function. */
  readonly isSuite: boolean;
}

/** Every function with a body, nested ones counted with the one around them. */
export function functionLengths(module: Module): FunctionLength[] {
  return nodesWhere(module, (node) => ts.isFunctionLike(node) && "body" in node && node.body !== undefined).map(
    (node) => {
      const line = lineOf(module.ast, node);
      const end = module.ast.getLineAndCharacterOfPosition(node.end).line + 1;
      return { name: nameOf(node), line, lines: end - line + 1, isSuite: registersTests(node) };
    },
  );
}

function nameOf(node: ts.Node): string {
  const named = ts.isArrowFunction(node) || ts.isFunctionExpression(node) ? node.parent : node;
  const name = (named as { name?: ts.Node }).name;
  return name && "text" in name ? String(name.text) : "(anonymous)";
}

function registersTests(node: ts.Node): boolean {
  let found = false;
  walk(node, (inner) => {
    if (ts.isCallExpression(inner) && /^(it|test|describe)\b/.test(inner.expression.getText())) found = true;
  });
  return found;
}

function importsOf(path: string, ast: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean, names: readonly string[]) => {
    if (!specifier || !ts.isStringLiteral(specifier)) return;
    found.push({ line: lineOf(ast, node), typeOnly, names, ...resolve(path, specifier.text) });
  };
  walk(ast, (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, isTypeOnly(node.importClause), namesOf(node.importClause));
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly, ["*"]);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false, ["*"]);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true, ["*"]);
    }
  });
  return found;
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  if (clause.name || !bindings || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

function namesOf(clause: ts.ImportClause | undefined): string[] {
  const names = clause?.name ? ["default"] : [];
  const bindings = clause?.namedBindings;
  if (!bindings) return names;
  if (ts.isNamespaceImport(bindings)) return [...names, "*"];
  return [...names, ...bindings.elements.map((element) => (element.propertyName ?? element.name).text)];
}

function resolve(path: string, specifier: string): Pick<Import, "specifier" | "target" | "pkg"> {
  if (specifier.startsWith(".")) return { specifier, target: posix.join(dirname(path), specifier), pkg: null };
  const parts = specifier.split("/");
  const pkg = specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
  return { specifier, target: null, pkg };
}
