/**
 * The rules of the house for everything that is not TypeScript: schemas, the error table, limits, migrations, text
 * files, packages, documents.
 *
 * Reads files only. What breaks a rule is listed by name; how the system is shipped is in `tidy-shipping.test.ts`.
 */
import { statSync } from "node:fs";
import { join, posix } from "node:path";
import { type ASTNode, Kind, parse, type TypeNode, visit } from "graphql";
import { describe, expect, it } from "vitest";
import { systemNames } from "../shared/config.ts";
import { errorTable } from "../shared/errors.ts";
import { limits } from "../shared/limits.ts";
import { isUnder, listFiles, readText, root } from "./helpers/repository.ts";
import { readModules } from "./helpers/source-tree.ts";

const modules = readModules();
const paths = listFiles();
const sourceText = modules
  .filter((m) => !isUnder(m.path, "test", "bench", "torture"))
  .map((m) => ({ path: m.path, text: m.text }));
/** What the tests say, these tests about the tests left out. */
const testText = modules.filter((m) => isUnder(m.path, "test") && !m.path.startsWith("test/tidy")).map((m) => m.text);

/** Without what all subgraphs have in common. */
function schemaOf(name: string): string {
  const own = paths.filter((path) => isUnder(path, `subgraphs/${name}`) && path.endsWith(".graphql"));
  return own.map(readText).join("\n");
}

describe("schemas", () => {
  it.each([...systemNames])("%s describes every type, field, argument and enum value", (name) => {
    expect(undescribed(schemaOf(name))).toEqual([]);
  });

  it.each([...systemNames])("%s says of every list of objects how long it may be expected to be", (name) => {
    expect(unsized(schemaOf(name))).toEqual([]);
  });

  it("the check sees what has no size", () => {
    const sdl = `type Query { page: Page @listSize(sizedFields: ["nodes"]) all: [Row!]! some: [Row] @sizedBy codes: [ID!] }
      type Page { nodes: [Row!]! rows: [Row!]! } type Row { id: ID }`;
    expect(unsized(sdl)).toEqual(["Query.all", "Page.rows"]);
  });

  it("the check sees what has no description", () => {
    const sdl = `type Query { stock(sku: ID!): Int } extend type Product { "Its name." name: String } enum Unit { EACH }`;
    expect(undescribed(sdl)).toEqual(["Query.stock", "stock.sku", "Unit", "Unit.EACH"]);
  });
});

describe("errors and limits", () => {
  const codes = Object.keys(errorTable);
  const says = (text: string, code: string) => new RegExp(`(["'\`]|errorTable\\.)${code}\\b`).test(text);

  it("every code of the error table is used", () => {
    const used = sourceText.filter((m) => m.path !== "shared/errors.ts").map((m) => m.text);
    expect(codes.filter((code) => !used.some((text) => says(text, code)))).toEqual([]);
  });

  it("every code of the error table is provoked by a test", () => {
    expect(codes.filter((code) => !testText.some((text) => says(text, code)))).toEqual([]);
  });

  it("every limit is used", () => {
    const names = Object.keys(limits);
    expect(names.filter((name) => !sourceText.some((m) => m.text.includes(`limits.${name}`)))).toEqual([]);
  });
});

