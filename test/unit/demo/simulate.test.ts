/**
 * The driver of the simulation, without a clock that runs and without a network.
 */
import { describe, expect, test } from "vitest";
import { demoSeed, generateDistributor } from "../../../demo/distributor.ts";
import type { PersonaId } from "../../../demo/personas.ts";
import { createSimulation, type Timer } from "../../../demo/simulate.ts";
import { manualClock } from "../../../shared/clock.ts";
import type { Logger } from "../../../shared/logging.ts";
import { silentLogger } from "../../../shared/logging.ts";

const { watched } = generateDistributor(demoSeed, Date.UTC(2026, 2, 10));

interface Sent {
  readonly as: PersonaId;
  readonly document: string;
  readonly variables: Record<string, unknown>;
}

type Answer = "accept" | "refuse" | "fail";

/** A gateway that answers as it is told. */
function setUp({ committed, dock } = { committed: 10, dock: 12 }) {
  const sent: Sent[] = [];
  const warnings: string[] = [];
  let answer: Answer = "accept";
  let held: (() => void) | undefined;
  let holdNext = false;
  const log: Logger = { ...silentLogger, warn: (_, message) => warnings.push(message) };
  const timers = new Set<() => unknown>();
  const timer: Timer = (_, run) => {
    timers.add(run);
    return () => timers.delete(run);
  };

  async function reply(as: PersonaId, document: string, variables: Record<string, unknown>): Promise<unknown> {
    sent.push({ as, document, variables });
    if (holdNext) {
      holdNext = false;
      await new Promise<void>((resolve) => {
        held = resolve;
      });
    }
    if (answer === "fail") throw new Error("nobody answers");
    if (document.startsWith("query")) {
      const physical = { unrestricted: 100, picked: 4, dock, damaged: 1, hold: 0 };
      return Object.fromEntries(watched.map((_, index) => [`p${index}`, { physical, book: { committed } }]));
    }
    const userErrors = answer === "refuse" ? [{ code: "INSUFFICIENT_STOCK", message: "no" }] : [];
    return { m0: { userErrors, results: [] } };
  }

  const simulation = createSimulation({
    clientFor: (as) => ({
      request: async <T>(document: string, variables: Record<string, unknown> = {}) =>
        (await reply(as, document, variables)) as T,
    }),
    watched,
    seed: 1,
    clock: manualClock(),
    log,
    timer,
  });
  return {
    simulation,
    sent,
    warnings,
    timers,
    answerWith: (next: Answer) => {
      answer = next;
    },
    holdNextRequest: () => {
      holdNext = true;
    },
    release: () => held?.(),
    writes: () => sent.filter(({ document }) => document.startsWith("mutation")),
    reads: () => sent.filter(({ document }) => document.startsWith("query")),
  };
}

async function ticks(count: number, { simulation }: ReturnType<typeof setUp>) {
  for (let index = 0; index < count; index += 1) await simulation.tick();
}

