/**
 * A MariaDB and a Redis of our own, from their binaries, on free ports, with data in a directory of their own.
 *
 * They may be killed, frozen and started again with what they had written. Never touches a server it did not start.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import { readEnv } from "../shared/config.ts";
import { freePort } from "../test/helpers/private-redis.ts";

export interface Server {
  readonly name: "mysql" | "redis";
  readonly port: number;
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** As a power cut would. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Takes what it had written with it; only while it is down. */
  forget(): void;
}

const readyMs = 60_000;

/** What is missing on this machine to run servers of our own; null: nothing. */
export function missingServer(): string | null {
  const found = (command: string) => spawnSync(command, ["--version"], { env: withSbin() }).status === 0;
  return ["mariadbd", "redis-server"].find((command) => !found(command)) ?? null;
}

export async function createMysql(directory: string): Promise<Server> {
  const data = join(directory, "mysql");
  const user = userInfo().username;
  const log = openSync(join(directory, "mysql.log"), "a");
  const owner = ["--no-defaults", `--user=${user}`, `--datadir=${data}`];
  const install = ["--auth-root-authentication-method=normal", "--skip-test-db"];
  const made = spawn("mariadb-install-db", [...owner, ...install], { env: withSbin(), stdio: ["ignore", log, log] });
  const [code] = await once(made, "exit");
  if (code !== 0) throw new Error(`mariadb-install-db ended with ${code}`);
  const port = await freePort();
  const settings = [
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--socket=${join(directory, "mysql.sock")}`,
    `--pid-file=${join(directory, "mysql.pid")}`,
    "--skip-log-bin",
    "--skip-name-resolve",
    "--max-connections=500",
    // What was committed outlives the process, which is all that dies here.
    "--innodb-flush-log-at-trx-commit=2",
  ];
  return {
    name: "mysql",
    ...running(
      port,
      () => spawn("mariadbd", [...owner, ...settings], { env: withSbin(), stdio: ["ignore", log, log] }),
      answersMysql,
    ),
    forget: () => {
      throw new Error("the databases are the truth and are kept");
    },
  };
}

export async function createRedis(directory: string): Promise<Server> {
  const data = join(directory, "redis");
  const port = await freePort();
  const log = openSync(join(directory, "redis.log"), "a");
  const settings = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction"];
  const begin = () => {
    mkdirSync(data, { recursive: true });
    return spawn("redis-server", ["--port", `${port}`, "--dir", data, ...settings], { stdio: ["ignore", log, log] });
  };
  return {
    name: "redis",
    ...running(port, begin, answersRedis),
    forget: () => rmSync(data, { recursive: true, force: true }),
  };
}

function running(port: number, begin: () => ChildProcess, answers: (port: number) => Promise<boolean>) {
  let server: ChildProcess | undefined;
  process.on("exit", () => server?.kill("SIGKILL"));
  return {
    port,
    async start() {
      const started = begin();
      server = started;
      const until = performance.now() + readyMs;
      while (!(await answers(port))) {
        if (started.exitCode !== null || performance.now() > until) throw new Error(`no server answers at ${port}`);
        await wait(50);
      }
    },
    async kill() {
      if (!server || server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
    },
    freeze: () => void server?.kill("SIGSTOP"),
    thaw: () => void server?.kill("SIGCONT"),
  };
}

async function answersMysql(port: number): Promise<boolean> {
  try {
    const connection = await mysql.createConnection({ uri: `mysql://root@127.0.0.1:${port}`, connectTimeout: 1_000 });
    await connection.end();
    return true;
  } catch {
    return false;
  }
}

async function answersRedis(port: number): Promise<boolean> {
  const redis = new Redis(port, "127.0.0.1", { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on("error", () => {});
  try {
    await redis.connect();
    await redis.ping();
    return true;
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

/** Debian keeps servers where an ordinary user's PATH does not look. */
function withSbin(): NodeJS.ProcessEnv {
  return { PATH: `${readEnv()["PATH"] ?? ""}:/usr/sbin` };
}
