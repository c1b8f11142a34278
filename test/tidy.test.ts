/**
 * The import rules of the house, read from the tree itself: who may import what, and what must stay pure.
 *
 * Each rule is one test; what breaks it is listed as `path:line what`. The reasons stand in `docs/architecture.md`.
 * How a file looks is in `tidy-style.test.ts`; schemas, errors, documents and packaging in `tidy-house.test.ts`.
 */
import { posix } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { systemNames } from "../shared/config.ts";
import { isUnder, listFiles } from "./helpers/repository.ts";
import { at, broken, type Finding, type Import, type Module, readModules, textOf } from "./helpers/source-tree.ts";

const modules = readModules();
const paths = listFiles();
const sources = modules.filter((m) => !isUnder(m.path, "test", "bench", "torture", "examples"));

describe("import rules", () => {
  it("every room has something in it, so that no rule below holds by looking at nothing", () => {
    for (const room of [
      "shared",
      "subgraphs",
      "gateway",
      "ingest",
      "intake",
      "demo",
      "cli",
      "migrations",
      "test",
      "bench",
      "torture",
    ]) {
      expect(modules.filter((m) => isUnder(m.path, room)).length, room).toBeGreaterThan(0);
    }
  });

  it("shared/ imports only shared/ and packages", () => {
    expect(importsBeyond(["shared"], ["shared"])).toEqual([]);
  });

  it("ingest/ imports only ingest/ and shared/, and no package: files are opened by cli/", () => {
    expect(importsBeyond(["ingest"], ["ingest", "shared"])).toEqual([]);
    expect(broken(inRoom("ingest"), (m) => m.imports.filter((i) => i.pkg !== null).map(asFinding))).toEqual([]);
  });

  it.each([...systemNames])("subgraphs/%s imports only itself, shared/ and its own migrations", (name) => {
    const own = `subgraphs/${name}`;
    expect(importsBeyond([own], [own, "shared", `migrations/${name}`, "migrations/shared"])).toEqual([]);
  });

  it("gateway/ imports only gateway/ and shared/: a subgraph is handed to it, never fetched", () => {
    const within = ["gateway", "shared"];
    const intakeRoute = (path: string) => path.startsWith("gateway/intake-route.ts:");
    // The one door to the readers of documents.
    expect(importsBeyond(["gateway"], within).filter((path) => !intakeRoute(path))).toEqual([]);
    expect(importsBeyond(["gateway/intake-route.ts"], [...within, "intake"])).toEqual([]);
  });

  it("intake/ imports only intake/, ingest/ and shared/: the API is handed to it", () => {
    expect(importsBeyond(["intake"], ["intake", "ingest", "shared"])).toEqual([]);
  });

  it("migrations/ import only what a migration is made of", () => {
    expect(importsBeyond(["migrations"], ["shared/db"])).toEqual([]);
  });

  it("cli/whatif/ uses what the rules of the systems are made of, so that it judges as they do", () => {
    const rules = [
      ...["availability", "erp", "wms", "control"].map((name) => `subgraphs/${name}/domain`),
      "subgraphs/availability/outlooks.ts",
    ];
    expect(importsBeyond(["cli/whatif"], ["cli/whatif", "shared", ...rules])).toEqual([]);
  });

  it("demo/ imports only demo/, ingest/ and shared/; cli/ may use the whole system, composition, the schema it makes and access tables as well", () => {
    expect(importsBeyond(["demo"], ["demo", "ingest", "shared"])).toEqual([]);
    const whole = ["system.ts", "gateway/compose.ts", "gateway/planner.ts"];
    const tables = systemNames.map((name) => `subgraphs/${name}/access.ts`);
    const rest = (path: string) => !path.startsWith("cli/whatif/");
    const cli = importsBeyond(["cli"], ["cli", "demo", "ingest", "intake", "shared", ...whole, ...tables]);
    expect(cli.filter(rest)).toEqual([]);
  });

  it("what bench/ compares with imports nothing of ours", () => {
    expect(importsBeyond(["bench/peers"], ["bench/peers"])).toEqual([]);
  });

  it("only system.ts sees both the gateway and the subgraphs", () => {
    const sees = (m: Module, room: string) => m.imports.some((i) => i.target !== null && isUnder(i.target, room));
    const both = sources.filter((m) => sees(m, "gateway") && sees(m, "subgraphs")).map((m) => m.path);
    expect(both).toEqual(["system.ts"]);
  });

  it("nothing that runs in production imports a test, a measurement, a fault or an example", () => {
    const forbidden = (i: Import) => i.target !== null && isUnder(i.target, "test", "bench", "torture", "examples");
    expect(broken(sources, (m) => m.imports.filter(forbidden).map(asFinding))).toEqual([]);
  });
});

