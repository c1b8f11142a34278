/**
 * A world to measure in: databases of its own filled with a data set, and the processes that run on them.
 *
 * On MySQL/MariaDB and Redis where both answer, else on SQLite files and memory, and it says which. What it made
 * (directory, databases, keys) it removes; what was there before it never touches.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import { composeSupergraph } from "../gateway/compose.ts";
import { systemClock } from "../shared/clock.ts";
import { type Config, type SystemName, systemNames, toConfig } from "../shared/config.ts";
import { readSdl } from "../shared/graphql/subgraph.ts";
import { issueToken, type Role } from "../shared/identity.ts";
import type { Services } from "../test/helpers/find-services.ts";
import { type Program, startProgram } from "../test/helpers/process.ts";
import { type DataSet, dataSet } from "./data/data-set.ts";
import { writeDataSet } from "./data/write.ts";

export type WorldKind = "servers" | "embedded";

export interface World {
  readonly kind: WorldKind;
  readonly config: Config;
  readonly data: DataSet;
  readonly directory: string;
  token(person: string, roles: readonly Role[]): Promise<string>;
  /** Any program of this repository on this world's data; `env` adds to its environment. */
  start(file: string, env?: Readonly<Record<string, string>>): Promise<Program>;
  /** The whole system in one process, as `npm start` runs it. */
  startGateway(env?: Readonly<Record<string, string>>): Promise<Program>;
  /** The four subgraphs, each in a process of its own. */
  startSubgraphs(): Promise<Subgraphs>;
  /** Once or more. */
  remove(): Promise<void>;
}

export interface Subgraphs {
  readonly urls: Readonly<Record<SystemName, string>>;
  /** Their supergraph, composed. */
  readonly supergraphFile: string;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly services: Services;
  readonly positions: number;
  /** Whose databases get data; all by default. */
  readonly systems?: readonly SystemName[];
  /** On SQLite and memory, whatever answers. */
  readonly embedded?: boolean;
  /** For the gateway's process, when it is profiled. */
  readonly nodeArguments?: readonly string[];
  readonly say?: (line: string) => void;
}

const secret = "a-secret-for-measuring-on-this-machine";

export function worldKind({ mysqlUrl, redisUrl }: Services): WorldKind {
  return mysqlUrl && redisUrl ? "servers" : "embedded";
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const { services, positions, systems = systemNames, nodeArguments = [], say = () => {} } = options;
  const kind = options.embedded ? "embedded" : worldKind(services);
  const directory = mkdtempSync(join(tmpdir(), "iag-bench-"));
  const env = { ...environment(kind, services, directory), AUTH_SECRET: secret };
  const config = toConfig(env);
  const data = dataSet(positions);
  const remove = async () => {
    rmSync(directory, { recursive: true, force: true });
    if (kind === "servers") await removeFromServers(config);
  };
  const start: World["start"] = (file, more = {}) => startProgram(file, { ...env, ...more });

  try {
    say(`${positions.toLocaleString("en")} positions are written`);
    await writeDataSet(config, data, { systems, nowMs: systemClock.now() });
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    kind,
    config,
    data,
    directory,
    token: (person, roles) => issueToken(config.auth, { person, roles }, systemClock),
    start,
    startGateway: (more = {}) => startProgram("main.ts", { ...env, ...more }, nodeArguments),
    startSubgraphs: () => startSubgraphs(kind, directory, start),
    remove,
  };
}

function environment(kind: WorldKind, { mysqlUrl, redisUrl }: Services, directory: string): Record<string, string> {
  const name = randomBytes(4).toString("hex");
  const servers = {
    MYSQL_URL: mysqlUrl ?? "",
    MYSQL_PREFIX: `bench_${name}_`,
    REDIS_URL: redisUrl ?? "",
    REDIS_PREFIX: `bench:${name}:`,
  };
  return {
    // As it is deployed; but one caller sends everything, and the peers' gateways cannot sign.
    NODE_ENV: "production",
    INTROSPECTION: "on",
    RATE_LIMIT: "off",
    AUTH_SECRET: randomBytes(32).toString("hex"),
    HOST: "127.0.0.1",
    DATA_DIR: directory,
    PORT: "0",
    DEMO: "off",
    LOG_LEVEL: "error",
    SIGNED_IDENTITY: "off",
    ...(kind === "servers" ? servers : {}),
  };
}

async function startSubgraphs(kind: WorldKind, directory: string, start: World["start"]): Promise<Subgraphs> {
  const programs = await Promise.all(
    systemNames.map((name) =>
      kind === "servers" ? start(`subgraphs/${name}/main.ts`) : start("bench/subgraph-alone.ts", { SYSTEM: name }),
    ),
  );
  const urls = Object.fromEntries(systemNames.map((name, i) => [name, programs[i]?.url ?? ""]));
  const supergraphFile = join(directory, "supergraph.graphql");
  writeFileSync(
    supergraphFile,
    composeSupergraph(systemNames.map((name) => ({ name, url: urls[name] ?? "", sdl: sdlOf(name) }))),
  );
  return {
    urls: urls as Record<SystemName, string>,
    supergraphFile,
    stop: async () => {
      await Promise.all(programs.map((program) => program.terminate()));
    },
  };
}

function sdlOf(name: SystemName): string {
  return readSdl(new URL(`../subgraphs/${name}/`, import.meta.url).href);
}

async function removeFromServers({ mysqlUrl, mysqlPrefix, redisUrl, redisPrefix }: Config): Promise<void> {
  const connection = await mysql.createConnection(mysqlUrl ?? "");
  for (const system of systemNames) await connection.query(`DROP DATABASE IF EXISTS \`${mysqlPrefix}${system}\``);
  await connection.end();
  const redis = new Redis(redisUrl ?? "");
  for (let cursor = "0", first = true; first || cursor !== "0"; first = false) {
    const [next, keys] = await redis.scan(cursor, "MATCH", `${redisPrefix}*`, "COUNT", 1_000);
    if (keys.length > 0) await redis.del(...keys);
    cursor = next;
  }
  redis.disconnect();
}
