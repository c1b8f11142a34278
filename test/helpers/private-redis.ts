/**
 * A Redis of the test's own, started from its binary on a free port: it may be killed, and comes back empty.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

/** Is there a `redis-server` to start? */
export const redisIsInstalled = spawnSync("redis-server", ["--version"]).status === 0;

export interface PrivateRedis {
  readonly url: string;
  start(): Promise<void>;
  /** As a power cut would, with everything in memory lost. */
  kill(): Promise<void>;
  /** It holds its connections and answers nobody, as on a machine that swaps. */
  freeze(): void;
  thaw(): void;
}

export async function createPrivateRedis(): Promise<PrivateRedis> {
  const port = await freePort();
  let server: ChildProcess | undefined;
  return {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const started = spawn("redis-server", [
        "--port",
        `${port}`,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
      ]);
      server = started;
      for await (const line of createInterface({ input: started.stdout })) {
        if (line.includes("Ready to accept connections")) return;
      }
      throw new Error("redis-server ended before it was ready");
    },
    freeze: () => void server?.kill("SIGSTOP"),
    thaw: () => void server?.kill("SIGCONT"),
    async kill() {
      if (!server || server.exitCode !== null) return;
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
