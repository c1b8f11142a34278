/**
 * What has not arrived yet, through the public API: a purchase order, a supplier who was late, a kit, two locations.
 */
import { expect, it } from "vitest";
import { eachTarget, type Target } from "../helpers/target.ts";
import { openTown } from "../helpers/transfers.ts";

const dayMs = 86_400_000;
const day = (n: number) => new Date(Date.now() + n * dayMs).toISOString().slice(0, 10);

async function accepted(target: Target, mutation: string, input: object, idempotencyKey: string): Promise<void> {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!`;
  const reply = await target.connector.request<Record<string, { userErrors: unknown[] }>>(
    `mutation ($input: ${type}) { ${mutation}(input: $input) { userErrors { code message field } } }`,
    { input: { idempotencyKey, ...input } },
  );
  expect(reply[mutation]?.userErrors).toEqual([]);
}

async function stock(target: Target, sku: string, ...places: readonly (readonly [string, number])[]): Promise<void> {
  const events = places.map(([locationId, units]) => ({
    id: `opening-${sku}-${locationId}`,
    type: "SNAPSHOT",
    sku,
    locationId,
    quantity: units,
    buckets: { unrestricted: units },
    occurredAt: `${day(-30)}T06:00:00Z`,
  }));
  const balances = places.map(([locationId, onHand]) => ({ sku, locationId, onHand }));
  await accepted(target, "saveBookBalances", { balances }, `books-${sku}`);
  await accepted(target, "recordStockEvents", { events }, `stock-${sku}`);
}

async function master(target: Target, products: readonly object[], locationIds: readonly string[]): Promise<void> {
  const key = JSON.stringify(products).slice(0, 60);
  const locations = locationIds.map((id) => ({ id, name: `Place ${id}`, type: "WAREHOUSE" }));
  await accepted(target, "saveLocations", { locations }, `places ${key}`);
  await accepted(target, "saveProducts", { products }, `items ${key}`);
}

const product = (sku: string, more: object = {}) => ({ sku, name: sku, baseUnit: "EA", ...more });

async function promisedAt(target: Target, sku: string, at: string, ...on: readonly string[]) {
  const fields = on.map((date, i) => `d${i}: availableToPromise(on: "${date}")`).join(" ");
  const { availability } = await target
    .client()
    .request<{ availability: Record<string, number>[] }>(
      `query ($skus: [ID!]!, $at: [ID!]) { availability(skus: $skus, locationIds: $at) { availableToSell ${fields} } }`,
      { skus: [sku], at: [at] },
    );
  return [availability[0]?.["availableToSell"], ...on.map((_, i) => availability[0]?.[`d${i}`])];
}

const order = (id: string, supplierId: string, promisedOn: string, line: object) => ({
  id,
  supplierId,
  status: "APPROVED",
  orderedOn: day(-40),
  expectedOn: promisedOn,
  lines: [line],
});

eachTarget("a promise", (target) => {
  it("a purchase order in two weeks raises what can be promised for that day, and not what can be sold", async () => {
    await master(target(), [product("PR-1")], ["PR-L"]);
    await stock(target(), "PR-1", ["PR-L", 20]);
    const expected = order("PR-PO1", "PR-ACME", day(14), { sku: "PR-1", locationId: "PR-L", ordered: 100 });
    await accepted(target(), "savePurchaseOrder", expected, "pr-po1");
    await target().eventually(async () => {
      expect(await promisedAt(target(), "PR-1", "PR-L", day(0), day(13), day(14))).toEqual([20, 20, 20, 120]);
    });
    await accepted(target(), "savePurchaseOrder", { ...expected, status: "CANCELLED" }, "pr-po1-off");
    await target().eventually(async () => {
      expect(await promisedAt(target(), "PR-1", "PR-L", day(14))).toEqual([20, 20]);
    });
  });

  it("a supplier whose last delivery was 5 days late is believed 5 days later; units on the dock are not promised twice", async () => {
    await master(target(), [product("PR-2")], ["PR-L2"]);
    await stock(target(), "PR-2", ["PR-L2", 0]);
    const place = { sku: "PR-2", locationId: "PR-L2" };
    await accepted(
      target(),
      "savePurchaseOrder",
      order("PR-PO2", "PR-SLOW", day(-10), { ...place, ordered: 30 }),
      "pr-po2",
    );
    await accepted(
      target(),
      "savePurchaseOrder",
      order("PR-PO3", "PR-SLOW", day(10), { ...place, ordered: 40 }),
      "pr-po3",
    );
    await target().eventually(async () => {
      // The first is overdue and counts from tomorrow on.
      expect(await promisedAt(target(), "PR-2", "PR-L2", day(1), day(10))).toEqual([0, 30, 70]);
    });
    const receipt = {
      ...place,
      id: "pr-receipt",
      type: "RECEIPT",
      quantity: 30,
      occurredAt: `${day(-5)}T09:00:00Z`,
      documentRef: { type: "PURCHASE_ORDER", id: "PR-PO2" },
    };
    await accepted(target(), "recordStockEvents", { events: [receipt] }, "pr-receipt");
    await target().eventually(async () => {
      expect(await promisedAt(target(), "PR-2", "PR-L2", day(14), day(15))).toEqual([0, 0, 40]);
    });
  });

  it("goods in transit are promised at their destination, for the day they are needed, and nowhere else", async () => {
    const town = await openTown(target, "PR-TR", 30);
    const at = (place: string) => promisedAt(target(), town.sku, place, day(4), day(6));
    const goods = [{ sku: town.sku, quantity: 12 }];
    const wish = { originId: town.from, destinationId: town.to, lines: goods, needBy: day(5) };
    const id = (await town.as("paula", "requestTransfer", wish)).transferOrder?.id;
    await town.as("petra", "approveTransfer", { id });
    await target().eventually(async () => {
      expect(await at(town.from)).toEqual([18, 18, 18]);
      expect(await at(town.to)).toEqual([0, 0, 0]);
    });
    await target().eventually(async () => {
      expect(await town.as("sam", "shipTransfer", { transferId: id, lines: goods })).toMatchObject({ userErrors: [] });
    });
    await target().eventually(async () => {
      expect(await at(town.from)).toEqual([18, 18, 18]);
      expect(await at(town.to)).toEqual([0, 0, 12]);
    });
    // On the dock they are not on the shelf yet, and not expected any more.
    await town.as("rosa", "receiveTransfer", { transferId: id, lines: goods });
    await target().eventually(async () => expect(await at(town.to)).toEqual([0, 0, 0]));
    await town.record({ type: "PUTAWAY", locationId: town.to, quantity: 12 });
    await target().eventually(async () => expect(await at(town.to)).toEqual([12, 12, 12]));
  });

  it("a kit is promised from its components, and an assembly is not", async () => {
    const components = [
      { sku: "PR-A", quantity: 1 },
      { sku: "PR-B", quantity: 4 },
    ];
    await master(
      target(),
      [
        product("PR-A"),
        product("PR-B"),
        product("PR-KIT", { components }),
        product("PR-ASM", { components, kit: false }),
      ],
      ["PR-L3", "PR-L4"],
    );
    await stock(target(), "PR-A", ["PR-L3", 10], ["PR-L4", 10]);
    await stock(target(), "PR-B", ["PR-L3", 23], ["PR-L4", 100]);
    await stock(target(), "PR-ASM", ["PR-L3", 2]);
    const question = `{ product(sku: "PR-KIT") { kit availability { locationId availableToSell limitingComponent net terms { quantity } }
      networkAvailability { availableToSell } } assembly: product(sku: "PR-ASM") { kit networkAvailability { availableToSell } } }`;
    await target().eventually(async () => {
      const { product: kit, assembly } = await target().connector.request<{
        product: { availability: { net: number; terms: { quantity: number }[] }[] };
        assembly: unknown;
      }>(question);
      expect(kit).toMatchObject({
        kit: true,
        availability: [
          { locationId: "PR-L3", availableToSell: 5, limitingComponent: "PR-B" },
          { locationId: "PR-L4", availableToSell: 10, limitingComponent: "PR-A" },
        ],
        networkAvailability: { availableToSell: 15 },
      });
      for (const { net, terms } of kit.availability) {
        expect(terms.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(net);
      }
      expect(assembly).toEqual({ kit: false, networkAvailability: { availableToSell: 2 } });
    });
  });

  it("a quantity comes from two locations, now and when the rest arrives", async () => {
    await master(target(), [product("PR-5")], ["PR-L5", "PR-L6"]);
    await stock(target(), "PR-5", ["PR-L5", 30], ["PR-L6", 50]);
    const line = { sku: "PR-5", locationId: "PR-L5", ordered: 60 };
    await accepted(target(), "savePurchaseOrder", order("PR-PO5", "PR-ACME", day(7), line), "pr-po5");
    const promise = async (input: object) => {
      const found = await target()
        .client()
        .request<{ promise: unknown }>(
          `query ($input: PromiseInput!) { promise(input: $input) { confirmedQuantity fullDate lines { location { id } quantity date basis } } }`,
          { input: { sku: "PR-5", ...input } },
        );
      return found.promise;
    };
    const from = (id: string, quantity: number, date: string, basis: string) => ({
      location: { id },
      quantity,
      date,
      basis,
    });
    await target().eventually(async () => {
      expect(await promise({ quantity: 120 })).toEqual({
        confirmedQuantity: 120,
        fullDate: day(7),
        lines: [
          from("PR-L5", 30, day(0), "ON_HAND"),
          from("PR-L5", 60, day(7), "INBOUND"),
          from("PR-L6", 30, day(0), "ON_HAND"),
        ],
      });
    });
    expect(await promise({ quantity: 120, needBy: day(6) })).toMatchObject({ confirmedQuantity: 80, fullDate: day(7) });
    expect(await promise({ quantity: 70 })).toMatchObject({
      fullDate: day(0),
      lines: [from("PR-L6", 50, day(0), "ON_HAND"), from("PR-L5", 20, day(0), "ON_HAND")],
    });
  });
});
