/**
 * Too much to do: who comes is refused at once, who was let in is answered in time, and afterwards all is as before.
 */
import { afterEach, describe, expect, it } from "vitest";
import {
  createLoadGate,
  type EventLoopWatch,
  type LoadGate,
  watchEventLoop,
} from "../../../../gateway/admission/load-gate.ts";
import { limits } from "../../../../shared/limits.ts";
import { type Gate, gate } from "../../../helpers/gate.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Somebody who does `capacity` pieces of work in a tick, in the order in which they came. */
function createWorker(loadGate: LoadGate, capacity: number) {
  const queue: { done: Gate; since: number }[] = [];
  let tick = 0;
  const worker = {
    waits: [] as number[],
    refused: 0,
    come(): void {
      if (loadGate.overloaded) {
        worker.refused += 1;
        return;
      }
      const done = gate();
      queue.push({ done, since: tick });
      void loadGate.within(done.opened);
    },
    async work(): Promise<void> {
      tick += 1;
      for (const { done, since } of queue.splice(0, capacity)) {
        worker.waits.push(tick - since);
        done.open();
      }
      // One who leaves does so when the promise has been heard of.
      await Promise.resolve();
    },
  };
  return worker;
}

describe("what is under way", () => {
  it("at three times what can be done, the accepted wait a bounded time and the rest is refused", async () => {
    const [capacity, operationsMax] = [5, 20];
    const worker = createWorker(createLoadGate({ delayMs: () => 0, operationsMax }), capacity);
    const ticks = 200;
    for (let tick = 0; tick < ticks; tick++) {
      for (let i = 0; i < capacity * 3; i++) worker.come();
      await worker.work();
    }
    expect(Math.max(...worker.waits)).toBe(operationsMax / capacity);
    expect(worker.waits.length).toBe(ticks * capacity);
    expect(worker.refused).toBe(ticks * capacity * 3 - ticks * capacity - (operationsMax - capacity));
    for (let tick = 0; tick < operationsMax / capacity; tick++) await worker.work();
    const before = worker.refused;
    worker.waits.length = 0;
    for (let tick = 0; tick < 10; tick++) {
      for (let i = 0; i < capacity; i++) worker.come();
      await worker.work();
    }
    expect(worker.refused).toBe(before);
    expect(Math.max(...worker.waits)).toBe(1);
  });

  it("in a process that has no time to spare, is bounded by what it finishes in two seconds", () => {
    const pace = { finished: 150, busy: 0.99 };
    const loadGate = createLoadGate({ delayMs: () => 0, pace: () => pace });
    const come = (count: number) => {
      for (let i = 0; i < count; i++) void loadGate.within(new Promise(() => {}));
    };
    come(299);
    expect(loadGate.overloaded).toBe(false);
    come(1);
    expect(loadGate.overloaded).toBe(true);
    pace.finished = 200;
    expect(loadGate.overloaded).toBe(false);
    pace.finished = 1;
    expect(loadGate.overloaded).toBe(true);
    pace.busy = 0.5;
    expect(loadGate.overloaded).toBe(false);
  });

  it("lets in what may come at once after a quiet second", () => {
    const loadGate = createLoadGate({ delayMs: () => 0, pace: () => ({ finished: 0, busy: 1 }) });
    for (let i = 0; i < limits.operationsAlwaysMax; i++) {
      expect(loadGate.overloaded).toBe(false);
      void loadGate.within(new Promise(() => {}));
    }
    expect(loadGate.overloaded).toBe(true);
  });

  it("is over when it fails, too", async () => {
    const loadGate = createLoadGate({ delayMs: () => 0, operationsMax: 1 });
    const failing = Promise.reject(new Error("no"));
    await expect(loadGate.within(failing)).rejects.toThrow("no");
    expect(loadGate.overloaded).toBe(false);
  });
});

describe("the event loop", () => {
  it("that is late refuses everybody until it is not", () => {
    let delayMs = 10;
    const loadGate = createLoadGate({ delayMs: () => delayMs, delayMsMax: 100 });
    expect(loadGate.overloaded).toBe(false);
    delayMs = 101;
    expect(loadGate.overloaded).toBe(true);
    expect(loadGate.refusal()).toMatchObject({ code: "OVERLOADED", details: { retryAfterS: 1 } });
    delayMs = 100;
    expect(loadGate.overloaded).toBe(false);
  });

  it("is measured: what was finished in a stretch, and how much of it was work", async () => {
    let finished = 7;
    const watch = watchEventLoop(() => finished);
    stops.push(watch.stop);
    await turns(watch, 1, 1);
    finished += 10;
    await turns(watch, 0, 0, 100);
    // What was finished before a first look belongs to the stretch that it ends.
    expect(watch.pace().finished).toBe(0);
    expect(watch.pace().busy).toBeGreaterThan(0.5);
    finished += 10;
    const until = performance.now() + 100;
    while (performance.now() < until);
    watch.measure();
    expect(watch.pace().finished).toBeGreaterThan(1);
    expect(watch.pace().finished).toBeLessThan(101);
  });

  it("is measured: turns that are all long are seen, one long turn is not", async () => {
    const watch = watchEventLoop();
    stops.push(watch.stop);
    await turns(watch, 12, 40);
    expect(watch.delayMs()).toBeGreaterThan(30);
    await turns(watch, 1, 100, 150);
    expect(watch.delayMs()).toBeLessThan(60);
  });
});

/** Long turns of the loop, then many short ones for a while. */
async function turns(watch: EventLoopWatch, count: number, busyMs: number, idleMs = 0): Promise<void> {
  watch.measure();
  for (let turn = 0; turn < count; turn++) {
    const until = performance.now() + busyMs;
    while (performance.now() < until);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const until = performance.now() + idleMs;
  while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
  watch.measure();
}
