/**
 * exceptionRaised as a client sees it: what is urgent enough, at the places named, for those who may see it.
 */
import { expect, it } from "vitest";
import { openSocket } from "../helpers/subscriptions.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

const places = ["XR-1", "XR-2"] as const;
const sku = "XR-A";

async function openPlaces({ connector }: Target): Promise<void> {
  const locations = places.map((id) => ({ id, name: `Hall ${id}`, type: "WAREHOUSE", accounts: [`OF-${id}`] }));
  await connector.request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!) {
      saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } } }`,
    {
      p: { idempotencyKey: "xr-p", products: [{ sku, name: "Tap", baseUnit: "EA", unitCost: "10.00", class: "A" }] },
      l: { idempotencyKey: "xr-l", locations },
    },
  );
}

/** An order that is finished, and of which the last `missing` units never came. */
async function fallShort({ connector }: Target, id: string, locationId: string, missing: number): Promise<void> {
  const line = { line: "1", sku, locationId, ordered: 10_000, received: 10_000 - missing, receivedOn: "2026-02-01" };
  const order = { id, supplierId: "S1", status: "COMPLETE", orderedOn: "2026-01-02", lines: [line] };
  const { savePurchaseOrder } = await connector.request<{ savePurchaseOrder: { userErrors: unknown[] } }>(
    "mutation ($input: SavePurchaseOrderInput!) { savePurchaseOrder(input: $input) { userErrors { code } } }",
    { input: { idempotencyKey: `xr-${id}`, ...order } },
  );
  expect(savePurchaseOrder.userErrors).toEqual([]);
}

eachTarget("exceptionRaised", (target) => {
  const told = `subscription ($at: [ID!], $from: Int) { exceptionRaised(locationIds: $at, minimumPriority: $from) {
    type document { type id } quantity priority priorityTerms { points } dueAt responsibleRole locationId
    product { name } location { name } } }`;

  it("tells of what is urgent enough, where it was asked for, with fields of the ERP", async () => {
    await openPlaces(target());
    const url = target().url;
    const planner = openSocket(url, await target().token("paul", ["planner"]));
    const agent = openSocket(url, await target().token("ada", ["planner"], { accounts: ["OF-XR-2"] }));
    const [all, here, urgent, own] = [
      planner.subscribe(told),
      planner.subscribe(told, { at: ["XR-1"] }),
      planner.subscribe(told, { from: 25 }),
      agent.subscribe(told),
    ];
    for (const socket of [planner, agent]) await socket.ask("{ __typename }");
    await fallShort(target(), "XR-PO-1", "XR-1", 1);
    await fallShort(target(), "XR-PO-2", "XR-2", 1);
    await fallShort(target(), "XR-PO-3", "XR-2", 9_000);
    const [small] = await here.first(1);
    expect(small?.data?.["exceptionRaised"]).toMatchObject({
      ...{ type: "SHORT_RECEIPT", quantity: 1, responsibleRole: "planner", locationId: "XR-1" },
      document: { type: "PURCHASE_ORDER", id: "XR-PO-1" },
      ...{ product: { name: "Tap" }, location: { name: "Hall XR-1" } },
    });
    const [large] = await urgent.first(1);
    expect(large?.data?.["exceptionRaised"]).toMatchObject({ quantity: 9_000, locationId: "XR-2" });
    const idsOf = (results: readonly { data?: Record<string, never> | null }[]) =>
      results
        .map(({ data }) => (data?.["exceptionRaised"] as { document: { id: string } } | undefined)?.document.id)
        .sort();
    expect(idsOf((await all.first(3)) as never)).toEqual(["XR-PO-1", "XR-PO-2", "XR-PO-3"]);
    expect(idsOf((await own.first(2)) as never)).toEqual(["XR-PO-2", "XR-PO-3"]);
    expect([here, urgent].map(({ results }) => results.length)).toEqual([1, 1]);
    for (const socket of [planner, agent]) await socket.client.dispose();
  });

  it("is not for customers", async () => {
    const socket = openSocket(target().url, await target().token("sam", ["storefront"]));
    const errors = await socket.subscribe(told).ended;
    expect(errors).toMatchObject([{ extensions: { code: "FORBIDDEN" } }]);
    await socket.client.dispose();
  });
});