describe("the driver", () => {
  test("reads the stock first, then makes one small change a tick", async () => {
    const at = setUp();
    await ticks(10, at);
    expect(at.sent[0]?.document).toMatch(/^query/);
    expect(at.reads()).toHaveLength(1);
    expect(at.writes().length).toBeGreaterThanOrEqual(10);
    expect(at.writes().length).toBeLessThan(20);
  });

  test("reads the stock again every now and then, because others move it too", async () => {
    const at = setUp();
    await ticks(130, at);
    expect(at.reads()).toHaveLength(3);
  });

  test("sells nothing that others have a claim on, and counts what is picked only once", async () => {
    const allocations = ({ writes }: ReturnType<typeof setUp>) =>
      writes().filter(({ document }) => document.includes("allocateOrder")).length;
    // 100 unrestricted, 4 picked.
    const soldOut = setUp({ committed: 104, dock: 0 });
    const someLeft = setUp({ committed: 94, dock: 0 });
    // Too few for goods to be ordered and to arrive.
    await ticks(8, soldOut);
    await ticks(8, someLeft);
    expect(allocations(soldOut)).toBe(0);
    expect(allocations(someLeft)).toBeGreaterThan(0);
  });

  test("sends each operation as the person whose job it is", async () => {
    const at = setUp();
    await ticks(100, at);
    for (const { as, document } of at.writes()) {
      const expected = document.includes("recordStockEvents")
        ? "wms"
        : document.includes("Return(")
          ? "returnsDesk"
          : "erp";
      expect(as).toBe(expected);
    }
  });

  test("repeats a request that failed under the same key, so that its effect is there once", async () => {
    const at = setUp();
    await ticks(1, at);
    at.answerWith("fail");
    await ticks(3, at);
    at.answerWith("accept");
    await ticks(1, at);
    const [, ...repeats] = at.writes().slice(-4);
    expect(repeats).toHaveLength(3);
    for (const repeat of repeats) expect(repeat).toEqual(repeats[0]);
  });

  test("gives a step up after many failures and goes on with another", async () => {
    const at = setUp();
    await ticks(1, at);
    const before = at.writes().length;
    at.answerWith("fail");
    await ticks(50, at);
    const tried = at
      .writes()
      .slice(before)
      .map(({ variables }) => JSON.stringify(variables));
    expect(tried).toHaveLength(30);
    expect(new Set(tried).size).toBe(1);
    at.answerWith("accept");
    await ticks(5, at);
    const later = at
      .writes()
      .slice(before + 30)
      .map(({ variables }) => JSON.stringify(variables));
    expect(later.length).toBeGreaterThanOrEqual(5);
    expect(later).not.toContain(tried[0]);
  });

  test("forgets what was refused, reads the stock again and never repeats the refused step", async () => {
    const at = setUp();
    at.answerWith("refuse");
    await ticks(20, at);
    expect(at.reads()).toHaveLength(20);
    const inputs = at.writes().map(({ variables }) => JSON.stringify(variables));
    expect(new Set(inputs).size).toBe(inputs.length);
  });

  test("warns once per outage, not once per second", async () => {
    const at = setUp();
    at.answerWith("fail");
    await ticks(10, at);
    expect(at.warnings).toHaveLength(1);
    at.answerWith("accept");
    await ticks(2, at);
    at.answerWith("fail");
    await ticks(5, at);
    expect(at.warnings).toHaveLength(2);
  });

  test("never makes two steps at once", async () => {
    const at = setUp();
    at.holdNextRequest();
    const first = at.simulation.tick();
    const second = at.simulation.tick();
    expect(second).toBe(first);
    at.release();
    await first;
    expect(at.reads()).toHaveLength(1);
  });
});

describe("start and stop", () => {
  test("ticks when the timer says so, and no more once it is stopped", async () => {
    const at = setUp();
    await at.simulation.start();
    expect(at.timers.size).toBe(1);
    for (const run of at.timers) await run();
    expect(at.writes().length).toBeGreaterThan(0);
    await at.simulation.stop();
    expect(at.timers.size).toBe(0);
  });

  test("stop waits for the request that is under way", async () => {
    const at = setUp();
    await at.simulation.start();
    at.holdNextRequest();
    const step = at.simulation.tick();
    let stopped = false;
    const stopping = at.simulation.stop().then(() => {
      stopped = true;
    });
    await Promise.resolve();
    expect(stopped).toBe(false);
    at.release();
    await Promise.all([step, stopping]);
    expect(stopped).toBe(true);
    expect(at.timers.size).toBe(0);
  });

  test("stop does not wait for ever", async () => {
    const at = setUp();
    await at.simulation.start();
    at.holdNextRequest();
    void at.simulation.tick();
    const stopping = at.simulation.stop();
    // The only timer left is the patience of `stop`.
    expect(at.timers.size).toBe(1);
    for (const run of at.timers) run();
    await stopping;
    expect(at.timers.size).toBe(0);
    at.release();
  });

  test("two runs never share an id", async () => {
    const one = setUp();
    await ticks(30, one);
    const clock = manualClock();
    clock.advance(5);
    const keys = one.writes().map(({ variables }) => JSON.stringify(variables));
    const other: string[] = [];
    const simulation = createSimulation({
      clientFor: () => ({
        request: async <T>(document: string, variables: Record<string, unknown> = {}) => {
          if (document.startsWith("mutation")) other.push(JSON.stringify(variables));
          const physical = { unrestricted: 100, picked: 0, dock: 12, damaged: 1, hold: 0 };
          const data = document.startsWith("query") ? { p0: { physical, book: null } } : { m0: { userErrors: [] } };
          return data as T;
        },
      }),
      watched: watched.slice(0, 1),
      seed: 1,
      clock,
      log: silentLogger,
      timer: () => () => {},
    });
    for (let index = 0; index < 30; index += 1) await simulation.tick();
    const prefixes = (inputs: readonly string[]) => new Set(inputs.map((input) => /SIM-\w+/.exec(input)?.[0]));
    expect(prefixes(keys).size).toBe(1);
    expect(prefixes(other).size).toBe(1);
    expect(prefixes(other)).not.toEqual(prefixes(keys));
  });
});
