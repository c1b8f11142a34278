/**
 * Taking turns: so many at once, the others in their order, and a line that has an end.
 */
import { describe, expect, it } from "vitest";
import { limits } from "../../../../shared/limits.ts";
import { createTurns } from "../../../../subgraphs/availability/turns.ts";

function job() {
  let finish = () => {};
  let started = false;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const work = () => {
    started = true;
    return done;
  };
  return { work, finish: () => finish(), started: () => started };
}

/** Everything that is ready to go on has gone on. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("turns", () => {
  it("are given to so many at once, then in the order they came, also after one that failed", async () => {
    const turns = createTurns();
    const jobs = Array.from({ length: limits.reservationsAtOnceMax + 2 }, job);
    const all = jobs.map(({ work }) => turns.take(work));
    await settled();
    const started = () => jobs.filter((j) => j.started()).length;
    expect(started()).toBe(limits.reservationsAtOnceMax);
    jobs[0]?.finish();
    await settled();
    expect([started(), jobs.at(-2)?.started(), jobs.at(-1)?.started()]).toEqual([jobs.length - 1, true, false]);
    for (const { finish } of jobs) finish();
    await Promise.all(all);
    expect(started()).toBe(jobs.length);
    const failing = Array.from({ length: 20 }, () => turns.take(() => Promise.reject(new Error("no"))));
    expect((await Promise.allSettled(failing)).every(({ status }) => status === "rejected")).toBe(true);
    await expect(turns.take(async () => "next")).resolves.toBe("next");
  });

  it("are refused when the line is too long, and given again when it has moved on", async () => {
    const turns = createTurns();
    const first = job();
    const most = limits.reservationsAtOnceMax + limits.reservationsInLineMax;
    const line = Array.from({ length: most }, () => turns.take(first.work));
    await expect(turns.take(async () => {})).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    first.finish();
    await Promise.all(line);
    await expect(turns.take(async () => "again")).resolves.toBe("again");
  });
});
