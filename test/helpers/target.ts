/**
 * The system as its users see it, in both of its forms: embedded in this process on SQLite and memory, and as
 * processes on MySQL/MariaDB and Redis. One suite runs against both.
 */
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, vi } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { type Config, type SystemName, systemNames } from "../../shared/config.ts";
import { type ApiClient, createApiClient } from "../../shared/graphql/client.ts";
import { issueToken, type Role, type TokenRequest } from "../../shared/identity.ts";
import type { KernelOverrides } from "../../shared/kernel.ts";
import { createSystem } from "../../system.ts";
import { expectSettled } from "./conservation.ts";
import { createScratch } from "./databases.ts";
import { startApart, startOwner, startTogether } from "./owner-programs.ts";
import { type Program, startProgram } from "./process.ts";
import { services } from "./services.ts";

export type TargetKind = "embedded" | "processes";

export interface Target {
  readonly kind: TargetKind;
  readonly url: string;
  readonly config: Config;
  /** A token of a person with these roles. */
  token(person: string, roles: readonly Role[], more?: Partial<TokenRequest>): Promise<string>;
  /** At the first gateway unless `url` says which. */
  client(token?: string, url?: string): ApiClient;
  /** Where each gateway answers; the first is `url`. */
  readonly urls: readonly string[];
  /** A client with every role that writes master data and stock facts. */
  readonly connector: ApiClient;
  /** Runs `check` until it holds: embedded once after everything has had its effects, elsewhere for some seconds. */
  eventually<T>(check: () => T | Promise<T>): Promise<T>;
  /** Only with processes of their own. */
  readonly processes: Processes | null;
  stop(): Promise<void>;
}

export interface TargetOptions {
  /** With processes: so many gateways, each before an availability process of its own. Default 1. */
  readonly gateways?: number;
  /** With processes: availability runs in each gateway's own process, as `npm start` mounts it. Default false. */
  readonly mounted?: boolean;
  /** With processes: every subgraph is one of its own, so that it can be killed; else one has them all. Default false. */
  readonly apart?: boolean;
}

/** Only where subgraphs are apart. */
export interface Processes {
  kill(name: SystemName): Promise<void>;
  /** Starts it again where it was. */
  restart(name: SystemName): Promise<void>;
  readonly gateway: Program;
}

const secret = "a-secret-that-only-the-tests-know";
const patienceMs = 20_000;

/** Both with TARGETS=all. Else a suite that is about processes names them, because they take minutes to start. */
const usualKinds: readonly TargetKind[] = process.env["TARGETS"] === "all" ? ["embedded", "processes"] : ["embedded"];

/**
 * Runs the suite embedded, and against processes where the servers they need answer. After each of its tests every
 * number must be explained (`conservation.ts`).
 */
export function eachTarget(
  title: string,
  suite: (target: () => Target) => void,
  kinds: readonly TargetKind[] = usualKinds,
  options: TargetOptions = {},
): void {
  for (const kind of kinds) {
    const missing = kind === "processes" && !(services.mysqlUrl && services.redisUrl);
    describe.skipIf(missing)(`${title}, ${kind}${missing ? " (no MySQL/MariaDB and Redis answer)" : ""}`, () => {
      let target: Target | undefined;
      beforeAll(async () => {
        target = await startTarget(kind, options);
      }, 120_000);
      // Whatever a test did, in the end every number is explained: nobody has to remember to ask.
      afterEach(async () => {
        if (target) await settled(target);
      }, 60_000);
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

/** Resolves when everything has had its effects and conservation holds; fails with what does not add up. */
export function settled(target: Target): Promise<void> {
  return target.eventually(() => expectSettled(target));
}

export function startTarget(kind: TargetKind, options: TargetOptions = {}): Promise<Target> {
  return kind === "embedded" ? startEmbedded() : startProcesses(options);
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
    ...(await access(config, [system.url()])),
    kind: "embedded",
    async eventually(check) {
      await system.drain();
      return check();
    },
    processes: null,
    stop: () => system.stop(),
  };
}

async function startProcesses(options: TargetOptions): Promise<Target> {
  const { gateways = 1, mounted = false, apart = false } = options;
  const scratch = createScratch("mysql", { AUTH_SECRET: secret });
  const env = {
    DATA_DIR: scratch.config.dataDir,
    MYSQL_URL: services.mysqlUrl ?? "",
    MYSQL_PREFIX: scratch.config.mysqlPrefix,
    REDIS_URL: services.redisUrl ?? "",
    REDIS_PREFIX: `test:${randomBytes(4).toString("hex")}:`,
    AUTH_SECRET: secret,
  };
  const names = systemNames.filter((name) => !(mounted && name === "availability"));
  const owners = await (apart ? startApart : startTogether)(names, env);
  const startGateway = (availability: string | null) =>
    startProgram(mounted ? "main.ts" : "gateway/main.ts", {
      ...env,
      PORT: "0",
      DEMO: "off",
      ...Object.fromEntries(names.map((name) => [`${name.toUpperCase()}_URL`, owners.urlOf(name)])),
      ...(availability === null ? {} : { AVAILABILITY_URL: availability }),
    });
  const gateway = await startGateway(mounted ? null : owners.urlOf("availability"));
  const replicas: Program[] = [];
  const urls = [gateway.url];
  for (let i = 1; i < gateways; i++) {
    const availability = mounted ? null : await startOwner("availability", env);
    const another = await startGateway(availability?.url ?? null);
    replicas.push(another, ...(availability ? [availability] : []));
    urls.push(another.url);
  }
  return {
    ...(await access(scratch.config, urls)),
    kind: "processes",
    eventually: (check) => vi.waitFor(check, { timeout: patienceMs, interval: 50 }),
    processes: { gateway, kill: owners.kill, restart: owners.restart },
    async stop() {
      for (const program of [gateway, ...replicas]) await program.terminate();
      await owners.stop();
      await scratch.remove();
    },
  };
}

async function access(config: Config, urls: readonly string[]) {
  const url = urls[0] as string;
  const token: Target["token"] = (person, roles, more = {}) =>
    issueToken(config.auth, { person, roles, ...more }, systemClock);
  const connectorToken = await token("connector", ["connector-erp", "connector-wms", "returns-desk", "planner"]);
  const client = (bearer?: string, at = url) => createApiClient({ url: at, ...(bearer ? { token: bearer } : {}) });
  return { config, url, urls, token, client, connector: client(connectorToken) };
}
