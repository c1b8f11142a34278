/**
 * Runs a suite on every database this machine has: SQLite always, MySQL/MariaDB when it answers.
 *
 * Each suite gets databases of its own (a temporary directory, a random prefix) and drops them afterwards. With
 * REQUIRE_SERVICES=1 a missing server is a failure, not a skip.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mysql from "mysql2/promise";
import { afterAll, describe } from "vitest";
import { type Config, systemNames, toConfig } from "../../shared/config.ts";
import { createKernel, type Kernel, type KernelOverrides } from "../../shared/kernel.ts";
import { silentLogger } from "../../shared/logging.ts";
import { services } from "./services.ts";
import { switches } from "./switches.ts";

export type DatabaseKind = "sqlite" | "mysql";

/** A kernel on databases that nobody else uses; closed and dropped when the suite ends. */
export type MakeKernel = (overrides?: KernelOverrides) => Promise<Kernel>;

export function eachDatabase(
  title: string,
  suite: (makeKernel: MakeKernel, kind: DatabaseKind) => void,
  kinds: readonly DatabaseKind[] = ["sqlite", "mysql"],
): void {
  for (const kind of kinds) {
    const missing = kind === "mysql" && !services.mysqlUrl;
    describe.skipIf(missing)(`${title} on ${kind}${missing ? " (no MySQL or MariaDB answers)" : ""}`, () => {
      const cleanups: (() => Promise<void>)[] = [];
      afterAll(async () => {
        for (const cleanup of cleanups.reverse()) await cleanup();
      });
      suite(async (overrides = {}) => {
        const scratch = createScratch(kind);
        const kernel = await createKernel(scratch.config, { log: silentLogger, ...overrides });
        cleanups.push(scratch.remove, () => kernel.close());
        return kernel;
      }, kind);
    });
  }
}

export interface Scratch {
  readonly config: Config;
  remove(): Promise<void>;
}

/** A configuration whose data nobody else sees. `env` adds to it. */
export function createScratch(kind: DatabaseKind, env: Readonly<Record<string, string>> = {}): Scratch {
  const dataDir = mkdtempSync(join(tmpdir(), "iag-"));
  const prefix = `t${randomBytes(4).toString("hex")}_`;
  const config = toConfig({
    DATA_DIR: dataDir,
    PORT: "0",
    DEMO: "off",
    LOG_LEVEL: "silent",
    ...switches,
    ...(kind === "mysql" ? { MYSQL_URL: services.mysqlUrl ?? "", MYSQL_PREFIX: prefix } : {}),
    ...env,
  });
  return {
    config,
    async remove() {
      rmSync(dataDir, { recursive: true, force: true });
      if (kind === "mysql") await dropDatabases(config.mysqlPrefix);
    },
  };
}

export async function dropDatabases(prefix: string): Promise<void> {
  if (!services.mysqlUrl) return;
  const connection = await mysql.createConnection(services.mysqlUrl);
  for (const system of systemNames) await connection.query(`DROP DATABASE IF EXISTS \`${prefix}${system}\``);
  await connection.end();
}
