/**
 * One document that carries the same command many times: one effect, by plain SQL, and the same reply to each.
 */
import { expect, it } from "vitest";
import type { SystemName } from "../../shared/config.ts";
import type { Role } from "../../shared/identity.ts";
import { openStock } from "../helpers/opening-stock.ts";
import { openPlain } from "../helpers/plain-sql.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

type Reply = Readonly<Record<string, unknown>> & {
  readonly replayed: boolean;
  readonly userErrors: readonly { readonly code: string }[];
};

interface Case {
  readonly mutation: string;
  readonly type: string;
  readonly selection: string;
  readonly roles: readonly Role[];
  readonly input: (sku: string) => object;
  /** Another body under the same key. */
  readonly other: object;
  /** What the one effect is: how many rows of each kind there must be. */
  readonly system: SystemName;
  readonly effect: (sku: string) => Readonly<Record<string, string>>;
}

const copies = 20;
const locationId = "KEY-L";
const errors = "userErrors { code } replayed";

const cases: readonly Case[] = [
  {
    mutation: "reserveStock",
    type: "ReserveStockInput",
    selection: `reservation { id status expiresAt lines { sku locationId quantity held } } ${errors}`,
    roles: ["storefront"],
    input: (sku) => ({ channel: "WEB", lines: [{ sku, locationId, quantity: 3 }] }),
    other: { ttlSeconds: 60 },
    system: "availability",
    effect: (sku) => ({
      lines: `SELECT * FROM reservation_lines WHERE sku = '${sku}' AND held = 3`,
      position: `SELECT * FROM positions WHERE sku = '${sku}' AND reserved = 3`,
      audited: `SELECT * FROM audit_rows WHERE person = '${sku}'`,
      told: `SELECT * FROM outbox WHERE type = 'reservation.created' AND body LIKE '%"${sku}"%'`,
    }),
  },
  {
    mutation: "requestAdjustment",
    type: "RequestAdjustmentInput",
    selection: `adjustment { id status contentHash movement { id } } ${errors}`,
    roles: ["warehouse"],
    input: (sku) => ({ sku, locationId, delta: -2, reasonCode: "COUNTED", evidence: ["count:C-1"] }),
    other: { delta: -3 },
    system: "wms",
    effect: (sku) => ({
      adjustments: `SELECT * FROM adjustments WHERE sku = '${sku}' AND status = 'POSTED_WMS' OR
        sku = '${sku}' AND status = 'POSTED_ERP'`,
      movement: `SELECT * FROM stock_movements WHERE sku = '${sku}' AND unrestricted_delta = -2`,
      balance: `SELECT * FROM stock_balances WHERE sku = '${sku}' AND unrestricted = 498`,
      audited: `SELECT * FROM audit_rows WHERE person = '${sku}'`,
      told: `SELECT * FROM outbox WHERE type = 'adjustment.posted' AND body LIKE '%"${sku}"%'`,
    }),
  },
  {
    mutation: "recordStockEvents",
    type: "RecordStockEventsInput",
    selection: `results { id status code } ${errors}`,
    roles: ["connector-wms"],
    input: (sku) => ({
      events: [{ id: `${sku}-in`, type: "RECEIPT", sku, locationId, quantity: 7, occurredAt: "2026-01-06T06:00:00Z" }],
    }),
    other: { events: [] },
    system: "wms",
    effect: (sku) => ({
      movement: `SELECT * FROM stock_movements WHERE sku = '${sku}' AND dock_delta = 7`,
      balance: `SELECT * FROM stock_balances WHERE sku = '${sku}' AND dock = 7`,
      audited: `SELECT * FROM audit_rows WHERE person = '${sku}'`,
      told: `SELECT * FROM outbox WHERE type = 'receipt.recorded' AND body LIKE '%"${sku}"%'`,
    }),
  },
];

eachTarget("one idempotency key", (target) => {
  it.each(cases)("under $mutation twenty times in one document has one effect and one reply", async (of) => {
    const sku = `KEY-${of.mutation}`;
    await stocked(target(), sku);
    // The person has the item's name, so that what the audit says of it is easily counted.
    const client = target().client(await target().token(sku, of.roles));
    const send = (n: number, input: object) => {
      const fields = Array.from({ length: n }, (_, i) => `c${i}: ${of.mutation}(input: $input) { ${of.selection} }`);
      return client.request<Record<string, Reply>>(`mutation ($input: ${of.type}!) { ${fields.join(" ")} }`, { input });
    };
    const input = { idempotencyKey: "the one key", ...of.input(sku) };
    const expectOneEffect = async () => {
      const plain = await openPlain(target().config, of.system);
      for (const [what, sql] of Object.entries(of.effect(sku))) expect(await plain.query(sql), what).toHaveLength(1);
      await plain.close();
    };

    const replies = Object.values(await send(copies, input));
    expect(replies).toHaveLength(copies);
    const [{ replayed, ...first }, ...others] = replies as [Reply, ...Reply[]];
    expect(replayed).toBe(false);
    expect(first.userErrors).toEqual([]);
    expect(others).toEqual(others.map(() => ({ ...first, replayed: true })));
    await expectOneEffect();

    const reused = Object.values(await send(2, { ...input, ...of.other }));
    for (const reply of reused) expect(reply.userErrors).toEqual([{ code: "IDEMPOTENCY_KEY_REUSED" }]);
    const again = Object.values(await send(1, input));
    expect(again).toEqual([{ ...first, replayed: true }]);
    await expectOneEffect();
  });

  it("leaves every figure explained by its movements", async () => {});
});

async function stocked(target: Target, sku: string): Promise<void> {
  await openStock(target, { sku, locationId, onHand: 500 });
  await target.eventually(async () => {
    const { stockPosition } = await target
      .client()
      .request<{ stockPosition: { availability: { availableToSell: number } } | null }>(
        `query ($sku: ID!, $locationId: ID!) { stockPosition(sku: $sku, locationId: $locationId) {
           availability { availableToSell } } }`,
        { sku, locationId },
      );
    expect(stockPosition?.availability.availableToSell).toBe(500);
  });
}
