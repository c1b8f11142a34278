/**
 * The life of an adjustment, told as given / when / then: what has happened, what somebody wants, what follows.
 *
 * No database and no clock: the rules alone.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tier } from "../../../../../shared/approval-tiers.ts";
import type { Role } from "../../../../../shared/identity.ts";
import {
  type AdjustmentCommand,
  type AdjustmentContent,
  type AdjustmentEvent,
  type AdjustmentState,
  type AdjustmentStatus,
  adjustmentStatuses,
  type Decision,
  decide,
  evolve,
  type RequestFacts,
  transitions,
} from "../../../../../subgraphs/wms/domain/adjustment.ts";

const nowMs = Date.UTC(2026, 0, 5, 8);

/** Rosa counted 2 fewer than the 500 on the shelf. */
const counted: AdjustmentContent = {
  adjustmentId: "ADJ-1",
  sku: "A",
  locationId: "WEST",
  bucket: "unrestricted",
  delta: -2,
  changeFromQuantity: 500,
  reasonCode: "COUNTED",
  note: null,
  evidence: ["count:C-1"],
  requestedBy: "rosa",
  countedBy: null,
};
const shelf: RequestFacts = { bucketQuantity: 500, itemClass: "B", unitCost: "2.50", earlierQuantity: 0 };

const asking = (content: Partial<AdjustmentContent> = {}, facts: Partial<RequestFacts> = {}): AdjustmentCommand => ({
  type: "request",
  content: { ...counted, ...content },
  contentHash: "hash",
  facts: { ...shelf, ...facts },
});

function deciding(type: "approve" | "reject", more: Partial<Decision> = {}): AdjustmentCommand {
  const roles: Role[] = ["supervisor"];
  const decision = { person: "sven", roles, readHash: "hash", currentHash: "hash", note: null, bucketQuantity: 500 };
  return { type, ...decision, ...more };
}

const requested: AdjustmentEvent = { type: "requested", atMs: nowMs, content: counted, contentHash: "hash" };
const autoApproved: AdjustmentEvent = { type: "autoApproved", atMs: nowMs, value: "5.00" };
const referredTo = (tier: Tier): AdjustmentEvent => ({ type: "referred", tier, reasons: ["QUANTITY"], value: "5.00" });
const approved: AdjustmentEvent = { type: "approved", atMs: nowMs, by: "sven", note: null };
const rejected: AdjustmentEvent = { type: "rejected", atMs: nowMs, by: "sven", note: "count again" };
const posted: AdjustmentEvent = { type: "posted", movementId: "MOVE-1" };
const bookFollowed: AdjustmentEvent = { type: "bookFollowed" };
const bookFailed: AdjustmentEvent = { type: "bookFailed", code: "UNKNOWN_LOCATION" };

function given(...events: AdjustmentEvent[]): AdjustmentState | null {
  return events.reduce<AdjustmentState | null>(evolve, null);
}
const pending = given(requested, referredTo("SUPERVISOR"));
const when = (state: AdjustmentState | null, command: AdjustmentCommand) => decide(state, command, nowMs);
const refusal = (code: string, details: object = {}) =>
  expect.objectContaining({ code, details: expect.objectContaining(details) });

describe("asking for an adjustment", () => {
  it("within every tolerance needs nobody", () => {
    expect(when(null, asking())).toEqual([requested, autoApproved]);
    expect(given(requested, autoApproved)).toMatchObject({
      status: "AUTO_APPROVED",
      tier: null,
      decidedBy: "system:wms",
    });
  });

  it("beyond a tolerance waits for another person", () => {
    expect(when(null, asking({ delta: -8 }))).toEqual([
      expect.objectContaining({ type: "requested" }),
      { type: "referred", tier: "SUPERVISOR", reasons: ["QUANTITY"], value: "20.00" },
    ]);
    expect(pending).toMatchObject({ status: "PENDING_APPROVAL", tier: "SUPERVISOR", decidedBy: null });
  });

  it("of nothing is refused", () => {
    expect(() => when(null, asking({ delta: 0 }))).toThrow(
      refusal("QUANTITY_NOT_POSITIVE", { field: ["input", "delta"] }),
    );
  });

  it("from another quantity than the bucket holds is refused, and says what it holds", () => {
    expect(() => when(null, asking({}, { bucketQuantity: 499 }))).toThrow(
      refusal("CHANGE_FROM_QUANTITY_STALE", { holds: 499, field: ["input", "changeFromQuantity"] }),
    );
  });

  it("from whatever the bucket holds is possible where nothing is compared", () => {
    expect(when(null, asking({ changeFromQuantity: null }, { bucketQuantity: 499 }))).toHaveLength(2);
  });

  it("for more than is there is refused; for less than nothing it may be put right", () => {
    const uncompared = { changeFromQuantity: null };
    expect(() => when(null, asking({ ...uncompared, delta: -3 }, { bucketQuantity: 2 }))).toThrow(
      refusal("INSUFFICIENT_STOCK", { available: 2 }),
    );
    expect(when(null, asking({ ...uncompared, delta: 3 }, { bucketQuantity: -3 }))).toHaveLength(2);
  });
});

