/**
 * Who has been here not long ago, and who is forgotten.
 */
import { describe, expect, it } from "vitest";
import { createDoorkeeper } from "../../../../gateway/cache/doorkeeper.ts";
import { manualClock } from "../../../../shared/clock.ts";

describe("a text", () => {
  const open = (lengthMax = 1_000) => {
    const clock = manualClock();
    return { clock, door: createDoorkeeper({ clock, spanMs: 100, lengthMax }) };
  };

  it("is new the first time, and known from then on", () => {
    const { door } = open();
    expect([door.knows("a"), door.knows("a"), door.knows("b"), door.knows("a")]).toEqual([false, true, false, true]);
  });

  it("is known for one span, and forgotten after two", () => {
    const { clock, door } = open();
    door.knows("a");
    clock.advance(100);
    expect(door.knows("a")).toBe(true);
    clock.advance(200);
    expect(door.knows("a")).toBe(false);
  });

  it("is forgotten when there is no room for more", () => {
    const { door } = open(5);
    for (const text of ["aaa", "bbb", "ccc", "ddd", "eee"]) door.knows(text);
    expect(door.knows("aaa")).toBe(false);
    expect(door.knows("eee")).toBe(true);
  });
});
