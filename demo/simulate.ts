/**
 * Drives the background simulation: every so often one step is sent, and what the systems say is read again.
 *
 * One request at a time and never two steps at once. A request that fails is repeated under the same keys at the next
 * tick, so its effect is there once; what is refused is forgotten and the stock read again. `stop` lets the running
 * request end, but does not wait longer than `stopWaitMs` for it.
 */
import type { Clock } from "../shared/clock.ts";
import type { ApiClient } from "../shared/graphql/client.ts";
import { partitionKey } from "../shared/ids.ts";
import type { Part } from "../shared/lifecycle.ts";
import type { Logger } from "../shared/logging.ts";
import { refusalsOf, send } from "./operations.ts";
import type { PersonaId } from "./personas.ts";
import { createRandom } from "./random.ts";
import { nextOperations, type SimulationStep } from "./simulation.ts";
import {
  forget,
  initialState,
  type PositionReading,
  type SimulationState,
  type WatchedPosition,
  withReadings,
} from "./simulation-state.ts";

/** Calls `run` again and again until the returned function is called. */
export type Timer = (everyMs: number, run: () => unknown) => () => void;

export interface SimulationOptions {
  readonly clientFor: (persona: PersonaId) => ApiClient;
  readonly watched: readonly WatchedPosition[];
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs?: number;
  readonly timer?: Timer;
}

export interface Simulation extends Part {
  /** One step, as the timer makes it. Resolves when it is over, also when it failed. */
  tick(): Promise<void>;
}

const defaultEveryMs = 1_000;
const stopWaitMs = 2_000;
/** Requests for one step, repeats included, before it is given up. */
const attemptsMax = 30;
/** Others move stock as well: what we believe is refreshed now and then. */
const readEverySteps = 60;

/** Does not hold a process open by itself. */
export const intervalTimer: Timer = (everyMs, run) => {
  const interval = setInterval(run, everyMs);
  interval.unref();
  return () => clearInterval(interval);
};

export function createSimulation(options: SimulationOptions): Simulation {
  const { log, everyMs = defaultEveryMs, timer = intervalTimer } = options;
  const step = createStepper(options);
  let failing = false;
  let cancel: (() => void) | undefined;
  let running: Promise<void> | undefined;

  async function attempt(): Promise<void> {
    try {
      await step();
      if (failing) log.info({}, "the simulation goes on");
      failing = false;
    } catch (error) {
      // Once per outage is enough: the next failures say the same.
      if (failing) log.debug({ error }, "a simulation step failed");
      else log.warn({ error }, "a simulation step failed");
      failing = true;
    }
  }

  function tick(): Promise<void> {
    running ??= attempt().finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    name: "simulation",
    tick,
    async start() {
      cancel ??= timer(everyMs, tick);
    },
    async stop() {
      cancel?.();
      cancel = undefined;
      if (running) await atMost(stopWaitMs, running, timer);
    },
  };
}

/** Makes one step each time it is called, or repeats the one that could not be sent. */
function createStepper({ clientFor, watched, seed, clock }: SimulationOptions): () => Promise<void> {
  const startMs = clock.now();
  const random = createRandom(seed + startMs);
  let state = initialState(`SIM-${startMs.toString(36)}`, watched);
  let pending: SimulationStep | undefined;
  let attempts = 0;
  let believed = false;

  async function read(): Promise<void> {
    const data = await clientFor("wms").request<PositionData>(positionsDocument(watched.length), placesOf(watched));
    state = withReadings(state, readingsOf(watched, data));
    believed = true;
  }

  /** Settles the step at hand: done, refused or given up. */
  function settle(next: SimulationState, refused: boolean): void {
    state = next;
    pending = undefined;
    attempts = 0;
    if (refused) believed = false;
  }

  return async () => {
    if (!pending) {
      if (!believed || state.step % readEverySteps === 0) await read();
      pending = nextOperations(state, random, clock.now());
      // Even if what follows fails: the step's number is used up, and with it its ids.
      state = { ...state, step: pending.state.step };
    }
    const { operations, subject, state: next } = pending;
    const lost = forget(state, subject);
    for (const operation of operations) {
      attempts += 1;
      if (attempts > attemptsMax) {
        settle(lost, true);
        throw new Error(`${operation.mutation}: given up after ${attemptsMax} requests`);
      }
      const [reply] = await send(clientFor(operation.as), [operation]);
      const [refusal] = reply ? refusalsOf(reply) : [];
      if (!refusal) continue;
      settle(lost, true);
      throw new Error(`${operation.mutation}: ${refusal.code} ${refusal.message}`);
    }
    settle(next, false);
  };
}

/** Waits for `work`, but not longer than `ms`. */
async function atMost(ms: number, work: Promise<void>, timer: Timer): Promise<void> {
  let cancel: (() => void) | undefined;
  const timeout = new Promise<void>((resolve) => {
    cancel = timer(ms, resolve);
  });
  await Promise.race([work, timeout]);
  cancel?.();
}

type PositionData = Readonly<Record<string, PositionAnswer | null>>;

interface PositionAnswer {
  readonly physical: Readonly<Record<"unrestricted" | "picked" | "dock" | "damaged" | "hold", number>> | null;
  readonly book: { readonly committed: number } | null;
}

function positionsDocument(count: number): string {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const declared = indexes.map((index) => `$s${index}: ID!, $l${index}: ID!`);
  const fields = indexes.map(
    (index) =>
      `p${index}: stockPosition(sku: $s${index}, locationId: $l${index}) { physical { unrestricted picked dock damaged hold } book { committed } }`,
  );
  return `query Watched(${declared.join(", ")}) {\n${fields.join("\n")}\n}`;
}

function placesOf(watched: readonly WatchedPosition[]): Record<string, string> {
  return Object.fromEntries(
    watched.flatMap(({ sku, locationId }, index) => [
      [`s${index}`, sku],
      [`l${index}`, locationId],
    ]),
  );
}

function readingsOf(watched: readonly WatchedPosition[], data: PositionData): ReadonlyMap<string, PositionReading> {
  const readings = new Map<string, PositionReading>();
  watched.forEach(({ sku, locationId }, index) => {
    const answer = data[`p${index}`];
    if (!answer?.physical) return;
    const { picked, ...physical } = answer.physical;
    // The ERP counts an order as committed until it is shipped; what is picked has left `unrestricted` already.
    const claimed = Math.max(0, (answer.book?.committed ?? 0) - picked);
    readings.set(partitionKey(sku, locationId), { ...physical, claimed });
  });
  return readings;
}
