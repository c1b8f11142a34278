/**
 * Story 4 through the public API: a count within tolerance corrects warehouse, books and what can be sold, and is
 * audited; one above it waits for a person who is neither the caller nor the counter.
 */
import { expect, it } from "vitest";
import type { Role } from "../../shared/identity.ts";
import { openStock } from "../helpers/opening-stock.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Line {
  readonly outcome: string;
  readonly expectedQuantity: number;
  readonly adjustment: { readonly id: string; readonly status: string; readonly contentHash: string } | null;
}

interface Count {
  readonly id: string;
  readonly lines: readonly Line[];
}

const fields = "id lines { outcome expectedQuantity adjustment { id status contentHash } }";

async function as<T>(
  target: Target,
  [person, roles]: readonly [string, readonly Role[]],
  query: string,
  variables: Record<string, unknown>,
): Promise<T> {
  return target.client(await target.token(person, roles)).request<T>(query, variables);
}

async function count(target: Target, input: Record<string, unknown>): Promise<Count> {
  const query = `mutation ($input: RecordCountInput!) { recordCount(input: $input) {
    stockCount { ${fields} } userErrors { code } replayed } }`;
  const reply = await as<{ recordCount: { stockCount: Count } }>(target, ["rosa", ["warehouse"]], query, { input });
  expect(reply.recordCount).toMatchObject({ userErrors: [], replayed: false });
  return reply.recordCount.stockCount;
}

async function recorded(target: Target, id: string): Promise<Count | null> {
  const query = `query ($id: ID!) { stockCount(id: $id) { ${fields} } }`;
  return (await as<{ stockCount: Count | null }>(target, ["audrey", ["auditor"]], query, { id })).stockCount;
}

/** Warehouse, books and what can be sold say the same. */
async function expectEverywhere(target: Target, sku: string, locationId: string, quantity: number): Promise<void> {
  const { stockPosition } = await target.connector.request<{ stockPosition: unknown }>(
    `query ($sku: ID!, $locationId: ID!) { stockPosition(sku: $sku, locationId: $locationId) {
      physical { unrestricted } book { onHand } availability(channel: "WEB") { availableToSell } } }`,
    { sku, locationId },
  );
  expect(stockPosition).toEqual({
    physical: { unrestricted: quantity },
    book: { onHand: quantity },
    availability: { availableToSell: quantity },
  });
}

eachTarget("a count", (target) => {
  it("within tolerance corrects warehouse and books in one flow, and keeps the evidence", async () => {
    await openStock(target(), { sku: "SC-1", locationId: "SC-L1", onHand: 500 });
    await target().eventually(() => expectEverywhere(target(), "SC-1", "SC-L1", 500));
    const lines = [{ sku: "SC-1", countedQuantity: 497 }];
    const counted = await count(target(), { idempotencyKey: "sc-near", locationId: "SC-L1", lines });
    expect(counted.lines).toMatchObject([
      { outcome: "ADJUSTED", expectedQuantity: 500, adjustment: { status: "POSTED_WMS" } },
    ]);
    await target().eventually(async () => {
      await expectEverywhere(target(), "SC-1", "SC-L1", 497);
      expect((await recorded(target(), counted.id))?.lines[0]?.adjustment?.status).toBe("POSTED_ERP");
    });
  });

  it("above tolerance moves nothing until somebody who neither entered nor counted it approves", async () => {
    await openStock(target(), { sku: "SC-2", locationId: "SC-L2", onHand: 500 });
    await target().eventually(() => expectEverywhere(target(), "SC-2", "SC-L2", 500));
    const lines = [{ sku: "SC-2", countedQuantity: 460 }];
    const counted = await count(target(), {
      idempotencyKey: "sc-far",
      locationId: "SC-L2",
      lines,
      countedBy: "carl",
    });
    expect(counted.lines[0]?.outcome).toBe("PENDING_APPROVAL");
    const { id = "", contentHash = "" } = counted.lines[0]?.adjustment ?? {};
    const approval = `mutation ($input: DecideAdjustmentInput!) {
      approveAdjustment(input: $input) { adjustment { status decidedBy } userErrors { code } } }`;
    const approve = (person: string) =>
      as(target(), [person, ["supervisor"]], approval, {
        input: { idempotencyKey: `sc-approve-${person}`, id, contentHash },
      });
    for (const person of ["rosa", "carl"]) {
      expect(await approve(person)).toEqual({
        approveAdjustment: { adjustment: null, userErrors: [{ code: "SAME_PERSON" }] },
      });
    }
    await target().eventually(() => expectEverywhere(target(), "SC-2", "SC-L2", 500));
    expect(await approve("sven")).toMatchObject({
      approveAdjustment: { adjustment: { status: "POSTED_WMS", decidedBy: "sven" } },
    });
    await target().eventually(async () => {
      await expectEverywhere(target(), "SC-2", "SC-L2", 460);
      expect(await recorded(target(), counted.id)).toMatchObject({
        lines: [{ outcome: "ADJUSTED", adjustment: { status: "POSTED_ERP" } }],
      });
    });
  });
});
