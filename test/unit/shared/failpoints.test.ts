/**
 * Failpoints: one is armed, acts at the passage it names and at no other, and where none is armed nothing happens.
 */
import { afterEach, describe, expect, it } from "vitest";
import { armFailpoint, failpoint, parseFailpoint } from "../../../shared/failpoints.ts";

afterEach(() => armFailpoint(null));

describe("what FAILPOINT may say", () => {
  it("is a place, an action, and which passage: the first unless it says", () => {
    expect(parseFailpoint("after_xadd:kill")).toEqual({ name: "after_xadd", action: "kill", nth: 1 });
    expect(parseFailpoint("before_commit:hang:12")).toEqual({ name: "before_commit", action: "hang", nth: 12 });
  });

  it.each(["", "after_xadd", "nowhere:kill", "after_xadd:explode", "after_xadd:kill:0", "after_xadd:kill:x", ":kill"])(
    "is not %j",
    (text) => expect(parseFailpoint(text)).toBeNull(),
  );
});

describe("a place", () => {
  it("is passed at once where none is armed", () => {
    expect(failpoint("before_commit")).toBeUndefined();
  });

  it("fails at the passage named and at no other, and so do no other places", async () => {
    armFailpoint({ name: "before_xack", action: "error", nth: 2 });
    expect(failpoint("before_xadd")).toBeUndefined();
    expect(failpoint("before_xack")).toBeUndefined();
    await expect(failpoint("before_xack")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(failpoint("before_xack")).toBeUndefined();
  });

  it("that hangs is never left", async () => {
    armFailpoint({ name: "before_effect", action: "hang", nth: 1 });
    const passed = failpoint("before_effect")?.then(() => "passed");
    const turns = new Promise((resolve) =>
      setImmediate(() => setImmediate(() => setImmediate(() => resolve("still there")))),
    );
    expect(await Promise.race([passed, turns])).toBe("still there");
  });
});
