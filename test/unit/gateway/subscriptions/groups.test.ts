/**
 * Who is asked about a change: those who named its item, and those who named none.
 */
import { describe, expect, it } from "vitest";
import type { Admission } from "../../../../gateway/subscriptions/admission.ts";
import { createChangeQueue } from "../../../../gateway/subscriptions/change-queue.ts";
import { createGroups, type Member } from "../../../../gateway/subscriptions/groups.ts";
import type { LoggedEvent } from "../../../../shared/graphql/execute.ts";
import { anonymous } from "../../../../shared/identity.ts";
import { canonicalEvent } from "../../../helpers/events.ts";

function change(sku: string | null): LoggedEvent {
  const more = { sku, locationId: "L", data: {} };
  return { cursor: "c", event: canonicalEvent("availability", "availability.changed", `${sku}|L`, 1, more as never) };
}

/** Groups whose members say how often they were asked, and who was given what. */
function hall() {
  const groups = createGroups();
  const asked: string[] = [];
  const given: string[] = [];

  function member(shareKey: string, skus: readonly string[] | null): Member {
    const admission: Admission = {
      request: { query: shareKey },
      shareKey,
      field: "stockChanged",
      question: { query: "{ __typename }" },
      after: null,
      skus,
      matches({ sku }) {
        asked.push(shareKey);
        return skus === null || skus.includes(sku ?? "");
      },
      previousAt: [],
    };
    const noop = () => {};
    const parts = { clock: { now: () => 0 }, withPrevious: <T>(newest: T) => newest, onEnd: noop, onTooSlow: noop };
    return { admission, identity: anonymous, queue: createChangeQueue(parts), held: null };
  }

  function give(sku: string | null) {
    asked.length = 0;
    given.length = 0;
    groups.give(change(sku), async ({ query }) => {
      given.push(query);
      return { data: null };
    });
    return { asked: [...asked].sort(), given: [...given].sort() };
  }

  return { groups, member, give };
}

describe("groups of subscribers", () => {
  it("a change asks nobody who waits for other items, however many they are", () => {
    const { groups, member, give } = hall();
    for (let i = 0; i < 5_000; i++) groups.join(member(`doc-${i}`, [`SKU-${i}`]));
    expect(give("SKU-7")).toEqual({ asked: ["doc-7"], given: ["doc-7"] });
    expect(give("NOBODY")).toEqual({ asked: [], given: [] });
  });

  it("a change concerns who names its item among others, and who names none", () => {
    const { groups, member, give } = hall();
    groups.join(member("some", ["A", "B", "A"]));
    groups.join(member("all", null));
    expect(give("B").given).toEqual(["all", "some"]);
    expect(give("C").given).toEqual(["all"]);
    expect(give(null).given).toEqual(["all"]);
  });

  it("those who share are one execution, until the last of them has left", () => {
    const { groups, member, give } = hall();
    const [one, two] = [member("doc", ["A", "B"]), member("doc", ["A", "B"])];
    groups.join(one);
    groups.join(two);
    expect(give("A").given).toEqual(["doc"]);
    groups.leave(one);
    expect(give("B").given).toEqual(["doc"]);
    groups.leave(two);
    expect(give("A")).toEqual({ asked: [], given: [] });
    groups.leave(two);
    groups.join(one);
    expect(give("A").given).toEqual(["doc"]);
  });
});
