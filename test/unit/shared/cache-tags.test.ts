/**
 * Which answers an event makes old.
 */
import { describe, expect, it } from "vitest";
import { placesTag, policyTag, positionTag, productTag, tagsOf } from "../../../shared/cache/cache-tags.ts";
import type { AnyEvent } from "../../../shared/events/canonical-event.ts";
import { fact } from "../../helpers/bus.ts";

const event = (type: string, data: object, partitionKey = "A|L") =>
  ({ ...fact("A", 1), type, partitionKey, data }) as unknown as AnyEvent;

describe("an event", () => {
  it("about a position makes its answers old, and the first one also where the item is", () => {
    expect(tagsOf(event("availability.changed", { version: 8, before: { version: 7 } }))).toEqual([positionTag("A|L")]);
    expect(tagsOf(event("availability.changed", { version: 1, before: { version: 0 } }))).toEqual([
      positionTag("A|L"),
      placesTag("A"),
    ]);
  });

  it("about a rule makes old what rests on it", () => {
    expect(tagsOf(event("rule.changed", { kind: "product", id: "A", version: 2 }))).toEqual([productTag("A")]);
    expect(tagsOf(event("rule.changed", { kind: "location", id: "L", version: 2 }))).toEqual(["location:L"]);
    expect(tagsOf(event("rule.changed", { kind: "policy", id: "policy", version: 2 }))).toEqual([policyTag]);
  });

  it("about an exception makes nothing old", () => {
    expect(tagsOf(event("exception.raised", { exceptionId: "x" }))).toEqual([]);
  });

  it("that is not known makes everything old", () => {
    expect(tagsOf(fact("A", 1))).toBeNull();
  });
});
