/**
 * A correction of stock through the public API: what one person asks for, another approves, and every figure follows.
 */
import { expect, it } from "vitest";
import type { Role } from "../../shared/identity.ts";
import { openStock } from "../helpers/opening-stock.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Adjustment {
  readonly id: string;
  readonly status: string;
  readonly contentHash: string;
  readonly tier: string | null;
  readonly requestedBy: string;
  readonly decidedBy: string | null;
}

interface Reply {
  readonly adjustment: Adjustment | null;
  readonly userErrors: readonly { readonly code: string }[];
}

const reply = "{ adjustment { id status contentHash tier requestedBy decidedBy } userErrors { code } }";

async function send(
  target: Target,
  operation: "requestAdjustment" | "approveAdjustment",
  input: Readonly<Record<string, unknown>>,
  person: string,
  roles: readonly Role[],
): Promise<Reply> {
  const type = operation === "requestAdjustment" ? "RequestAdjustmentInput" : "DecideAdjustmentInput";
  const data = await target
    .client(await target.token(person, roles))
    .request<Record<string, Reply>>(`mutation ($input: ${type}!) { ${operation}(input: $input) ${reply} }`, { input });
  return data[operation] as Reply;
}

function figures(target: Target, sku: string, locationId: string): Promise<unknown> {
  return target.connector.request(
    `query ($sku: ID!, $locationId: ID!) { stockPosition(sku: $sku, locationId: $locationId) {
      physical { unrestricted } book { onHand } availability(channel: "WEB") { availableToSell } } }`,
    { sku, locationId },
  );
}

const all = (quantity: number) => ({
  stockPosition: {
    physical: { unrestricted: quantity },
    book: { onHand: quantity },
    availability: { availableToSell: quantity },
  },
});

async function statusOf(target: Target, id: string): Promise<string | undefined> {
  const { adjustment } = await target
    .client(await target.token("audrey", ["auditor"]))
    .request<{ adjustment: Adjustment | null }>("query ($id: ID!) { adjustment(id: $id) { status } }", { id });
  return adjustment?.status;
}

eachTarget("an adjustment", (target) => {
  it("above tolerance waits for another person; then shelves, books and what can be sold all follow", async () => {
    await openStock(target(), { sku: "AD-1", locationId: "AD-L1", onHand: 500 });
    await target().eventually(async () => expect(await figures(target(), "AD-1", "AD-L1")).toEqual(all(500)));

    const content = { sku: "AD-1", locationId: "AD-L1", delta: -40, changeFromQuantity: 500 };
    const why = { reasonCode: "LOST", evidence: ["count:C-7", "search:S-7"] };
    const request = { idempotencyKey: "ad-request", ...content, ...why };
    const { adjustment } = await send(target(), "requestAdjustment", request, "rosa", ["warehouse"]);
    expect(adjustment).toMatchObject({ status: "PENDING_APPROVAL", tier: "SUPERVISOR", requestedBy: "rosa" });
    const { id, contentHash } = adjustment as Adjustment;

    const own = { idempotencyKey: "ad-own", id, contentHash };
    const refused = { adjustment: null, userErrors: [{ code: "SAME_PERSON" }] };
    expect(await send(target(), "approveAdjustment", own, "rosa", ["supervisor", "controller"])).toEqual(refused);
    await target().eventually(async () => expect(await figures(target(), "AD-1", "AD-L1")).toEqual(all(500)));

    const decision = { idempotencyKey: "ad-approve", id, contentHash };
    expect(await send(target(), "approveAdjustment", decision, "sven", ["supervisor"])).toMatchObject({
      adjustment: { status: "POSTED_WMS", decidedBy: "sven" },
      userErrors: [],
    });
    await target().eventually(async () => {
      expect(await figures(target(), "AD-1", "AD-L1")).toEqual(all(460));
      expect(await statusOf(target(), id)).toBe("POSTED_ERP");
    });
  });

  it("within tolerance needs nobody, and is posted to the books as well", async () => {
    await openStock(target(), { sku: "AD-2", locationId: "AD-L2", onHand: 500 });
    const content = { sku: "AD-2", locationId: "AD-L2", delta: 2, reasonCode: "FOUND", evidence: ["count:C-8"] };
    await target().eventually(async () => expect(await figures(target(), "AD-2", "AD-L2")).toEqual(all(500)));
    const request = { idempotencyKey: "ad-auto", ...content };
    const reply = await send(target(), "requestAdjustment", request, "rosa", ["warehouse"]);
    expect(reply).toMatchObject({ adjustment: { status: "POSTED_WMS", tier: null, decidedBy: "system:wms" } });
    await target().eventually(async () => {
      expect(await figures(target(), "AD-2", "AD-L2")).toEqual(all(502));
      expect(await statusOf(target(), reply.adjustment?.id ?? "")).toBe("POSTED_ERP");
    });
  });
});
