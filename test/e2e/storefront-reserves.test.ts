/**
 * A storefront's day through the public API: look, reserve, be refused, pay, and have the order shipped, without a unit
 * being sold twice or kept for nobody.
 */
import { expect, it } from "vitest";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Reply {
  readonly reservation: { readonly id: string; readonly status: string; readonly lines: readonly object[] } | null;
  readonly shortages?: readonly object[];
  readonly userErrors: readonly { readonly code: string; readonly message: string; readonly field: string[] | null }[];
  readonly replayed: boolean;
}

const place = { sku: "SF-1", locationId: "SF-L" };
const reservation = "reservation { id status orderId lines { sku locationId quantity held } }";
const reserveStock = `mutation ($input: ReserveStockInput!) { reserveStock(input: $input) {
  ${reservation} shortages { sku locationId requested available } userErrors { code message field } replayed } }`;
const confirmReservation = `mutation ($input: ConfirmReservationInput!) { confirmReservation(input: $input) {
  ${reservation} userErrors { code message field } replayed } }`;

const refusedWith = (code: string) => ({ errors: [{ extensions: { code } }] });

async function openShop(target: Target, onHand: number) {
  await target.connector.request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!, $b: SaveBookBalancesInput!, $e: RecordStockEventsInput!) {
      saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } }
      saveBookBalances(input: $b) { userErrors { code } } recordStockEvents(input: $e) { results { status } } }`,
    {
      p: { idempotencyKey: "sf-p", products: [{ sku: place.sku, name: "Lamp", baseUnit: "EA" }] },
      l: { idempotencyKey: "sf-l", locations: [{ id: place.locationId, name: "Shop store", type: "WAREHOUSE" }] },
      b: { idempotencyKey: "sf-b", balances: [{ ...place, onHand }] },
      e: {
        idempotencyKey: "sf-e",
        events: [
          {
            ...place,
            id: "sf-opening",
            type: "SNAPSHOT",
            quantity: onHand,
            buckets: { unrestricted: onHand },
            occurredAt: "2026-01-05T06:00:00Z",
          },
        ],
      },
    },
  );
}

eachTarget("a storefront", (target) => {
  async function left(): Promise<{ availableToSell: number; terms: Record<string, number> }> {
    type Answer = { availableToSell: number; terms: { name: string; quantity: number }[] };
    const { stockPosition } = await target()
      .client()
      .request<{ stockPosition: { availability: Answer } }>(
        `query ($sku: ID!, $locationId: ID!) { stockPosition(sku: $sku, locationId: $locationId) {
           availability { availableToSell terms { name quantity } } } }`,
        place,
      );
    const { availableToSell, terms } = stockPosition.availability;
    return { availableToSell, terms: Object.fromEntries(terms.map(({ name, quantity }) => [name, quantity])) };
  }

  async function fact(id: string, type: string, quantity: number): Promise<void> {
    const documentRef = { type: "ORDER", id: "SF-O", line: "1" };
    const event = { ...place, id, type, quantity, documentRef, occurredAt: "2026-01-05T09:00:00Z" };
    const { recordStockEvents } = await target().connector.request<{ recordStockEvents: { results: unknown[] } }>(
      "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status } } }",
      { input: { idempotencyKey: id, events: [event] } },
    );
    expect(recordStockEvents.results).toEqual([{ status: "ACCEPTED" }]);
  }

  it("reserves what is left, confirms it to its order, and the order's units are counted once until they are shipped", async () => {
    await openShop(target(), 10);
    await target().eventually(async () => expect(await left()).toMatchObject({ availableToSell: 10 }));
    const shop = target().client(await target().token("web-shop", ["storefront"], { channels: ["WEB"] }));
    const ask = (idempotencyKey: string, quantity: number) =>
      shop.request<{ reserveStock: Reply }>(reserveStock, {
        input: { idempotencyKey, lines: [{ ...place, quantity }], reference: "basket-7" },
      });

    const { reserveStock: first } = await ask("sf-1", 6);
    expect(first).toMatchObject({ reservation: { status: "ACTIVE" }, userErrors: [], shortages: [] });
    // At once, and for whoever asks: the answer comes from the row that was changed.
    expect(await left()).toMatchObject({ availableToSell: 4, terms: { reserved: -6 } });
    expect((await ask("sf-1", 6)).reserveStock).toEqual({ ...first, replayed: true });
    expect((await ask("sf-1", 5)).reserveStock.userErrors).toMatchObject([{ code: "IDEMPOTENCY_KEY_REUSED" }]);
    expect((await ask("sf-2", 5)).reserveStock).toMatchObject({
      reservation: null,
      shortages: [{ ...place, requested: 5, available: 4 }],
      userErrors: [{ code: "INSUFFICIENT_STOCK", field: ["input", "lines", "0"] }],
    });

    const id = first.reservation?.id ?? "";
    const { confirmReservation: confirmed } = await shop.request<{ confirmReservation: Reply }>(confirmReservation, {
      input: { idempotencyKey: "sf-c", id, orderId: "SF-O" },
    });
    expect(confirmed).toMatchObject({ reservation: { status: "CONFIRMED", orderId: "SF-O" }, userErrors: [] });
    await shop.request(
      "mutation ($input: AllocateOrderInput!) { allocateOrder(input: $input) { userErrors { code } } }",
      { input: { idempotencyKey: "sf-o", orderId: "SF-O", lines: [{ ...place, line: "1", quantity: 6 }] } },
    );
    await target().eventually(async () => {
      const now = await left();
      expect(now).toMatchObject({ availableToSell: 4, terms: { committed: -6 } });
      expect(now.terms).not.toHaveProperty("reserved");
    });
    await fact("sf-pick", "PICK", 6);
    await fact("sf-ship", "SHIPMENT", 6);
    await target().eventually(async () => {
      expect(await left()).toMatchObject({ availableToSell: 4, terms: { onHand: 4, committed: 0 } });
    });

    const mine = await shop.request<{ reservation: object }>(
      `query ($id: ID!) { reservation(id: $id) { status lines { held } } }`,
      { id },
    );
    expect(mine).toEqual({ reservation: { status: "CONFIRMED", lines: [{ held: 0 }] } });
    const other = target().client(await target().token("another-shop", ["storefront"]));
    expect(await other.request(`query ($id: ID!) { reservation(id: $id) { status } }`, { id })).toEqual({
      reservation: null,
    });
  });

  it("does not sell what somebody else is about to buy: of 20 at once for the last 4, exactly 4 win", async () => {
    const shop = target().client(await target().token("web-shop", ["storefront"]));
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        shop.request<{ reserveStock: Reply }>(reserveStock, {
          input: { idempotencyKey: `sf-last-${i}`, lines: [{ ...place, quantity: 1 }] },
        }),
      ),
    );
    expect(replies.filter((reply) => reply.reserveStock.reservation !== null)).toHaveLength(4);
    expect(await left()).toMatchObject({ availableToSell: 0 });
  });

  it("cannot reserve without a token, nor for a channel that its token does not cover", async () => {
    const input = { idempotencyKey: "sf-x", channel: "B2B", lines: [{ ...place, quantity: 1 }] };
    await expect(target().client().request(reserveStock, { input })).rejects.toMatchObject(
      refusedWith("UNAUTHENTICATED"),
    );
    const shop = target().client(await target().token("web-shop", ["storefront"], { channels: ["WEB"] }));
    await expect(shop.request(reserveStock, { input })).rejects.toMatchObject(refusedWith("FORBIDDEN"));
  });
});
