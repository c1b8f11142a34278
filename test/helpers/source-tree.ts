/**
 * The source code as data: every TypeScript module parsed, with what it imports.
 *
 * Reads syntax only (no type checker), so that the whole tree takes about a second. Knows no rule: those stand in
 * `test/tidy*.test.ts`.
 */
import { dirname, posix } from "node:path";
import ts from "typescript";
import { listFiles, readText } from "./repository.ts";

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
  /** Every node of the tree, each before what is below it. */
  readonly nodes: readonly ts.Node[];
  readonly imports: readonly Import[];
}

/** Every TypeScript module of the tree. */
export function readModules(): Module[] {
  return listFiles()
    .filter((path) => path.endsWith(".ts"))
    .map((path) => parseModule(path, readText(path)));
}

export function parseModule(path: string, text: string): Module {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const nodes = nodesBelow(ast);
  return { path, text, ast, nodes, imports: importsOf(path, ast, nodes) };
}

function nodesBelow(top: ts.Node): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node) => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(top);
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
  return broken(inspected, (m) => m.nodes.filter(test).map((node) => at(m, node, what)));
}

export function at(module: Module, node: ts.Node, what: string): Finding {
  return { line: lineOf(module.ast, node), what };
}

/** The name, if the node is one. */
export function textOf(node: ts.Node): string {
  return ts.isIdentifier(node) ? node.text : "";
}

/** Functions of more than `linesMax` lines, nested ones counted with the one around them. */
export function longFunctions(module: Module, linesMax: number): Finding[] {
  const { ast, nodes } = module;
  return nodes.flatMap((node) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || node.body === undefined) return [];
    const line = lineOf(ast, node);
    const lines = ast.getLineAndCharacterOfPosition(node.end).line + 2 - line;
    return lines > linesMax && !registersTests(node) ? [{ line, what: `${nameOf(node)} has ${lines} lines` }] : [];
  });
}

function nameOf(node: ts.Node): string {
  const named = ts.isArrowFunction(node) || ts.isFunctionExpression(node) ? node.parent : node;
  const name = (named as { name?: ts.Node }).name;
  return name && "text" in name ? String(name.text) : "(anonymous)";
}

/** Such a function (`describe` and what stands for it) is a table of contents: its parts count, not the whole. */
function registersTests(node: ts.Node): boolean {
  return nodesBelow(node).some(
    (inner) => ts.isCallExpression(inner) && /^(it|test|describe)\b/.test(inner.expression.getText()),
  );
}

function importsOf(path: string, ast: ts.SourceFile, nodes: readonly ts.Node[]): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean, names: readonly string[]) => {
    if (!specifier || !ts.isStringLiteral(specifier)) return;
    found.push({ line: lineOf(ast, node), typeOnly, names, ...resolve(path, specifier.text) });
  };
  for (const node of nodes) {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, isTypeOnly(node.importClause), namesOf(node.importClause));
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly, ["*"]);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false, ["*"]);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true, ["*"]);
    }
  }
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
