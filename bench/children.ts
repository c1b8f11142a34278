/**
 * The benchmark's own child processes: spoken to over stdin and stdout, and never left behind.
 *
 * Programs that are measured are started by `world.ts`; these measure.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "../test/helpers/process.ts";

export type Child = ChildProcessByStdio<Writable, Readable, null>;

const running = new Set<Child>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** `file`: beside this one. What it says on stderr is shown. */
export function startChild(file: string): Child {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path], {
    // As everybody runs them where it counts.
    env: childEnvironment({ NODE_ENV: "production" }),
    stdio: ["pipe", "pipe", "inherit"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}
