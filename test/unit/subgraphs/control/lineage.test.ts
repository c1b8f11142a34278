/**
 * Causal order: causes first, whatever order the events came in, and none is lost even where causes go round in a ring.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { causalOrder } from "../../../../subgraphs/control/domain/lineage.ts";

interface Told {
  readonly id: string;
  readonly causationId: string | null;
  readonly recordedAt: string;
}

const story = fc
  .array(fc.record({ cause: fc.option(fc.nat(20), { nil: null }), second: fc.nat(5) }), { maxLength: 20 })
  .map((rows) =>
    rows.map(({ cause, second }, i): Told => {
      return {
        id: `e${i}`,
        causationId: cause === null ? null : `e${cause}`,
        recordedAt: `2026-01-01T00:00:0${second}Z`,
      };
    }),
  );

/** Only causes that come earlier in the array: no ring. */
const tree = story.map((events) =>
  events.map((event, i) => {
    const cause = Number(event.causationId?.slice(1) ?? i);
    return cause < i ? event : { ...event, causationId: null };
  }),
);

it("puts a cause before what follows from it", () => {
  fc.assert(
    fc.property(tree, (events) => {
      const ids = causalOrder(events).map(({ id }) => id);
      for (const { id, causationId } of events) {
        if (causationId !== null) expect(ids.indexOf(causationId)).toBeLessThan(ids.indexOf(id));
      }
    }),
  );
});

it("keeps every event once, in an order that does not depend on how they came", () => {
  fc.assert(
    fc.property(story, fc.infiniteStream(fc.nat()), (events, random) => {
      const keyed = events.map((event) => [random.next().value as number, event] as const);
      const shuffled = keyed.sort(([a], [b]) => a - b).map(([, event]) => event);
      const ordered = causalOrder(events);
      expect(causalOrder(shuffled)).toEqual(ordered);
      expect(ordered.map(({ id }) => id).sort()).toEqual(events.map(({ id }) => id).sort());
    }),
  );
});
