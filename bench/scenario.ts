/**
 * What a scenario is, and what it is given.
 *
 * A scenario measures one goal: it starts what it needs, loads it, and returns figures. It judges nothing (that is
 * `verdict.ts`), prints nothing but progress, and leaves no process behind.
 */
import type { GoalId } from "./goals.ts";
import type { LoadGenerator } from "./load.ts";
import type { World, WorldOptions } from "./world.ts";

export interface Measurement {
  /** In the goal's unit; null when it could not be measured, and then the first note says why. */
  readonly figure: number | null;
  /** `figure` divided by what was measured beside it in the same run, by the name of that. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Other figures that the goal speaks of, by name with the unit last. */
  readonly also: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  /** Done with less than the goal asks for (callers, servers, replicas): not a verdict on it. */
  readonly reduced?: boolean;
}

export interface Bench {
  /** How long one counted round of load lasts. */
  readonly seconds: number;
  /** The size of the data that most scenarios run on. */
  readonly positions: number;
  /** The size that growth is measured up to. */
  readonly positionsLarge: number;
  /** The part of the callers and sockets that a goal asks for, up to 1. */
  readonly crowd: number;
  /** Are other products measured too? */
  readonly peers: boolean;
  readonly load: LoadGenerator;
  /** One line of progress. */
  say(line: string): void;
  /** The data and the servers, made when first asked for and shared by all scenarios of the run. */
  world(): Promise<World>;
  /** A world of its own, which the caller removes. */
  newWorld(options: Pick<WorldOptions, "positions" | "systems" | "embedded">): Promise<World>;
}

export interface Scenario {
  readonly name: string;
  readonly goal: GoalId;
  run(bench: Bench): Promise<Measurement>;
}

export function unmeasured(reason: string): Measurement {
  return { figure: null, ratios: {}, also: {}, notes: [reason] };
}
