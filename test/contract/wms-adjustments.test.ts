/**
 * Adjustments through the warehouse's GraphQL schema: how stock is corrected, posted, and followed by the books.
 *
 * At the end every balance is the sum of its movements. Who may decide is `wms-adjustment-duties.test.ts`.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { Role } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import {
  type Adjustment,
  type AdjustmentDesk,
  mona,
  type Operation,
  openAdjustmentDesk,
  refused,
  sven,
} from "./wms-adjustment-fixture.ts";
import { type Caller, unexplainedPositions } from "./wms-fixture.ts";

eachDatabase("adjustments", (makeKernel) => {
  let desk: AdjustmentDesk;

  beforeAll(async () => {
    desk = await openAdjustmentDesk(makeKernel);
  });

  it("within every tolerance is posted at once: paper, movement, audit and events in one", async () => {
    await desk.stocked("AUTO", 500);
    const { adjustment } = await desk.request("AUTO", -3, { changeFromQuantity: 500, note: "two broken" });
    expect(adjustment).toMatchObject({
      status: "POSTED_WMS",
      bucket: "UNRESTRICTED",
      delta: -3,
      changeFromQuantity: 500,
      value: "7.50",
      tier: null,
      reasons: [],
      requestedBy: "rosa",
      decidedBy: "system:wms",
      movement: { person: "system:wms" },
    });
    expect(await desk.shelf("AUTO")).toBe(497);
    const documentRef = { type: "ADJUSTMENT", id: adjustment?.id };
    expect((await desk.warehouse.events("AUTO")).slice(1)).toMatchObject([
      { type: "adjustment.requested", sourceSeq: 1, partitionKey: `adjustment:${adjustment?.id}`, documentRef },
      { type: "adjustment.approved", sourceSeq: 2, partitionKey: `adjustment:${adjustment?.id}`, documentRef },
      {
        type: "adjustment.posted",
        sourceSeq: 2,
        partitionKey: "AUTO|WEST",
        quantity: -3,
        documentRef,
        data: { deltas: { unrestricted: -3 } },
      },
    ]);
    const audits = await desk.warehouse.db.query(
      "SELECT action, outcome, person FROM audit_rows WHERE subject IN (?, 'position:AUTO|WEST') ORDER BY id",
      [`adjustment:${adjustment?.id}`],
    );
    expect(audits.slice(1)).toEqual([
      { action: "adjustment.posted", outcome: "done", person: "system:wms" },
      { action: "requestAdjustment", outcome: "done", person: "rosa" },
    ]);
  });

  it("above a tolerance moves nothing until another person approves it, once", async () => {
    await desk.stocked("PEND", 500);
    const asked = await desk.pending("PEND", -40, { bucket: "UNRESTRICTED" });
    expect(asked).toMatchObject({
      tier: "SUPERVISOR",
      reasons: ["QUANTITY", "PERCENT"],
      value: "100.00",
      decidedBy: null,
    });
    expect(await desk.shelf("PEND")).toBe(500);
    expect(await desk.told("PEND")).toEqual(["inventory.snapshot", "adjustment.requested"]);

    const input = { idempotencyKey: "approve-once", note: "seen" };
    const { adjustment } = await desk.approve(asked, sven, input);
    expect(adjustment).toMatchObject({ status: "POSTED_WMS", decidedBy: "sven", decisionNote: "seen" });
    expect(await desk.approve(asked, sven, input)).toMatchObject({
      replayed: true,
      adjustment: { status: "POSTED_WMS" },
    });
    expect(await desk.approve(asked, mona)).toEqual(refused("ILLEGAL_TRANSITION"));
    expect(await desk.shelf("PEND")).toBe(460);
    expect((await desk.told("PEND")).slice(1)).toEqual([
      "adjustment.requested",
      "adjustment.approved",
      "adjustment.posted",
    ]);
  });

  it("approved by two people at the same moment is posted once", async () => {
    await desk.stocked("RACE", 500);
    const asked = await desk.pending("RACE", -40);
    const replies = await Promise.all([sven, mona].map((caller) => desk.approve(asked, caller)));
    expect(replies.map(({ adjustment, userErrors }) => adjustment?.status ?? userErrors[0]?.code).sort()).toEqual([
      "ILLEGAL_TRANSITION",
      "POSTED_WMS",
    ]);
    expect(await desk.shelf("RACE")).toBe(460);
  });

  it("asked for ten times with one key is one adjustment", async () => {
    await desk.stocked("KEY", 500);
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => desk.request("KEY", -1, { idempotencyKey: "ask-once" })),
    );
    expect(new Set(replies.map(({ adjustment }) => adjustment?.id)).size).toBe(1);
    expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await desk.shelf("KEY")).toBe(499);
    const other = await desk.request("KEY", -2, { idempotencyKey: "ask-once" });
    expect(other).toEqual(refused("IDEMPOTENCY_KEY_REUSED"));
  });

  it("that is rejected moves nothing, ever", async () => {
    await desk.stocked("REJ", 500);
    const asked = await desk.pending("REJ", -40);
    expect(await desk.reject(asked, sven, { note: "look again" })).toMatchObject({
      adjustment: { status: "REJECTED", decidedBy: "sven", movement: null },
    });
    expect(await desk.approve(asked, mona)).toEqual(refused("ILLEGAL_TRANSITION"));
    expect(await desk.shelf("REJ")).toBe(500);
    expect((await desk.told("REJ")).at(-1)).toBe("adjustment.rejected");
  });

  it("without a cost needs a controller", async () => {
    await desk.stocked("FREE", 500, null);
    const asked = await desk.pending("FREE", -1);
    expect(asked).toMatchObject({ tier: "CONTROLLER", reasons: ["UNKNOWN_COST"], value: null });
    expect(await desk.approve(asked, mona)).toEqual(refused("APPROVAL_TIER_TOO_LOW"));
    expect(await desk.auditedOutcomes("mona", "approveAdjustment")).toContain("APPROVAL_TIER_TOO_LOW");
    expect(await desk.approve(asked, { person: "cora", roles: ["controller"] })).toMatchObject({
      adjustment: { status: "POSTED_WMS" },
    });
  });

  describe("compare and swap", () => {
    it("refuses a request that starts from another quantity than the bucket holds", async () => {
      await desk.stocked("CAS", 100);
      const reply = await desk.request("CAS", -1, { changeFromQuantity: 99 }, { person: "cas", roles: ["planner"] });
      expect(reply).toEqual(refused("CHANGE_FROM_QUANTITY_STALE"));
      expect(reply.userErrors[0]?.field).toEqual(["input", "changeFromQuantity"]);
      expect(await desk.auditedOutcomes("cas", "requestAdjustment")).toEqual(["CHANGE_FROM_QUANTITY_STALE"]);
      expect(await desk.shelf("CAS")).toBe(100);
    });

    it("refuses an approval when the bucket has changed since; of two for one difference, one is posted", async () => {
      await desk.stocked("TWICE", 100);
      const one = await desk.pending("TWICE", -10, { changeFromQuantity: 100 });
      const two = await desk.pending("TWICE", -10, { changeFromQuantity: 100 });
      expect(await desk.approve(one, sven)).toMatchObject({ adjustment: { status: "POSTED_WMS" } });
      expect(await desk.approve(two, sven)).toEqual(refused("CHANGE_FROM_QUANTITY_STALE"));
      expect(await desk.shelf("TWICE")).toBe(90);
      expect((await desk.find(two.id))?.status).toBe("PENDING_APPROVAL");
    });

    it("refuses to take away more than is there", async () => {
      await desk.stocked("FEW", 4);
      expect(await desk.request("FEW", -5)).toEqual(refused("INSUFFICIENT_STOCK"));
    });
  });

  describe("the books", () => {
    const answer = (movementId: string, seq: number, code?: string): AnyEvent => {
      const position = { sku: "BOOK", locationId: "WEST" };
      const none = { bookDelta: -1, committedDelta: 0, offset: "adjusted", offsetDelta: 1 } as const;
      return code === undefined
        ? canonicalEvent("erp", "erp.posting.acknowledged", "BOOK|WEST", seq, {
            ...position,
            data: { postedEventId: movementId, ...none },
          })
        : canonicalEvent("erp", "erp.posting.failed", "BOOK|WEST", seq, {
            ...position,
            data: { postedEventId: movementId, code },
          });
    };

    it("follow: POSTED_ERP, however often and late the answers come; a failure is seen until it is put right", async () => {
      await desk.stocked("BOOK", 1000);
      const { adjustment } = await desk.request("BOOK", -1);
      const { id } = adjustment as Adjustment;
      const movementId = adjustment?.movement?.id ?? "";
      await desk.warehouse.deliver(answer("another", 1), answer(movementId, 2, "UNKNOWN_LOCATION"));
      expect(await desk.find(id)).toMatchObject({ status: "POSTING_FAILED", failureCode: "UNKNOWN_LOCATION" });
      await desk.warehouse.deliver(
        answer(movementId, 3),
        answer(movementId, 4, "UNKNOWN_LOCATION"),
        answer(movementId, 5),
      );
      expect(await desk.find(id)).toMatchObject({ status: "POSTED_ERP", failureCode: null });
      const audits = await desk.warehouse.db.query(
        "SELECT action, person FROM audit_rows WHERE subject = ? AND person = 'system:wms' ORDER BY id",
        [`adjustment:${id}`],
      );
      expect(audits).toEqual([
        { action: "erp.posting.failed", person: "system:wms" },
        { action: "erp.posting.acknowledged", person: "system:wms" },
      ]);
    });
  });

  describe("refuses", () => {
    it.each<[string, Record<string, unknown>, string]>([
      ["nothing", { delta: 0 }, "QUANTITY_NOT_POSITIVE"],
      ["an item nobody knows", { sku: "NO-SUCH" }, "UNKNOWN_SKU"],
      ["a place nobody knows", { locationId: "NOWHERE" }, "UNKNOWN_LOCATION"],
      ["a reason nobody knows", { reasonCode: "WHIM" }, "INVALID_INPUT"],
      ["a reason that every object has", { reasonCode: "constructor" }, "INVALID_INPUT"],
      ["too much evidence", { evidence: Array(limits.evidenceMax + 1).fill("count:C") }, "TOO_MANY_ITEMS"],
      ["evidence too long", { evidence: ["x".repeat(limits.evidenceLengthMax + 1)] }, "INVALID_INPUT"],
    ])("%s", async (_, more, code) => {
      const reply = await desk.request("A", 1, more);
      expect(reply.adjustment?.status ?? reply.userErrors[0]?.code).toBe(code);
    });

    it("an approval that would take the stock out of range, and keeps it pending", async () => {
      await desk.stocked("FULL", 10);
      const asked = await desk.pending("FULL", limits.quantityMax);
      const cora: Caller = { person: "cora", roles: ["controller"] };
      expect(await desk.approve(asked, cora)).toEqual(refused("QUANTITY_OUT_OF_RANGE"));
      expect((await desk.find(asked.id))?.status).toBe("PENDING_APPROVAL");
      expect((await desk.told("FULL")).at(-1)).toBe("adjustment.requested");
    });

    it("a decision on what does not exist", async () => {
      expect(await desk.send("approveAdjustment", { id: "none", contentHash: "x" }, sven)).toEqual(
        refused("UNKNOWN_DOCUMENT"),
      );
    });

    it.each<[Operation, Role]>([
      ["requestAdjustment", "connector-wms"],
      ["approveAdjustment", "warehouse"],
      ["rejectAdjustment", "planner"],
    ])("%s by a %s", async (operation, role) => {
      const input =
        operation === "requestAdjustment"
          ? { sku: "A", locationId: "WEST", delta: 1, reasonCode: "FOUND" }
          : { id: "x", contentHash: "x" };
      const type = operation === "requestAdjustment" ? "RequestAdjustmentInput" : "DecideAdjustmentInput";
      const { errors } = await desk.warehouse.ask(
        `mutation ($input: ${type}!) { ${operation}(input: $input) { userErrors { code } } }`,
        { input: { idempotencyKey: `forbidden-${operation}`, ...input } },
        { person: "nora", roles: [role] },
      );
      expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
    });
  });

  it("are listed newest first, by status, page by page", async () => {
    const list = `query ($after: String) { adjustments(status: REJECTED, first: 1, after: $after) {
      nodes { status } pageInfo { hasNextPage endCursor } } }`;
    interface Page {
      adjustments: { nodes: { status: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
    }
    await desk.stocked("LIST", 500);
    await desk.reject(await desk.pending("LIST", -40), sven);
    const first = (await desk.warehouse.ask<Page>(list)).data.adjustments;
    expect(first).toMatchObject({ nodes: [{ status: "REJECTED" }], pageInfo: { hasNextPage: true } });
    const second = (await desk.warehouse.ask<Page>(list, { after: first.pageInfo.endCursor })).data.adjustments;
    expect(second).toMatchObject({ nodes: [{ status: "REJECTED" }], pageInfo: { hasNextPage: false } });
  });

  it("at the end every balance is the sum of its movements", async () => {
    expect(await unexplainedPositions(desk.warehouse.db)).toEqual([]);
  });
});
