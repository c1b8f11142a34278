/**
 * One process of ours under torture: started, killed, frozen, armed with a failpoint, and always again at the same port.
 *
 * An end that nobody here brought about is remembered: nothing that happens outside a process may end it.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Program, startProgram } from "../test/helpers/process.ts";
import type { Way } from "./proxy.ts";

export interface Member {
  readonly name: string;
  /** Its ways to the servers. */
  readonly ways: Readonly<Record<"mysql" | "redis", Way>>;
  readonly url: string;
  /** Does it keep data, so that failpoints mean something in it? */
  readonly keeps: boolean;
  /** Resolves when it is ready; tried again while its servers are not. */
  start(failpoint?: string): Promise<void>;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Until it has ended by itself, or not within the time. */
  ended(withinMs: number): Promise<boolean>;
  /** As an operator would. */
  stop(): Promise<void>;
  /** Ends that nobody here brought about, and those that were asked for and did not go well. */
  readonly crashes: readonly string[];
}

export interface MemberSpec {
  readonly name: string;
  readonly file: string;
  readonly port: number;
  readonly keeps: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly ways: Member["ways"];
}

const startsMax = 8;

export function createMember(spec: MemberSpec): Member {
  const crashes: string[] = [];
  let program: Program | undefined;
  /** Is its end our doing, or its failpoint's? */
  let expected = false;

  async function begin(failpoint: string): Promise<Program> {
    const env = { ...spec.env, PORT: `${spec.port}`, FAILPOINT: failpoint };
    for (let tried = 1; ; tried++) {
      try {
        return await startProgram(spec.file, env);
      } catch (error) {
        // With a failpoint it may die before it is ready: that was asked for.
        if (tried >= startsMax) throw error;
        await wait(250);
      }
    }
  }

  return {
    name: spec.name,
    ways: spec.ways,
    keeps: spec.keeps,
    url: `http://127.0.0.1:${spec.port}/graphql`,
    async start(failpoint = "") {
      const started = await begin(failpoint);
      program = started;
      expected = failpoint !== "";
      started.ended.then((code) => {
        if (program !== started || expected) return;
        crashes.push(`${spec.name} ended with ${code} by itself: ${started.complaints().slice(-2_000)}`);
      });
    },
    async kill() {
      expected = true;
      await program?.kill();
    },
    freeze: () => signal(program, "SIGSTOP"),
    thaw: () => signal(program, "SIGCONT"),
    ended: (withinMs) => Promise.race([program?.ended.then(() => true) ?? true, wait(withinMs, false, { ref: false })]),
    async stop() {
      expected = true;
      signal(program, "SIGCONT");
      const ending = program;
      const code = await ending?.terminate();
      if (ending && code !== 0) crashes.push(`${spec.name} was told to stop, and ended with ${code}`);
    },
    crashes,
  };
}

function signal(program: Program | undefined, name: NodeJS.Signals): void {
  if (!program) return;
  try {
    process.kill(program.pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
