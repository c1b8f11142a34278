/**
 * The owners of the numbers as child processes: each by itself, or all in one that starts in a fifth of the time.
 */
import type { SystemName } from "../../shared/config.ts";
import { type Program, startProgram } from "./process.ts";

type Environment = Readonly<Record<string, string>>;

export interface Owners {
  urlOf(name: SystemName): string;
  /** Only where each is by itself. */
  kill(name: SystemName): Promise<void>;
  /** Starts it again where it was. */
  restart(name: SystemName): Promise<void>;
  stop(): Promise<void>;
}

export function startOwner(name: SystemName, env: Environment, port = "0"): Promise<Program> {
  return startProgram(`subgraphs/${name}/main.ts`, { ...env, PORT: port });
}

export async function startApart(names: readonly SystemName[], env: Environment): Promise<Owners> {
  const programs = new Map<SystemName, Program>(
    await Promise.all(names.map(async (name) => [name, await startOwner(name, env)] as const)),
  );
  const urlOf = (name: SystemName) => (programs.get(name) as Program).url;
  return {
    urlOf,
    kill: async (name) => programs.get(name)?.kill(),
    restart: async (name) => {
      programs.set(name, await startOwner(name, env, new URL(urlOf(name)).port));
    },
    async stop() {
      await Promise.all([...programs.values()].map((program) => program.terminate()));
    },
  };
}

export async function startTogether(names: readonly SystemName[], env: Environment): Promise<Owners> {
  const program = await startProgram("test/helpers/owners.ts", { ...env, OWNERS: names.join(",") });
  const said = new Map(
    program
      .output()
      .split("\n")
      .map((line) => line.split(" ") as [string, string]),
  );
  const refuse = async () => {
    throw new Error("The subgraphs are one process here: start the target with `apart: true`.");
  };
  return {
    urlOf: (name) => said.get(name) as string,
    kill: refuse,
    restart: refuse,
    async stop() {
      await program.terminate();
    },
  };
}
