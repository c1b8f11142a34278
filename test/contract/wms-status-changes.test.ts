/**
 * Changes of status that a person orders, through the GraphQL schema; on every database this machine has.
 */
import { beforeAll, expect, it } from "vitest";
import { eachDatabase } from "../helpers/databases.ts";
import { openWarehouse, product, stockEvent, unexplainedPositions, type Warehouse } from "./wms-fixture.ts";

eachDatabase("a change of status", (makeKernel) => {
  let warehouse: Warehouse;
  let skus = 0;

  beforeAll(async () => {
    warehouse = await openWarehouse(makeKernel);
  });

  async function newSku(): Promise<string> {
    const sku = `SKU-${++skus}`;
    await warehouse.deliver(product(sku));
    return sku;
  }

  const changeStockStatus = `
    mutation ($input: ChangeStockStatusInput!) {
      changeStockStatus(input: $input) {
        movement { id type quantity fromBucket toBucket reasonCode person deltas { bucket quantity } }
        position { sku locationId physical { unrestricted hold } }
        userErrors { code message field }
        replayed
      }
    }`;
  let keys = 0;

  async function change(more: Record<string, unknown>, roles = ["warehouse"] as const) {
    const input = {
      idempotencyKey: `change-${++keys}`,
      locationId: "WEST",
      quantity: 1,
      from: "UNRESTRICTED",
      to: "HOLD",
      reasonCode: "RECALL",
      ...more,
    };
    const { data, errors } = await warehouse.ask(changeStockStatus, { input }, { roles });
    expect(errors).toBeUndefined();
    return data["changeStockStatus"];
  }

  it("moves the stock and answers with the movement; a copy gets the same answer", async () => {
    const sku = await newSku();
    await warehouse.record([stockEvent({ sku, quantity: 20, toBucket: "UNRESTRICTED" })]);
    const reply = await change({ idempotencyKey: "hold-1", sku, unit: "CASE" });
    expect(reply).toEqual({
      movement: {
        id: expect.any(String),
        type: "STATUS_CHANGE",
        quantity: 12,
        fromBucket: "UNRESTRICTED",
        toBucket: "HOLD",
        reasonCode: "RECALL",
        person: "wanda",
        deltas: [
          { bucket: "UNRESTRICTED", quantity: -12 },
          { bucket: "HOLD", quantity: 12 },
        ],
      },
      position: { sku, locationId: "WEST", physical: { unrestricted: 8, hold: 12 } },
      userErrors: [],
      replayed: false,
    });
    expect(await change({ idempotencyKey: "hold-1", sku, unit: "CASE" })).toEqual({
      ...(reply as object),
      replayed: true,
    });
  });

  it("is refused when the stock is not there, and says how much is", async () => {
    const sku = await newSku();
    await warehouse.record([stockEvent({ sku, quantity: 5, toBucket: "UNRESTRICTED" })]);
    expect(await change({ sku, quantity: 6 })).toMatchObject({
      movement: null,
      position: null,
      userErrors: [{ code: "INSUFFICIENT_STOCK", message: "UNRESTRICTED holds 5.", field: ["input", "quantity"] }],
    });
    expect(await warehouse.physical(sku)).toMatchObject({ unrestricted: 5, hold: 0, version: 1 });
  });

  it("is refused for what nobody knows, and for one bucket twice", async () => {
    const sku = await newSku();
    const codes = async (more: object) => (await change({ sku, ...more })) as { userErrors: { code: string }[] };
    expect(await codes({ sku: "nobody's" })).toMatchObject({ userErrors: [{ code: "UNKNOWN_SKU" }] });
    expect(await codes({ locationId: "NOWHERE" })).toMatchObject({ userErrors: [{ code: "UNKNOWN_LOCATION" }] });
    expect(await codes({ to: "UNRESTRICTED" })).toMatchObject({ userErrors: [{ code: "BUCKET_INVALID" }] });
    expect(await codes({ quantity: 0 })).toMatchObject({ userErrors: [{ code: "QUANTITY_NOT_POSITIVE" }] });
  });

  it("at the end every balance is the sum of its movements", async () => {
    expect(await unexplainedPositions(warehouse.db)).toEqual([]);
  });
});