describe("migrations", () => {
  const migrations = paths.filter((path) => isUnder(path, "migrations"));
  const folders = [...new Set(migrations.map((path) => posix.dirname(path)))];

  it("belong to a system, or to all of them", () => {
    const known = ["shared", ...systemNames].map((name) => `migrations/${name}`);
    expect(folders.filter((folder) => !known.includes(folder))).toEqual([]);
  });

  it.each(folders)("%s is numbered 001, 002, … without a hole", (folder) => {
    const names = migrations.filter((path) => posix.dirname(path) === folder).map((path) => posix.basename(path));
    const numbers = names.sort().map((name) => name.slice(0, 4));
    expect(numbers).toEqual(numbers.map((_, i) => `${String(i + 1).padStart(3, "0")}-`));
  });

  it("have class names that no other has, because that is how a database remembers them", () => {
    const names = migrations.flatMap((path) =>
      [...readText(path).matchAll(/export class (\w+)/g)].map((m) => m[1] ?? ""),
    );
    expect(names.filter((name) => !/^[A-Z][A-Za-z]*\d{13}$/.test(name))).toEqual([]);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe("text files", () => {
  const texts = paths
    .filter((path) => posix.basename(path) !== "package-lock.json")
    .map((path) => ({ path, text: readText(path) }));
  const containing = (pattern: RegExp, except: (path: string) => boolean = () => false) =>
    texts.filter(({ path, text }) => !except(path) && pattern.test(text)).map(({ path }) => path);

  it("leave nothing to be done later", () => {
    expect(containing(new RegExp(`\\b(${["TO", "FIX"].join("DO|")}ME)\\b`))).toEqual([]);
  });

  it("name no place on somebody's machine", () => {
    expect(containing(/(^|[\s"'`(=:])\/(work|home|Users|root)\//m)).toEqual([]);
    expect(containing(/(^|[\s"'`(=:])\/tmp\b/m, (path) => isUnder(path, "test"))).toEqual([]);
  });

  it("name no package registry but the public one", () => {
    expect(containing(/https?:\/\/(?!registry\.npmjs\.org)[^\s"']*(registry|npm)[^\s"'/]*\.[a-z]+\//)).toEqual([]);
    expect(paths.filter((path) => posix.basename(path) === ".npmrc")).toEqual([]);
  });

  it("end with a line end and contain no tab or carriage return", () => {
    const wrong = texts.filter(({ text }) => text !== "" && (!text.endsWith("\n") || /[\t\r]/.test(text)));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it("hold no data sets: data is read from where its owner publishes it", () => {
    const data = /\.(csv|tsv|txt|xlsx?|xml|edi|parquet|zip|gz|sqlite|db)$/i;
    expect(paths.filter((path) => data.test(path))).toEqual([]);
    const large = paths.filter(
      (path) => !path.endsWith("package-lock.json") && statSync(join(root, path)).size > 200_000,
    );
    expect(large).toEqual([]);
  });
});

interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface LockedPackage {
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe("end-to-end tests", () => {
  it("end with every number explained: on a target, or by asking themselves", () => {
    const own = modules.filter((m) => isUnder(m.path, "test/e2e"));
    expect(own.length).toBeGreaterThan(0);
    const audited = /\b(eachTarget|expectSettled|settled)\(/;
    expect(own.filter((m) => !audited.test(m.text)).map((m) => m.path)).toEqual([]);
  });
});

describe("packages", () => {
  const manifest = JSON.parse(readText("package.json")) as PackageJson;
  const locked = (JSON.parse(readText("package-lock.json")) as { packages: Record<string, LockedPackage> }).packages;
  const runtime = Object.keys(manifest.dependencies);
  const imports = modules.flatMap((m) => m.imports.map((i) => ({ ...i, from: m.path }))).filter((i) => i.pkg !== null);

  it("everything imported is declared: what runs in production as a dependency, the rest for development", () => {
    const declared = (path: string, typeOnly: boolean) =>
      typeOnly || isUnder(path, "test", "examples") || path.endsWith(".config.ts")
        ? [...runtime, ...Object.keys(manifest.devDependencies)]
        : runtime;
    const undeclared = imports.filter(
      (i) =>
        !i.pkg?.startsWith("node:") && !isUnder(i.from, "bench") && !declared(i.from, i.typeOnly).includes(i.pkg ?? ""),
    );
    expect(undeclared.map((i) => `${i.from}:${i.line} ${i.specifier}`)).toEqual([]);
  });

  it("everything declared is used", () => {
    const tools = ["@biomejs/biome", "tsx", "@types/node", "@types/ws"];
    const mentioned = (name: string) =>
      modules.some(
        (m) => !isUnder(m.path, "test/tidy.test.ts") && (m.text.includes(`"${name}"`) || m.text.includes(`"${name}/`)),
      );
    const declared = [...runtime, ...Object.keys(manifest.devDependencies)];
    expect(declared.filter((name) => !tools.includes(name) && !mentioned(name))).toEqual([]);
  });

  it("have exact versions and come from the public registry", () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    const elsewhere = Object.entries(locked).filter(
      ([, p]) => p.resolved && !p.resolved.startsWith("https://registry.npmjs.org/"),
    );
    expect(elsewhere.map(([name]) => name)).toEqual([]);
  });

  it("that bench/ compares with have exact versions, and none of them is needed by the product", () => {
    const peers = (JSON.parse(readText("bench/package.json")) as PackageJson).dependencies;
    expect(Object.entries(peers).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    const lockedPeers = JSON.parse(readText("bench/package-lock.json")) as { packages: Record<string, LockedPackage> };
    const elsewhere = Object.entries(lockedPeers.packages).filter(
      ([, p]) => p.resolved && !p.resolved.startsWith("https://registry.npmjs.org/"),
    );
    expect(elsewhere.map(([name]) => name)).toEqual([]);
  });

  it("are locked for every platform, or `npm ci` fails", () => {
    const optional = Object.values(locked).flatMap((p) => Object.keys(p.optionalDependencies ?? {}));
    const known = new Set(Object.keys(locked).map((path) => path.split("node_modules/").at(-1)));
    expect(optional.filter((name) => !known.has(name))).toEqual([]);
  });

  it("have the licences that docs/licences.md says", () => {
    const document = readText("docs/licences.md");
    const row = (name: string) => `| \`${name}\` | ${locked[`node_modules/${name}`]?.license} |`;
    expect(runtime.map(row).filter((text) => !document.includes(text))).toEqual([]);
    const shipped = Object.entries(locked).filter(([name, p]) => name !== "" && !p.dev);
    const licences = [...new Set(shipped.map(([, p]) => p.license ?? "none"))];
    expect(licences.filter((licence) => !document.includes(`\`${licence}\``))).toEqual([]);
  });
});

describe("documents", () => {
  const documents = paths.filter((path) => path.endsWith(".md"));
  const commands = Object.keys((JSON.parse(readText("package.json")) as PackageJson).scripts);

  it("link to files that are there", () => {
    const links = documents.flatMap((path) =>
      [...readText(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) => ({
        path,
        to: match[1] ?? "",
      })),
    );
    const dead = links.filter(({ path, to }) => !exists(posix.join(posix.dirname(path), to)));
    expect(dead.map(({ path, to }) => `${path} → ${to}`)).toEqual([]);
  });

  it("name only scripts that package.json has", () => {
    const named = [...documents, ".ci/run"].flatMap((path) =>
      [...readText(path).matchAll(/\bnpm run ([a-z][\w:-]*)/g)].map((match) => ({ path, script: match[1] ?? "" })),
    );
    const unknown = named.filter(({ script }) => !commands.includes(script));
    expect(unknown.map(({ path, script }) => `${path}: npm run ${script}`)).toEqual([]);
  });

  it("docs/promises.md names tests that are there, for each of the sixteen promises", () => {
    const document = readText("docs/promises.md");
    const named = [...document.matchAll(/`(test\/[\w/.-]+\.ts)` "([^"]+)"/g)];
    const missing = named.filter(([, path, name]) => !readText(path ?? "").includes(name ?? ""));
    expect(missing.map(([text]) => text)).toEqual([]);
    const rows = [...document.matchAll(/^\| (I\d+) \|.*`test\//gm)].map((match) => match[1]);
    expect(rows).toEqual(Array.from({ length: 16 }, (_, i) => `I${i + 1}`));
  });

  it("docs/architecture.md names every room, and every file it names is there", () => {
    const document = readText("docs/architecture.md");
    const rooms = [...new Set(paths.filter((path) => path.includes("/")).map((path) => path.split("/")[0] ?? ""))];
    expect(rooms.filter((room) => !document.includes(`${room}/`))).toEqual([]);
    const named = [...document.matchAll(/`([a-z.][\w./-]*\.(?:ts|md|graphql|yml))`/g)].map((match) => match[1] ?? "");
    expect(named.filter((name) => !paths.some((path) => path === name || path.endsWith(`/${name}`)))).toEqual([]);
  });
});

/** Coordinates without a description; root types are the federation's, so only their fields need one. */
function undescribed(sdl: string): string[] {
  const roots = new Set(["Query", "Mutation", "Subscription"]);
  const missing: string[] = [];
  visit(parse(sdl), {
    enter(node, _key, _parent, _path, ancestors) {
      const described = "description" in node ? node.description : undefined;
      const name = "name" in node ? (node.name?.value ?? "") : "";
      const kinds: readonly string[] = [
        Kind.OBJECT_TYPE_DEFINITION,
        Kind.INTERFACE_TYPE_DEFINITION,
        Kind.UNION_TYPE_DEFINITION,
        Kind.ENUM_TYPE_DEFINITION,
        Kind.INPUT_OBJECT_TYPE_DEFINITION,
        Kind.SCALAR_TYPE_DEFINITION,
        Kind.FIELD_DEFINITION,
        Kind.INPUT_VALUE_DEFINITION,
        Kind.ENUM_VALUE_DEFINITION,
      ];
      if (!kinds.includes(node.kind) || described || roots.has(name)) return;
      const owner = ancestors.findLast((a): a is ASTNode => "kind" in a && "name" in a);
      const ownerName = owner && "name" in owner ? owner.name?.value : undefined;
      missing.push(ownerName ? `${ownerName}.${name}` : name);
    },
  });
  return missing;
}

function exists(path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
}

/** Lists of objects without @listSize or @sizedBy, where no field above gives them theirs: what they cost is a guess. */
function unsized(sdl: string): string[] {
  const { definitions } = parse(sdl);
  const types = definitions.filter(
    (d) => d.kind === Kind.OBJECT_TYPE_DEFINITION || d.kind === Kind.OBJECT_TYPE_EXTENSION,
  );
  const known = new Set(types.map((type) => type.name.value));
  const fields = types.flatMap((type) => (type.fields ?? []).map((field) => ({ type: type.name.value, field })));
  const sizedBelow = new Set(
    fields.flatMap(({ field }) => {
      const names = field.directives?.flatMap((d) => d.arguments ?? []).find((a) => a.name.value === "sizedFields");
      const values = names?.value.kind === Kind.LIST ? names.value.values : [];
      return values.map((v) => `${typeNameOf(field.type).name}.${v.kind === Kind.STRING ? v.value : ""}`);
    }),
  );
  return fields
    .filter(({ field }) => typeNameOf(field.type).isList && known.has(typeNameOf(field.type).name))
    .filter(({ field }) => !field.directives?.some(({ name }) => ["listSize", "sizedBy"].includes(name.value)))
    .map(({ type, field }) => `${type}.${field.name.value}`)
    .filter((coordinate) => !sizedBelow.has(coordinate));
}

function typeNameOf(type: TypeNode): { name: string; isList: boolean } {
  if (type.kind === Kind.NAMED_TYPE) return { name: type.name.value, isList: false };
  return { name: typeNameOf(type.type).name, isList: type.kind === Kind.LIST_TYPE || typeNameOf(type.type).isList };
}
