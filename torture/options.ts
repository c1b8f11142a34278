/**
 * What `npm run torture --` may be told: how long, which seed, how many processes.
 *
 * Pure: words in, options or what is wrong with them out.
 */
import { parseArgs } from "node:util";
import { AppError } from "../shared/errors.ts";

export interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly topology: "apart" | "whole";
  /** Restarts one after the other, instead of faults. */
  readonly rolling: boolean;
  readonly help: boolean;
}

export const usageText = `npm run torture -- [--minutes N] [--seed S] [--whole] [--rolling]

  --minutes N   how long faults go on, 0.1 to 1440; 5 when absent
  --seed S      which faults, and what the clients do: a whole number; a new one when absent
  --whole       two processes that run the whole system, instead of eight that each run a part
  --rolling     every process twice, behind balancers, restarted one after the other, then Redis and MariaDB: instead of
                faults
`;

/** `newSeed` where none is named. Fails with INVALID_INPUT. */
export function parseOptions(words: readonly string[], newSeed: number): Options {
  const { values } = parse(words);
  const minutes = Number(values.minutes ?? "5");
  const seed = Number(values.seed ?? newSeed);
  if (!(minutes >= 0.1 && minutes <= 1_440)) throw invalid("--minutes must be from 0.1 to 1440.");
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) throw invalid("--seed must be a whole number.");
  return {
    minutes,
    seed,
    topology: values.whole ? "whole" : "apart",
    rolling: values.rolling ?? false,
    help: values.help ?? false,
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        minutes: { type: "string" },
        seed: { type: "string" },
        whole: { type: "boolean" },
        rolling: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { message });
}
