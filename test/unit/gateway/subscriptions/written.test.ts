/**
 * The texts of a subscription: one for all sockets but for the operation's id, and none once nobody reads.
 */
import { describe, expect, it } from "vitest";
import { createChangeQueue } from "../../../../gateway/subscriptions/change-queue.ts";
import { createWritten } from "../../../../gateway/subscriptions/written.ts";
import { gate } from "../../../helpers/gate.ts";

function openQueue() {
  const noop = () => {};
  return createChangeQueue({ clock: { now: () => 0 }, withPrevious: (n) => n, onEnd: noop, onTooSlow: noop });
}

describe("what is written to sockets", () => {
  it("is made into text once for all who share a result, and is what the protocol says", async () => {
    let made = 0;
    const value = {
      toJSON() {
        made += 1;
        return 4;
      },
    };
    const result = Promise.resolve({ data: { stockChanged: { value } } });
    const texts: string[] = [];
    for (const id of ["a", 'b"c']) {
      const queue = openQueue();
      const isWritten = gate();
      const written = createWritten(queue, id, async (text) => {
        texts.push(text);
        isWritten.open();
      });
      const end = written.next();
      queue.push({ position: "P", result });
      await isWritten.opened;
      await written.return();
      expect(await end).toEqual({ done: true, value: undefined });
    }
    expect(texts.map((text) => JSON.parse(text))).toEqual(
      ["a", 'b"c'].map((id) => ({ id, type: "next", payload: { data: { stockChanged: { value: 4 } } } })),
    );
    expect(made).toBe(1);
  });

  it("keeps the order, and takes the next only when the one before has left", async () => {
    const queue = openQueue();
    const texts: string[] = [];
    const gates = [gate(), gate()];
    const begun = [gate(), gate()];
    const written = createWritten(queue, "a", async (text) => {
      texts.push(text);
      begun[texts.length - 1]?.open();
      await gates[texts.length - 1]?.opened;
    });
    const end = written.next();
    for (const n of [1, 2]) queue.push({ position: `P${n}`, result: Promise.resolve({ data: { n } }) });
    await begun[0]?.opened;
    expect(texts).toHaveLength(1);
    gates[0]?.open();
    await begun[1]?.opened;
    gates[1]?.open();
    queue.fail(new Error("lost"));
    await expect(end).rejects.toThrow("lost");
    expect(texts.map((text) => JSON.parse(text).payload.data.n)).toEqual([1, 2]);
  });

  it("nothing follows when the client completes while a result is being made", async () => {
    const queue = openQueue();
    const isMade = gate();
    const texts: string[] = [];
    const written = createWritten(queue, "a", async (text) => void texts.push(text));
    const end = written.next();
    queue.push({ position: "P", result: isMade.opened.then(() => ({ data: {} })) });
    await written.return();
    isMade.open();
    expect(await end).toEqual({ done: true, value: undefined });
    expect(texts).toEqual([]);
  });
});
