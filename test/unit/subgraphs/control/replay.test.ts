/**
 * Replays by themselves: which facts are tried out together, and who may decide about what.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "../../../../shared/errors.ts";
import type { AnyEvent } from "../../../../shared/events/canonical-event.ts";
import { decide, partsOf, type Replay, rehearsed } from "../../../../subgraphs/control/domain/replay.ts";

const asked: Replay = {
  ...{ id: "R-1", status: "REHEARSING", dryRun: false, journalIds: [1, 2], parts: 1, contentHash: "h", reason: null },
  ...{ requestedBy: "petra", decidedBy: null, decisionNote: null, createdAtMs: 0, updatedAtMs: 0, version: 1 },
};

describe("parts", () => {
  const events = fc
    .array(fc.nat(9), { maxLength: 60 })
    .map((positions) => positions.map((position, i) => ({ id: `e${i}`, partitionKey: `S${position}|L` }) as AnyEvent));

  it("hold every event once, all of a position in one part and in the order given", () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 20 }), (all, sizeMax) => {
        const parts = partsOf(all, sizeMax);
        expect(
          parts
            .flat()
            .map(({ id }) => id)
            .sort(),
        ).toEqual(all.map(({ id }) => id).sort());
        for (const key of new Set(all.map(({ partitionKey }) => partitionKey))) {
          const own = (list: readonly AnyEvent[]) => list.filter(({ partitionKey }) => partitionKey === key);
          const holding = parts.filter((part) => own(part).length > 0);
          expect(holding.map(own)).toEqual([own(all)]);
        }
        for (const part of parts) {
          if (part.length > sizeMax) expect(new Set(part.map(({ partitionKey }) => partitionKey)).size).toBe(1);
        }
      }),
    );
  });
});

describe("a replay that was tried out", () => {
  it("ends there when it was only to be tried out", () => {
    expect(rehearsed({ ...asked, dryRun: true }, 5)).toMatchObject({ status: "REHEARSED", version: 2 });
  });

  it("of one event is carried out, of several waits for another person", () => {
    expect(rehearsed({ ...asked, journalIds: [1] }, 5).status).toBe("REPLAYED");
    expect(rehearsed(asked, 5).status).toBe("PENDING_APPROVAL");
  });

  it("is not tried out twice", () => {
    const done = { ...asked, status: "REJECTED" } as const;
    expect(rehearsed(done, 5)).toBe(done);
  });
});

describe("a decision", () => {
  const waiting = rehearsed(asked, 5);
  const code = (change: object, replay: Replay = waiting) => {
    try {
      return decide(replay, { approved: true, contentHash: "h", person: "mona", note: null, ...change }, 6).status;
    } catch (error) {
      return error instanceof AppError ? error.code : error;
    }
  };

  it("is for another person, about exactly these events, and for what waits for it", () => {
    expect(code({})).toBe("REPLAYED");
    expect(code({ approved: false })).toBe("REJECTED");
    expect(code({ person: "petra" })).toBe("SAME_PERSON");
    expect(code({ contentHash: "other" })).toBe("CONTENT_CHANGED");
    expect(code({}, asked)).toBe("ILLEGAL_TRANSITION");
  });
});
