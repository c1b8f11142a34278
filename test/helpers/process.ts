/**
 * Our own programs as child processes: started until they say they are ready, ended by signal, never left behind.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { switches } from "./switches.ts";

const projectDir = fileURLToPath(new URL("../../", import.meta.url));
const readyMs = 60_000;

export interface Program {
  readonly url: string;
  readonly pid: number;
  /** Ends it as an operator would; resolves with its exit code. */
  terminate(): Promise<number | null>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** What it has written to stdout so far. */
  output(): string;
  /** Its exit code once it has ended, however it did; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** The end of what it has written to stderr. */
  complaints(): string;
}

/** What a process needs to start, and nothing else of ours. */
export function childEnvironment(more: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", APOLLO_TELEMETRY_DISABLED: "1", ...more };
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts `file` (relative to the project) and waits for its line `ready URL`. */
export async function startProgram(
  file: string,
  env: Readonly<Record<string, string>>,
  nodeArguments: readonly string[] = [],
): Promise<Program> {
  const child = spawn(process.execPath, [...nodeArguments, "--import", "tsx", file], {
    cwd: projectDir,
    env: childEnvironment({ LOG_LEVEL: "error", ...switches, ...env }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const exited = once(child, "exit").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  let stderr = "";
  let stdout = "";
  child.stderr?.on("data", (chunk) => {
    stderr = (stderr + chunk).slice(-10_000);
  });
  const url = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      // Whoever starts it again would have two.
      child.kill("SIGKILL");
      reject(new Error(`${file} was not ready in time:\n${stderr}`));
    }, readyMs);
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      stdout += `${line}\n`;
      const found = /^ready (\S+)$/.exec(line)?.[1];
      if (!found) return;
      clearTimeout(late);
      resolve(found);
    });
    exited.then((code) => {
      clearTimeout(late);
      reject(new Error(`${file} ended with ${code} before it was ready:\n${stderr}`));
    });
  });
  return {
    url,
    pid: child.pid as number,
    terminate: async () => {
      child.kill("SIGTERM");
      return exited;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
    output: () => stdout,
    ended: exited,
    complaints: () => stderr,
  };
}