describe("deciding", () => {
  it("an approval names who, and what was remarked", () => {
    expect(when(pending, deciding("approve", { note: "seen" }))).toEqual([{ ...approved, note: "seen" }]);
    expect(given(requested, referredTo("SUPERVISOR"), approved)).toMatchObject({
      status: "APPROVED",
      decidedBy: "sven",
    });
  });

  it("is for nobody who counted, either", () => {
    const content = { ...counted, countedBy: "carl" };
    const byCarl = given({ ...requested, content } as AdjustmentEvent, referredTo("SUPERVISOR"));
    for (const type of ["approve", "reject"] as const) {
      expect(() => when(byCarl, deciding(type, { person: "carl" }))).toThrow(refusal("SAME_PERSON"));
      expect(when(byCarl, deciding(type))).toHaveLength(1);
    }
  });

  it("is no longer needed when a recount withdraws what is pending; what is decided stays decided", () => {
    const withdraw = { type: "withdraw", note: "Replaced by count C-2." } as const;
    const withdrawn = { type: "rejected", atMs: nowMs, by: "system:wms", note: "Replaced by count C-2." };
    expect(when(pending, withdraw)).toEqual([withdrawn]);
    for (const decided of [given(requested, autoApproved, posted), given(requested, referredTo("MANAGER"), rejected)]) {
      expect(when(decided, withdraw)).toEqual([]);
    }
  });

  it("a rejection ends it", () => {
    expect(when(pending, deciding("reject", { note: "count again" }))).toEqual([rejected]);
    const state = given(requested, referredTo("SUPERVISOR"), rejected);
    expect(state).toMatchObject({ status: "REJECTED", decisionNote: "count again" });
    expect(() => when(state, deciding("approve"))).toThrow(refusal("ILLEGAL_TRANSITION", { status: "REJECTED" }));
  });

  it.each(["approve", "reject"] as const)("whoever asked for it does not %s it, whatever their roles", (type) => {
    for (const roles of [["supervisor"], ["manager", "controller"], ["admin"]] satisfies Role[][]) {
      expect(() => when(pending, deciding(type, { person: "rosa", roles }))).toThrow(refusal("SAME_PERSON"));
    }
  });

  it.each(["approve", "reject"] as const)(
    "to %s something else than was read, or than was asked for, is refused",
    (type) => {
      expect(() => when(pending, deciding(type, { readHash: "other" }))).toThrow(refusal("CONTENT_CHANGED"));
      expect(() => when(pending, deciding(type, { currentHash: "other" }))).toThrow(refusal("CONTENT_CHANGED"));
      expect(() => when(pending, deciding(type, { readHash: "other", currentHash: "other" }))).toThrow(
        refusal("CONTENT_CHANGED"),
      );
    },
  );

  it.each<[Tier, Role, boolean]>([
    ["SUPERVISOR", "supervisor", true],
    ["SUPERVISOR", "controller", true],
    ["MANAGER", "supervisor", false],
    ["MANAGER", "manager", true],
    ["CONTROLLER", "manager", false],
    ["CONTROLLER", "controller", true],
    ["CONTROLLER", "admin", true],
    ["SUPERVISOR", "warehouse", false],
  ])("what needs a %s, a %s may approve: %s", (tier, role, may) => {
    const state = given(requested, referredTo(tier));
    const approval = deciding("approve", { roles: [role] });
    if (may) expect(when(state, approval)).toHaveLength(1);
    else expect(() => when(state, approval)).toThrow(refusal("APPROVAL_TIER_TOO_LOW", { tier }));
  });

  it("when the bucket has changed meanwhile, only a rejection is left", () => {
    expect(() => when(pending, deciding("approve", { bucketQuantity: 498 }))).toThrow(
      refusal("CHANGE_FROM_QUANTITY_STALE", { field: ["input", "id"] }),
    );
    expect(when(pending, deciding("reject", { bucketQuantity: 498 }))).toHaveLength(1);
  });

  it("what needs nobody, and what is not there, nobody decides", () => {
    expect(() => when(given(requested, autoApproved), deciding("approve"))).toThrow(refusal("ILLEGAL_TRANSITION"));
    expect(() => when(null, deciding("approve"))).toThrow(refusal("UNKNOWN_DOCUMENT"));
    expect(() => given(approved)).toThrow(refusal("UNKNOWN_DOCUMENT"));
  });
});

