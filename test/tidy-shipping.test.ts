/**
 * How the system is shipped: image, compose file, configuration and CI script say what the code says.
 *
 * Neither Docker nor a YAML parser is needed: the compose file keeps to plain indentation by two, which is checked by
 * what is found in it. Whether the containers run is not shown here.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemNames } from "../shared/config.ts";
import { listFiles, readText, root } from "./helpers/repository.ts";

const paths = listFiles();
const compose = readText("docker-compose.yml");
const services = blocksIn(section(compose, "services"), 2);
const ownServices = ["gateway", "erp", "wms", "returns", "control"];

describe("docker-compose.yml", () => {
  it("starts the gateway, the systems that run by themselves, and their servers", () => {
    expect([...services.keys()]).toEqual(["migrate", ...ownServices, "mysql", "redis"]);
    expect(systemNames.filter((name) => !services.has(name))).toEqual(["availability"]);
  });

  it.each(ownServices)("%s gets only variables that the configuration knows", (name) => {
    const shared = [...section(compose, "x-environment").matchAll(/^ {2}([A-Z_]+):/gm)];
    const own = [...(services.get(name) ?? "").matchAll(/^ {6}([A-Z_]+):/gm)];
    const variables = [...shared, ...own].map((match) => match[1] ?? "");
    expect(variables).toContain("MYSQL_URL");
    expect(variables.filter((variable) => !configNames().includes(variable))).toEqual([]);
  });

  it("reaches each system at the name and port it listens on, which is its default", () => {
    const urls = [...(services.get("gateway") ?? "").matchAll(/([A-Z]+)_URL: http:\/\/([a-z]+):(\d+)\/graphql/g)];
    expect(urls.map((match) => match[2])).toEqual(["erp", "wms", "returns", "control"]);
    for (const [, variable, host, port] of urls) {
      expect(variable?.toLowerCase()).toBe(host);
      expect(services.get(host ?? ""), host).toContain(`PORT: "${port}"`);
      expect(readText(`subgraphs/${host}/main.ts`), host).toContain(`${port}`);
    }
  });

  it.each(ownServices)("%s waits until its database and its streams answer", (name) => {
    const block = services.get(name) ?? "";
    const waits = block.includes("depends_on:") ? block : section(compose, "x-process");
    for (const server of ["mysql", "redis"]) {
      expect(waits).toMatch(new RegExp(`${server}:\n +condition: service_healthy`));
    }
    expect(block).toContain("<<: *process");
  });

  it("asks every server for its health, and keeps what it stores", () => {
    for (const name of ["mysql", "redis"]) {
      expect(services.get(name)).toContain("healthcheck:");
      expect(services.get(name)).toMatch(new RegExp(`volumes:\n +- ${name}:/`));
    }
    expect(services.get("mysql")).toContain("image: mysql:8.4");
    expect(services.get("redis")).toMatch(/"--appendonly", "yes".*"noeviction"/);
  });

  it("has no secret in it, and starts only when the secrets are given", () => {
    const secrets = [...compose.matchAll(/(?:SECRET|PASSWORD): (.*)/g)].map((match) => match[1] ?? "");
    expect(secrets).not.toEqual([]);
    expect(secrets.filter((value) => !/^(\$\{[A-Z_]+:\?.*\}|"yes")$/.test(value))).toEqual([]);
  });

  it("makes a database for every system, and gives nobody rights beside those that migrating gives", () => {
    const sql = readText("docker/mysql/001-databases.sql");
    for (const name of systemNames) {
      expect(sql).toContain(`CREATE DATABASE IF NOT EXISTS ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;`);
    }
    expect(sql).not.toContain("GRANT");
    const user = /MYSQL_USER: (\w+)/.exec(services.get("mysql") ?? "")?.[1];
    expect(services.get("migrate")).toContain(`MYSQL_APP_USER: ${user}\n`);
    expect(services.get("migrate")).toContain("cli/migrate.ts");
    expect(section(compose, "x-environment")).toContain(`mysql://${user}:`);
  });

  it.each(ownServices)("%s starts when the databases are up to date, and does not know their owner", (name) => {
    const block = services.get(name) ?? "";
    const waits = block.includes("depends_on:") ? block : section(compose, "x-process");
    expect(waits).toMatch(/migrate:\n +condition: service_completed_successfully/);
    expect(`${block}${section(compose, "x-environment")}`).not.toContain("ROOT_PASSWORD");
    expect(section(compose, "x-environment")).toContain('MIGRATE_ON_START: "off"');
  });
});

describe("the image", () => {
  const dockerfile = readText("Dockerfile");

  it("starts files that are there", () => {
    const started = [...`${dockerfile}\n${compose}`.matchAll(/"tsx", "([\w./-]+\.ts)"/g)].map(
      (match) => match[1] ?? "",
    );
    expect(started).toHaveLength(6);
    expect(started.filter((path) => !paths.includes(path))).toEqual([]);
  });

  it("installs what the lock file says, without what only development needs", () => {
    expect(dockerfile).toContain("RUN npm ci --omit=dev");
  });

  it("runs as nobody in particular, and says when it is ready", () => {
    expect(dockerfile).toMatch(/\nUSER node\n[\s\S]*\nCMD /);
    expect(dockerfile).toMatch(/\nHEALTHCHECK [\s\S]*\/readyz/);
  });

  it("leaves out no room that runs in production, and no file that git ignores slips in", () => {
    const ignored = readText(".dockerignore").split("\n").filter(Boolean);
    const rooms = [
      "shared",
      "subgraphs",
      "gateway",
      "migrations",
      "ingest",
      "intake",
      "demo",
      "cli",
      "main.ts",
      "system.ts",
    ];
    expect(rooms.filter((room) => ignored.includes(room))).toEqual([]);
    const hidden = readText(".gitignore").split("\n").filter(Boolean);
    const covered = (pattern: string) => ignored.some((i) => pattern.replace(/\/$/, "").startsWith(i));
    expect(hidden.filter((pattern) => !covered(pattern))).toEqual([]);
  });
});

describe("docs/configuration.md", () => {
  it("explains every variable that shared/config.ts reads", () => {
    const document = readText("docs/configuration.md");
    expect(configNames().filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
  });
});

describe(".ci/run", () => {
  const script = readText(".ci/run");

  it("is a strict bash script that anybody may start", () => {
    expect(script.startsWith("#!/usr/bin/env bash\n")).toBe(true);
    expect(script).toContain("set -euo pipefail");
    expect(statSync(join(root, ".ci/run")).mode & 0o111).toBe(0o111);
  });

  it("checks and tests with every server present", () => {
    for (const step of ["npm ci", "npm run check", "REQUIRE_SERVICES=1 npm test"]) expect(script).toContain(step);
  });
});

/** The lines below a top-level key. */
function section(yaml: string, key: string): string {
  const from = yaml.search(new RegExp(`^${key}:`, "m"));
  const body = yaml.slice(yaml.indexOf("\n", from) + 1);
  const end = body.search(/^\S/m);
  return end === -1 ? body : body.slice(0, end);
}

/** Key → the lines below it, for the keys at this indentation. */
function blocksIn(yaml: string, indentation: number): Map<string, string> {
  const key = new RegExp(`^ {${indentation}}([a-z][\\w-]*):`);
  const blocks = new Map<string, string>();
  let current = "";
  for (const line of yaml.split("\n")) {
    current = key.exec(line)?.[1] ?? current;
    if (current) blocks.set(current, `${blocks.get(current) ?? ""}${line}\n`);
  }
  return blocks;
}

/** The variables that `shared/config.ts` reads. */
function configNames(): string[] {
  const literal = [...readText("shared/config.ts").matchAll(/(?:(?<!process\.)env\[|\(env, )"([A-Z_]+)"/g)];
  return [...literal.map((match) => match[1] ?? ""), ...systemNames.map((name) => `${name.toUpperCase()}_URL`)];
}