describe("domain code and readers of outside formats are pure", () => {
  const domain = modules.filter((m) => /^subgraphs\/[^/]+\/domain\//.test(m.path));
  const pure = [...domain, ...inRoom("ingest")];
  const pureValues = new Set([
    "shared/decimal.ts",
    "shared/quantity.ts",
    "shared/errors.ts",
    "shared/ids.ts",
    "shared/limits.ts",
    "shared/events/canonical-event.ts",
    "shared/events/fact-effects.ts",
    "shared/events/owner-progress.ts",
    "shared/approval-tiers.ts",
  ]);

  it("a domain imports the domain beside it, a few pure values of shared/, and types of shared/", () => {
    const allowed = (m: Module, i: Import) =>
      i.target !== null &&
      (isUnder(i.target, posix.dirname(m.path), domainOf(m.path)) ||
        pureValues.has(i.target) ||
        (i.typeOnly && isUnder(i.target, "shared")));
    expect(broken(domain, (m) => m.imports.filter((i) => !allowed(m, i)).map(asFinding))).toEqual([]);
  });

  it("they neither wait, nor look at the clock, nor roll dice, nor touch the outside", () => {
    expect(broken(pure, impurities)).toEqual([]);
  });

  it("a domain fails with AppError only", () => {
    const foreign = (node: ts.Node) =>
      ts.isThrowStatement(node) &&
      ts.isNewExpression(node.expression) &&
      textOf(node.expression.expression) !== "AppError";
    expect(broken(domain, (m) => m.nodes.filter(foreign).map((node) => at(m, node, "throws another error")))).toEqual(
      [],
    );
  });
});

/** What a file of a subgraph may import of its own subgraph when the program runs; types may come from below. */
const layers = {
  access: { rank: 0, uses: [] },
  domain: { rank: 1, uses: ["domain"] },
  entities: { rank: 1, uses: [] },
  store: { rank: 2, uses: ["domain", "entities"] },
  loaders: { rank: 3, uses: ["store", "domain"] },
  part: { rank: 3, uses: ["store", "domain", "part"] },
  commands: { rank: 3, uses: ["domain", "store", "part"] },
  consumers: { rank: 3, uses: ["domain", "store", "part"] },
  resolvers: { rank: 4, uses: ["commands", "loaders", "domain", "part"] },
  subgraph: { rank: 5, uses: ["access", "entities", "store", "loaders", "part", "commands", "consumers", "resolvers"] },
  main: { rank: 6, uses: ["subgraph"] },
} as const satisfies Record<string, { rank: number; uses: readonly string[] }>;
type Layer = keyof typeof layers;

/** What a subgraph has beyond the common shape, named here so that nothing is added without a thought. */
const ownParts: Readonly<Record<string, readonly string[]>> = {
  availability: [
    ...[
      "answer-tally",
      "answers",
      "claims",
      "gap-watch",
      "outlooks",
      "policy-in-force",
      "reservation-sweep",
      "turns",
      "watermarks",
    ],
    ...["measures", "rehearsal", "policy-effect", "position-walk", "row-cache", "rule-changes"],
  ],
  control: [
    ...[
      "audit-copies",
      "exceptions",
      "exception-policy",
      "kpis",
      "letters",
      "queue-clock",
      "reconciliation",
      "reconciliation-runs",
      "replays",
      "source-watch",
    ],
  ],
  erp: ["failed-postings", "held-postings", "transfers"],
  returns: ["posting"],
  wms: [
    "adjustments",
    "posting",
    "receipts",
    "report-letters",
    "stock-reports",
    "transfer-counts",
    "variance-corrections",
  ],
};

describe("inside a subgraph", () => {
  const shape = ["access", "entities", "store", "commands", "consumers", "loaders", "resolvers", "subgraph", "main"];

  it.each([...systemNames])("%s has the files of the shape, and no others", (name) => {
    const own = paths.filter((path) => isUnder(path, `subgraphs/${name}`)).map((p) => p.split("/").slice(2).join("/"));
    const stems = new Set(own.map((path) => path.replace(/(\/.*|\.ts|\.graphql)$/, "")));
    expect([...shape, "domain", "schema"].filter((stem) => !stems.has(stem))).toEqual([]);
    const known = new Set([...shape, "domain", "schema", ...(ownParts[name] ?? [])]);
    expect([...stems].filter((stem) => !known.has(stem))).toEqual([]);
  });

  it("imports go down: resolvers → commands, loaders → store → entities; commands → domain", () => {
    expect(
      broken(inRoom("subgraphs"), (m) => {
        const from = layers[layerOf(m.path)];
        return m.imports
          .filter((i) => i.target !== null && isUnder(i.target, "subgraphs"))
          .filter((i) => {
            const to = layerOf(i.target ?? "");
            if (to === layerOf(m.path)) return false;
            return i.typeOnly ? layers[to].rank > from.rank : !(from.uses as readonly Layer[]).includes(to);
          })
          .map(asFinding);
      }),
    ).toEqual([]);
  });

  it("a store knows databases, and nothing of commands, events under way, caches or GraphQL", () => {
    const above = ["shared/command.ts", "shared/recorder.ts", "shared/messaging", "shared/cache", "shared/graphql"];
    expect(valueImports("store", above)).toEqual([]);
  });

  it("resolvers hold no SQL and no messaging; entities and access tables hold no logic of shared/", () => {
    expect(valueImports("resolvers", ["shared/db", "shared/messaging", "shared/recorder.ts"])).toEqual([]);
    expect([...valueImports("entities", ["shared"]), ...valueImports("access", ["shared"])]).toEqual([]);
  });

  it("SQL stands in stores", () => {
    const sql = /^\s*(SELECT|INSERT|UPDATE|DELETE FROM|REPLACE INTO)\s/;
    const isSql = (node: ts.Node) => (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) && sql.test(node.text);
    const others = inRoom("subgraphs", "gateway", "demo", "cli", "ingest").filter((m) => layerOf(m.path) !== "store");
    expect(broken(others, (m) => m.nodes.filter(isSql).map((node) => at(m, node, "SQL")))).toEqual([]);
  });

  function valueImports(layer: Layer, from: readonly string[]): string[] {
    return broken(
      inRoom("subgraphs").filter((m) => layerOf(m.path) === layer),
      (m) => m.imports.filter((i) => !i.typeOnly && i.target !== null && isUnder(i.target, ...from)).map(asFinding),
    );
  }
});

describe("one door for each dependency", () => {
  /** Who may import a package when the program runs; tests reach for it in `test/helpers/`. */
  const doors: Readonly<Record<string, readonly string[]>> = {
    typeorm: ["shared/db", "shared/kernel.ts", "subgraphs/*/entities.ts", "migrations"],
    mysql2: ["shared/db/mysql.ts"],
    libsql: ["shared/db/sqlite.ts"],
    ioredis: ["shared/redis.ts"],
    jose: ["shared/identity.ts", "shared/key-set.ts", "test/unit/shared/identity.test.ts"],
    "@fastify/cors": ["gateway/http.ts"],
    "rate-limiter-flexible": ["shared/rate-store.ts"],
    pino: ["shared/logging.ts"],
    "prom-client": ["shared/metrics/metrics.ts"],
    "@opentelemetry/api": ["shared/tracing.ts"],
    "@opentelemetry/sdk-trace-base": ["shared/trace-export.ts"],
    "@opentelemetry/resources": ["shared/trace-export.ts"],
    "@opentelemetry/exporter-trace-otlp-http": ["shared/trace-export.ts"],
    dataloader: ["subgraphs/*/loaders.ts", "subgraphs/*/loaders"],
    "csv-parse": ["cli/import/files.ts", "intake/csv-rows.ts", "test"],
    fastify: ["shared/graphql/serve.ts", "gateway/http.ts"],
    ws: ["gateway/subscriptions/sockets.ts", "examples"],
    "graphql-ws": ["gateway/subscriptions", "examples"],
    "graphql-request": ["examples"],
    undici: ["gateway/remote-client.ts"],
    "@apollo/subgraph": ["shared/graphql/schema.ts"],
    "@apollo/composition": ["gateway/compose.ts"],
    "@apollo/federation-internals": ["gateway/planner.ts", "gateway/execution"],
    "@apollo/query-planner": ["gateway/planner.ts", "gateway/execution"],
    "graphql-jit": ["shared/graphql", "gateway/execution"],
    "lru-cache": ["shared/cache", "gateway/admission", "gateway/cache", "gateway/execution"],
    "@apollo/gateway": ["gateway/supergraph.ts"],
    "@apollo/server": ["gateway/server.ts"],
    "@as-integrations/fastify": ["gateway/graphql-route.ts"],
  };

  it.each(Object.entries(doors))("%s is imported by %j only", (pkg, allowed) => {
    const through = (m: Module) =>
      isUnder(m.path, "test/helpers", "bench", "torture") || allowed.some((door) => fits(m.path, door));
    const uses = (i: Import) => !i.typeOnly && i.pkg === pkg;
    expect(broken(modules, (m) => (through(m) ? [] : m.imports.filter(uses).map(asFinding)))).toEqual([]);
  });

  it("no other package of Apollo is imported", () => {
    const unknown = (i: Import) => i.pkg?.startsWith("@apollo/") === true && !(i.pkg in doors);
    expect(broken(modules, (m) => m.imports.filter(unknown).map(asFinding))).toEqual([]);
  });

  it("process.env is read by shared/config.ts; test helpers and measurements may look for servers and options", () => {
    const allowed = ["shared/config.ts", "vitest.config.ts", "test/helpers", "bench"];
    expect(usesBeyond(allowed, (n) => isMember(n, "process", "env"), "process.env")).toEqual([]);
    const named = (i: Import) => i.pkg === "node:process" && (i.names.includes("env") || i.names.includes("*"));
    expect(broken(modules, (m) => m.imports.filter(named).map(asFinding))).toEqual([]);
  });

  it("nobody writes to console; stdout belongs to what a person started", () => {
    const isConsole = (n: ts.Node) => ts.isPropertyAccessExpression(n) && textOf(n.expression) === "console";
    expect(usesBeyond([], isConsole, "console")).toEqual([]);
    const outlets = [
      "cli",
      "bench",
      "torture/run.ts",
      "examples",
      "main.ts",
      "gateway/main.ts",
      "shared/graphql/serve.ts",
      "test/helpers/owners.ts",
    ];
    expect(usesBeyond(outlets, (n) => isMember(n, "process", "stdout"), "process.stdout")).toEqual([]);
  });

  function usesBeyond(allowed: readonly string[], test: (node: ts.Node) => boolean, what: string): string[] {
    return broken(modules, (m) =>
      isUnder(m.path, ...allowed) ? [] : m.nodes.filter(test).map((node) => at(m, node, what)),
    );
  }
});

/** Imports of our own files from `rooms` that lead to none of `allowed`. */
function importsBeyond(rooms: readonly string[], allowed: readonly string[]): string[] {
  return broken(inRoom(...rooms), (m) =>
    m.imports.filter((i) => i.target !== null && !isUnder(i.target, ...allowed)).map(asFinding),
  );
}

function asFinding(i: Import): Finding {
  return { line: i.line, what: `imports ${i.target ?? i.specifier}${i.typeOnly ? " (types)" : ""}` };
}

function inRoom(...rooms: readonly string[]): Module[] {
  return modules.filter((m) => isUnder(m.path, ...rooms));
}

/** Like `isUnder`, where `*` stands for one folder. */
function fits(path: string, door: string): boolean {
  return new RegExp(`^${door.replaceAll(".", "\\.").replaceAll("*", "[^/]+")}(/|$)`).test(path);
}

function domainOf(path: string): string {
  return path.split("/").slice(0, 3).join("/");
}

function layerOf(path: string): Layer {
  const stem = path.split("/")[2]?.replace(/\.ts$/, "") ?? "";
  return stem in layers ? (stem as Layer) : "part";
}

function isMember(node: ts.Node, object: string, member: string): boolean {
  return ts.isPropertyAccessExpression(node) && textOf(node.expression) === object && node.name.text === member;
}

const outside = new Set([
  "process",
  "console",
  "performance",
  "crypto",
  "fetch",
  "setTimeout",
  "setInterval",
  "Promise",
]);

function impurities(m: Module): Finding[] {
  const isImpure = (n: ts.Node): boolean => {
    if (ts.isAwaitExpression(n) || n.kind === ts.SyntaxKind.AsyncKeyword) return true;
    if (isMember(n, "Date", "now") || isMember(n, "Math", "random")) return true;
    if (ts.isNewExpression(n) && textOf(n.expression) === "Date") return (n.arguments?.length ?? 0) === 0;
    if (ts.isImportSpecifier(n)) return (n.propertyName ?? n.name).text === "newId";
    if (ts.isPropertyAccessExpression(n) || ts.isCallExpression(n) || ts.isNewExpression(n)) {
      return outside.has(textOf(n.expression));
    }
    return false;
  };
  return m.nodes.filter(isImpure).map((node) => at(m, node, node.getText(m.ast).slice(0, 40)));
}
