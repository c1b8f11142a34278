/**
 * The two figures of a position: whatever order the facts come in, the variance ends the same, and postings that have
 * all been acknowledged explain nothing any more.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { AnyEvent, EventType } from "../../../../shared/events/canonical-event.ts";
import { applyToRecon, emptyReconPosition, varianceOf } from "../../../../subgraphs/control/domain/recon-position.ts";
import { canonicalEvent } from "../../../helpers/events.ts";

const kinds = ["shipment.confirmed", "receipt.recorded", "adjustment.posted"] as const;
const moves = fc.array(fc.record({ kind: fc.constantFrom(...kinds), quantity: fc.integer({ min: 1, max: 50 }) }), {
  maxLength: 12,
});

/** Each movement, and the acknowledgement of those that are posted. */
function story(all: readonly { kind: (typeof kinds)[number]; quantity: number }[], posted: number) {
  const place = { sku: "A", locationId: "L" };
  const facts: AnyEvent[] = [];
  for (const [i, { kind, quantity }] of all.entries()) {
    const signed = kind === "shipment.confirmed" ? -quantity : quantity;
    const data = { deltas: { unrestricted: signed } };
    const fact = canonicalEvent("wms", kind as EventType, "A|L", i + 1, { ...place, quantity, data } as never);
    facts.push(fact);
    if (i >= posted) continue;
    const offset = { "shipment.confirmed": "none", "receipt.recorded": "received", "adjustment.posted": "adjusted" }[
      kind
    ];
    const answer = { postedEventId: fact.id, bookDelta: signed, committedDelta: 0, offset };
    const offsetDelta = offset === "none" ? 0 : -signed;
    facts.push(
      canonicalEvent("erp", "erp.posting.acknowledged", "A|L", i + 1, {
        ...place,
        data: { ...answer, offsetDelta },
      } as never),
    );
  }
  return facts;
}

it("is 0 whatever the books have not followed yet, in any order", () => {
  fc.assert(
    fc.property(moves, fc.nat(12), fc.infiniteStream(fc.nat()), (all, posted, random) => {
      const facts = story(all, posted);
      const shuffled = facts
        .map((fact) => [random.next().value as number, fact] as const)
        .sort(([a], [b]) => a - b)
        .map(([, fact]) => fact);
      const apply = (events: readonly AnyEvent[]) =>
        events.reduce((state, event) => applyToRecon(state, event, 0), emptyReconPosition("A", "L"));
      const [told, mixed] = [apply(facts), apply(shuffled)];
      expect(varianceOf(told)).toBe(0);
      for (const figure of ["onHand", "book", "unposted"] as const) expect(mixed[figure]).toEqual(told[figure]);
      if (posted >= all.length) {
        expect(told.unposted).toEqual({ shipped: 0, received: 0, adjusted: 0 });
        expect(told.book).toBe(told.onHand);
      }
    }),
  );
});
