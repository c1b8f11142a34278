/**
 * Parts start in order and stop in the reverse order, once, whatever happens on the way.
 *
 * Moments are gates that the test opens.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "../../../shared/errors.ts";
import { createLifecycle, createRounds, failureText, type Part, sideBySide } from "../../../shared/lifecycle.ts";
import { silentLogger } from "../../../shared/logging.ts";
import { gate } from "../../helpers/gate.ts";

function recorded(names: readonly string[], special: Record<string, Partial<Part>> = {}) {
  const log: string[] = [];
  const parts = names.map((name): Part => {
    const { start = async () => {}, stop = async () => {} } = special[name] ?? {};
    return {
      name,
      async start() {
        await start();
        log.push(`+${name}`);
      },
      async stop() {
        log.push(`-${name}`);
        await stop();
      },
    };
  });
  return { log, parts };
}

describe("a lifecycle", () => {
  it("starts in order and stops in the reverse order", async () => {
    const { log, parts } = recorded(["a", "b", "c"]);
    const lifecycle = createLifecycle(parts, silentLogger);
    await lifecycle.start();
    await lifecycle.stop();
    expect(log).toEqual(["+a", "+b", "+c", "-c", "-b", "-a"]);
  });

  it("starts and stops once, however often it is told to", async () => {
    const { log, parts } = recorded(["a", "b"]);
    const lifecycle = createLifecycle(parts, silentLogger);
    await Promise.all([lifecycle.start(), lifecycle.start()]);
    await lifecycle.start();
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    await lifecycle.stop();
    expect(log).toEqual(["+a", "+b", "-b", "-a"]);
  });

  it("stops what had started when a part does not start, and says why", async () => {
    const failure = new Error("port in use");
    const { log, parts } = recorded(["a", "b", "c"], { b: { start: () => Promise.reject(failure) } });
    const lifecycle = createLifecycle(parts, silentLogger);
    await expect(lifecycle.start()).rejects.toBe(failure);
    expect(log).toEqual(["+a", "-a"]);
    await lifecycle.stop();
    expect(log).toEqual(["+a", "-a"]);
  });

  it("told to stop while it starts, lets the part under way finish, starts no more, and stops what runs", async () => {
    const begun = gate();
    const goOn = gate();
    const { log, parts } = recorded(["a", "b", "c"], {
      b: {
        start: async () => {
          begun.open();
          await goOn.opened;
        },
      },
    });
    const lifecycle = createLifecycle(parts, silentLogger);
    const starting = lifecycle.start();
    await begun.opened;
    const stopping = lifecycle.stop();
    goOn.open();
    await Promise.all([starting, stopping]);
    expect(log).toEqual(["+a", "+b", "-b", "-a"]);
  });

  it("goes on stopping when a part does not stop cleanly, and logs which", async () => {
    const { log, parts } = recorded(["a", "b", "c"], { b: { stop: () => Promise.reject(new Error("stuck")) } });
    const complaints: object[] = [];
    const lifecycle = createLifecycle(parts, { ...silentLogger, error: (fields) => complaints.push(fields) });
    await lifecycle.start();
    await lifecycle.stop();
    expect(log).toEqual(["+a", "+b", "+c", "-c", "-b", "-a"]);
    expect(complaints).toMatchObject([{ part: "b" }]);
  });

  it("stopped before it ever started, never starts", async () => {
    const { log, parts } = recorded(["a"]);
    const lifecycle = createLifecycle(parts, silentLogger);
    await lifecycle.stop();
    await lifecycle.start();
    expect(log).toEqual([]);
  });
});

describe("what a process that fails says", () => {
  it("is one line for what a person can put right, and the stack for a defect", () => {
    const inUse = Object.assign(new Error("listen EADDRINUSE: address already in use 127.0.0.1:4000"), {
      code: "EADDRINUSE",
    });
    expect(failureText(inUse)).toMatch(/^CONFIG_INVALID: .*127\.0\.0\.1:4000\.$/);
    expect(failureText(new AppError("CONFIG_INVALID", { message: "PORT must be a port." }))).toBe(
      "CONFIG_INVALID: PORT must be a port.",
    );
    expect(failureText(new Error("a defect"))).toContain("lifecycle.test.ts");
  });
});

describe("rounds", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("follow each other, are not joined by another, go on after a failure, and end with the one under way", async () => {
    const { opened, open } = gate();
    let begun = 0;
    let ended = 0;
    const part = createRounds({
      name: "rounds",
      everyMs: 1_000,
      log: silentLogger,
      async round() {
        begun += 1;
        if (begun === 1) throw new Error("the first one fails");
        await opened;
        ended += 1;
      },
    });
    await part.start();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(begun).toBe(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(begun).toBe(2);
    const stopped = part.stop();
    open();
    await stopped;
    expect(ended).toBe(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(begun).toBe(2);
  });
});

describe("lines side by side", () => {
  it("start one after the other and stop at the same time, each in the reverse order", async () => {
    const held = gate();
    const { log, parts } = recorded(["a1", "a2", "b1", "b2"], { a2: { stop: () => held.opened } });
    const both = sideBySide("both", [parts.slice(0, 2), parts.slice(2)], silentLogger);
    await both.start();
    const stopped = both.stop();
    await vi.waitFor(() => expect(log).toContain("-b1"));
    expect(log).toEqual(["+a1", "+a2", "+b1", "+b2", "-a2", "-b2", "-b1"]);
    held.open();
    await stopped;
    expect(log.at(-1)).toBe("-a1");
  });

  it("leave nothing running when one does not start", async () => {
    const failure = new Error("no");
    const { log, parts } = recorded(["a", "b"], { b: { start: () => Promise.reject(failure) } });
    const both = sideBySide(
      "both",
      parts.map((part) => [part]),
      silentLogger,
    );
    await expect(both.start()).rejects.toBe(failure);
    expect(log).toEqual(["+a", "-a"]);
  });
});