describe("posting", () => {
  it("follows an approval, by a person or by the rules, and nothing else", () => {
    const post: AdjustmentCommand = { type: "post", movementId: "MOVE-1" };
    expect(when(given(requested, autoApproved), post)).toEqual([posted]);
    expect(when(given(requested, referredTo("MANAGER"), approved), post)).toEqual([posted]);
    expect(() => when(pending, post)).toThrow(refusal("ILLEGAL_TRANSITION"));
    expect(() => when(given(requested, autoApproved, posted), post)).toThrow(refusal("ILLEGAL_TRANSITION"));
  });

  it("the books follow; a failure is kept until they do, and never takes it back", () => {
    const inWarehouse = given(requested, autoApproved, posted);
    expect(when(inWarehouse, { type: "followBook" })).toEqual([bookFollowed]);
    expect(when(inWarehouse, { type: "failBook", code: "UNKNOWN_LOCATION" })).toEqual([bookFailed]);
    const failed = given(requested, autoApproved, posted, bookFailed);
    expect(failed).toMatchObject({ status: "POSTING_FAILED", failureCode: "UNKNOWN_LOCATION" });
    expect(when(failed, { type: "followBook" })).toEqual([bookFollowed]);
    const followed = given(requested, autoApproved, posted, bookFailed, bookFollowed);
    expect(followed).toMatchObject({ status: "POSTED_ERP", failureCode: null, version: 5 });
    expect(when(followed, { type: "failBook", code: "UNKNOWN_LOCATION" })).toEqual([]);
    expect(when(followed, { type: "followBook" })).toEqual([]);
  });
});

describe("the table of transitions", () => {
  it("reaches every status from a request, and leaves none but the last ones", () => {
    const reached = new Set<AdjustmentStatus>(["REQUESTED"]);
    for (const status of reached) for (const next of transitions[status]) reached.add(next);
    expect([...reached].sort()).toEqual([...adjustmentStatuses].sort());
    expect(adjustmentStatuses.filter((status) => transitions[status].length === 0)).toEqual(["REJECTED", "POSTED_ERP"]);
  });

  it("has no way to a posting that does not pass an approval", () => {
    const before = adjustmentStatuses.filter((status) => transitions[status].includes("POSTED_WMS"));
    expect(before).toEqual(["AUTO_APPROVED", "APPROVED"]);
  });

  it("whatever is tried in whatever order: the table holds, nobody decides on their own, one posting at most", () => {
    const attempt = fc.oneof(
      fc
        .record({
          type: fc.constantFrom("approve" as const, "reject" as const),
          person: fc.constantFrom("rosa", "sven", "mona"),
          roles: fc.subarray<Role>(["supervisor", "manager", "controller", "admin"]),
          readHash: fc.constantFrom("hash", "other"),
          bucketQuantity: fc.constantFrom(500, 498),
        })
        .map(({ type, ...more }) => deciding(type, more)),
      fc.constantFrom<AdjustmentCommand>(
        { type: "post", movementId: "MOVE-1" },
        { type: "followBook" },
        { type: "failBook", code: "UNKNOWN_LOCATION" },
      ),
    );
    fc.assert(
      fc.property(fc.integer({ min: -500, max: 500 }), fc.array(attempt, { maxLength: 12 }), (delta, attempts) => {
        fc.pre(delta !== 0);
        const events = when(null, asking({ delta }));
        for (const command of attempts) {
          const state = given(...events);
          try {
            events.push(...when(state, command));
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) });
          }
        }
        const states = events.map((_, i) => given(...events.slice(0, i + 1)) as AdjustmentState);
        for (const [i, state] of states.entries()) {
          if (i > 0) expect(transitions[states[i - 1]?.status ?? "REJECTED"]).toContain(state.status);
          expect(state.decidedBy).not.toBe("rosa");
          expect(state.version).toBe(i + 1);
        }
        expect(events.filter(({ type }) => type === "posted").length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
