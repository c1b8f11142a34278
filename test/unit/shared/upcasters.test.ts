/**
 * Events of older versions are read as if they had been written today; what is of a newer one is refused, not guessed at.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";
import { dataVersionOf, isKnownVersion, readable, type Upcasters, upToDate } from "../../../shared/events/upcasters.ts";
import { readableEntries } from "../../../shared/messaging/log-follower.ts";
import { fact } from "../../helpers/bus.ts";

/** Two changes of what a receipt says: deltas got a name of their own, then a list. */
const table: Upcasters = {
  "receipt.recorded": [
    ({ deltas }: { deltas: object }) => ({ changes: deltas }),
    ({ changes }: { changes: object }) => ({ changes: Object.entries(changes) }),
  ],
};
const now = { changes: [["dock", 1]] };
const ofVersion = (dataVersion: number | undefined, data: unknown) =>
  ({ ...fact("A", 1), data, ...(dataVersion === undefined ? {} : { dataVersion }) }) as AnyEvent;

describe("an event", () => {
  it.each([
    [undefined, { deltas: { dock: 1 } }],
    [1, { deltas: { dock: 1 } }],
    [2, { changes: { dock: 1 } }],
    [3, now],
  ])("of version %s is read as one of today, under the same id", (version, data) => {
    const event = ofVersion(version, data);
    expect(upToDate(event, table)).toEqual({ ...event, data: now, dataVersion: 3 });
    expect(readable(event, table)).toEqual(upToDate(event, table));
  });

  it("of today is not even copied, and an old one is not changed", () => {
    const today = ofVersion(3, now);
    expect(upToDate(today, table)).toBe(today);
    const unversioned = fact("A", 1);
    expect(upToDate(unversioned)).toBe(unversioned);
    const old = Object.freeze(ofVersion(1, Object.freeze({ deltas: Object.freeze({ dock: 1 }) })));
    upToDate(old, table);
    expect(old).toMatchObject({ dataVersion: 1, data: { deltas: { dock: 1 } } });
  });

  it("read twice is as if read once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), (version) => {
        const data = [{ deltas: { dock: 1 } }, { changes: { dock: 1 } }, now][version - 1];
        const once = upToDate(ofVersion(version, data), table);
        expect(upToDate(once, table)).toBe(once);
      }),
    );
  });

  it.each([4, 0, -1, 1.5])("of version %s, which nobody here knows, is refused", (version) => {
    const event = ofVersion(version, now);
    expect(isKnownVersion(event, table)).toBe(false);
    expect(readable(event, table)).toBe(event);
    expect(() => upToDate(event, table)).toThrow(expect.objectContaining({ code: "EVENT_VERSION_UNKNOWN" }));
  });

  it("in the log of changes that nobody here can read is a gap, and said to be one", () => {
    const entry = { partition: 0, id: "1-1", event: fact("A", 1) };
    expect(readableEntries([entry])).toEqual([entry]);
    const newer = { ...entry, event: ofVersion(dataVersionOf("receipt.recorded") + 1, now) };
    expect(() => readableEntries([entry, newer])).toThrow(expect.objectContaining({ code: "RESYNC_REQUIRED" }));
  });
});
