/**
 * The system as its users see it, in both of its forms: embedded in this process on SQLite and memory, and as five
 * processes on MySQL/MariaDB and Redis. One suite runs against both.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, vi } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { type Config, type SystemName, systemNames } from "../../shared/config.ts";
import { type ApiClient, createApiClient } from "../../shared/graphql/client.ts";
import { issueToken, type Role, type TokenRequest } from "../../shared/identity.ts";
import type { KernelOverrides } from "../../shared/kernel.ts";
import { createSystem } from "../../system.ts";
import { createScratch } from "./databases.ts";
import { type Program, startProgram } from "./process.ts";
import { services } from "./services.ts";

export type TargetKind = "embedded" | "processes";

export interface Target {
  readonly kind: TargetKind;
  readonly url: string;
  readonly config: Config;
  /** A token of a person with these roles. */
  token(person: string, roles: readonly Role[], more?: Partial<TokenRequest>): Promise<string>;
  client(token?: string): ApiClient;
  /** A client with every role that writes master data and stock facts. */
  readonly connector: ApiClient;
  /** Runs `check` until it holds: embedded once after everything has had its effects, elsewhere for some seconds. */
  eventually<T>(check: () => T | Promise<T>): Promise<T>;
  /** Only with processes of their own. */
  readonly processes: Processes | null;
  stop(): Promise<void>;
}

export interface Processes {
  kill(name: SystemName): Promise<void>;
  /** Starts it again where it was. */
  restart(name: SystemName): Promise<void>;
  readonly gateway: Program;
}

const secret = "a-secret-that-only-the-tests-know";
const patienceMs = 20_000;

/** Runs the suite embedded, and against processes where the servers they need answer. */
export function eachTarget(
  title: string,
  suite: (target: () => Target) => void,
  kinds: readonly TargetKind[] = ["embedded", "processes"],
): void {
  for (const kind of kinds) {
    const missing = kind === "processes" && !(services.mysqlUrl && services.redisUrl);
    describe.skipIf(missing)(`${title}, ${kind}${missing ? " (no MySQL/MariaDB and Redis answer)" : ""}`, () => {
      let target: Target | undefined;
      beforeAll(async () => {
        target = await startTarget(kind);
      }, 120_000);
      afterAll(async () => {
        await target?.stop();
      }, 60_000);
      suite(() => {
        if (!target) throw new Error("the system has not started");
        return target;
      });
    });
  }
}

export function startTarget(kind: TargetKind): Promise<Target> {
  return kind === "embedded" ? startEmbedded() : startProcesses();
}

async function startEmbedded(): Promise<Target> {
  const scratch = createScratch("sqlite", { AUTH_SECRET: secret });
  const embedded = await openEmbedded(scratch.config);
  return {
    ...embedded,
    async stop() {
      await embedded.stop();
      await scratch.remove();
    },
  };
}

/** The whole system in this process, on data that is left where it is when it stops. */
export async function openEmbedded(config: Config, overrides: KernelOverrides = {}): Promise<Target> {
  const system = await createSystem(config, overrides);
  await system.start();
  return {
    ...(await access(config, system.url())),
    kind: "embedded",
    async eventually(check) {
      await system.drain();
      return check();
    },
    processes: null,
    stop: () => system.stop(),
  };
}

async function startProcesses(): Promise<Target> {
  const scratch = createScratch("mysql", { AUTH_SECRET: secret });
  const env = {
    PORT: "0",
    DATA_DIR: scratch.config.dataDir,
    MYSQL_URL: services.mysqlUrl ?? "",
    MYSQL_PREFIX: scratch.config.mysqlPrefix,
    REDIS_URL: services.redisUrl ?? "",
    REDIS_PREFIX: `test:${randomBytes(4).toString("hex")}:`,
    AUTH_SECRET: secret,
  };
  const start = (name: SystemName, port = "0") => startProgram(`subgraphs/${name}/main.ts`, { ...env, PORT: port });
  const subgraphs = new Map<SystemName, Program>(
    await Promise.all(systemNames.map(async (name) => [name, await start(name)] as const)),
  );
  const urlOf = (name: SystemName) => (subgraphs.get(name) as Program).url;
  const gateway = await startProgram("gateway/main.ts", {
    ...env,
    ...Object.fromEntries(systemNames.map((name) => [`${name.toUpperCase()}_URL`, urlOf(name)])),
  });
  return {
    ...(await access(scratch.config, gateway.url)),
    kind: "processes",
    eventually: (check) => vi.waitFor(check, { timeout: patienceMs, interval: 50 }),
    processes: {
      gateway,
      kill: async (name) => subgraphs.get(name)?.kill(),
      restart: async (name) => {
        subgraphs.set(name, await start(name, new URL(urlOf(name)).port));
      },
    },
    async stop() {
      await gateway.terminate();
      await Promise.all([...subgraphs.values()].map((program) => program.terminate()));
      await scratch.remove();
    },
  };
}

async function access(config: Config, url: string) {
  const token: Target["token"] = (person, roles, more = {}) =>
    issueToken(config.auth, { person, roles, ...more }, systemClock);
  const connectorToken = await token("connector", ["connector-erp", "connector-wms", "returns-desk", "planner"]);
  const client = (bearer?: string) => createApiClient({ url, ...(bearer ? { token: bearer } : {}) });
  return { config, url, token, client, connector: client(connectorToken) };
}
