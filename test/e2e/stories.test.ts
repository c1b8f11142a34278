/**
 * Stories a distributor would tell: a shipment the ERP has not heard of, and a return that must not be sold too early.
 */
import { expect, it } from "vitest";
import { openStock } from "../helpers/opening-stock.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Answer {
  readonly availableToSell: number;
  readonly terms: readonly { readonly name: string; readonly quantity: number }[];
}

async function record(target: Target, event: Readonly<Record<string, unknown>>): Promise<void> {
  const { recordStockEvents } = await target.connector.request<{ recordStockEvents: { results: unknown[] } }>(
    "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status code } userErrors { code } } }",
    { input: { idempotencyKey: `key-${event["id"]}`, events: [{ occurredAt: "2026-01-05T08:00:00Z", ...event }] } },
  );
  expect(recordStockEvents.results).toEqual([{ status: "ACCEPTED", code: null }]);
}

async function ats(target: Target, sku: string, locationId: string): Promise<{ web: Answer; b2b: Answer }> {
  const answer = "{ availableToSell terms { name quantity } }";
  const { stockPosition } = await target.connector.request<{ stockPosition: { web: Answer; b2b: Answer } }>(
    `query ($sku: ID!, $locationId: ID!) { stockPosition(sku: $sku, locationId: $locationId) {
      web: availability(channel: "WEB") ${answer} b2b: availability(channel: "B2B") ${answer} } }`,
    { sku, locationId },
  );
  return stockPosition;
}

/** Runs the work while the ERP hears nothing, then lets it catch up. */
async function whileErpIsSilent(target: Target, work: () => Promise<void>): Promise<void> {
  await target.processes?.kill("erp");
  await work();
  await target.processes?.restart("erp");
}

eachTarget(
  "a distributor's story",
  (target) => {
    it("1: 40 of 50 are shipped while the ERP is silent: every channel's ATS falls, the protection stays, the posting changes nothing", async () => {
      const place = { sku: "ST-1", locationId: "ST-L1" };
      await openStock(target(), { ...place, onHand: 50 });
      const planner = target().client(await target().token("planner", ["planner"]));
      const { setChannelPolicy } = await planner.request<{ setChannelPolicy: { policy: { policyVersion: number } } }>(
        `mutation { setChannelPolicy(input: { idempotencyKey: "st-p", channel: "B2B", protections: [{ sku: "ST-1", quantity: 5 }] }) { policy { policyVersion } } }`,
      );
      await target()
        .client(await target().token("manager", ["manager"]))
        .request(
          `mutation ($v: Int!) { approveChannelPolicy(input: { idempotencyKey: "st-a", policyVersion: $v }) { userErrors { code } } }`,
          { v: setChannelPolicy.policy.policyVersion },
        );
      await target().eventually(async () => {
        expect(await ats(target(), "ST-1", "ST-L1")).toMatchObject({
          web: { availableToSell: 45 },
          b2b: { availableToSell: 50 },
        });
      });

      const fallen = { web: { availableToSell: 5 }, b2b: { availableToSell: 10 } };
      await whileErpIsSilent(target(), async () => {
        await record(target(), { ...place, id: "st-ship", type: "SHIPMENT", quantity: 40, fromBucket: "UNRESTRICTED" });
        await target().eventually(async () => {
          expect(await ats(target(), "ST-1", "ST-L1")).toMatchObject(fallen);
        });
      });
      await target().eventually(async () => {
        const { stockPosition } = await target().connector.request<{ stockPosition: unknown }>(
          `{ stockPosition(sku: "ST-1", locationId: "ST-L1") { book { onHand } } }`,
        );
        expect(stockPosition).toEqual({ book: { onHand: 10 } });
        expect(await ats(target(), "ST-1", "ST-L1")).toMatchObject(fallen);
      });
    });

    it("1, for an order: what is shipped is not subtracted a second time as committed, before or after the ERP posts it", async () => {
      const place = { sku: "ST-2", locationId: "ST-L2" };
      await openStock(target(), { ...place, onHand: 50 });
      await target().connector.request(
        `mutation ($input: AllocateOrderInput!) { allocateOrder(input: $input) { userErrors { code } } }`,
        { input: { idempotencyKey: "st-o", orderId: "ST-O", lines: [{ ...place, line: "1", quantity: 40 }] } },
      );
      const free = { web: { availableToSell: 10 } };
      await target().eventually(async () => expect(await ats(target(), "ST-2", "ST-L2")).toMatchObject(free));
      const documentRef = { type: "ORDER", id: "ST-O", line: "1" };
      await record(target(), { ...place, id: "st-o-pick", type: "PICK", quantity: 40, documentRef });
      await whileErpIsSilent(target(), async () => {
        await record(target(), { ...place, id: "st-o-ship", type: "SHIPMENT", quantity: 40, documentRef });
        await target().eventually(async () => {
          const { web } = await ats(target(), "ST-2", "ST-L2");
          expect(web.terms).toContainEqual({ name: "onHand", quantity: 10 });
          expect(web.availableToSell).toBe(10);
        });
      });
      await target().eventually(async () => {
        const { web } = await ats(target(), "ST-2", "ST-L2");
        expect(web).toMatchObject({
          availableToSell: 10,
          terms: [
            { name: "onHand", quantity: 10 },
            { name: "committed", quantity: 0 },
            { name: "safetyStock", quantity: 0 },
          ],
        });
      });
    });

    it("2: a return raises quarantine and not ATS, until the warehouse has put it away", async () => {
      const place = { sku: "ST-3", locationId: "ST-L3" };
      await openStock(target(), { ...place, onHand: 20 });
      await target().eventually(async () => {
        expect(await ats(target(), "ST-3", "ST-L3")).toMatchObject({ web: { availableToSell: 20 } });
      });
      await target().connector.request(
        `mutation ($a: AuthorizeReturnInput!, $r: ReceiveReturnInput!) {
        authorizeReturn(input: $a) { userErrors { code } } receiveReturn(input: $r) { return { status } userErrors { code } } }`,
        {
          a: {
            idempotencyKey: "st-ra",
            id: "ST-R",
            orderId: "ST-O3",
            locationId: "ST-L3",
            lines: [{ sku: "ST-3", quantity: 6, reasonCode: "UNWANTED" }],
          },
          r: { idempotencyKey: "st-rr", returnId: "ST-R", lines: [{ sku: "ST-3", quantity: 6 }] },
        },
      );
      const stock = `{ stockPosition(sku: "ST-3", locationId: "ST-L3") { physical { onHand quarantine unrestricted } returns { quarantined } } }`;
      await target().eventually(async () => {
        expect(await target().connector.request(stock)).toEqual({
          stockPosition: { physical: { onHand: 26, quarantine: 6, unrestricted: 20 }, returns: { quarantined: 6 } },
        });
        expect(await ats(target(), "ST-3", "ST-L3")).toMatchObject({ web: { availableToSell: 20 } });
      });
      const documentRef = { type: "RETURN", id: "ST-R" };
      await record(target(), {
        ...place,
        id: "st-away",
        type: "PUTAWAY",
        quantity: 6,
        fromBucket: "QUARANTINE",
        documentRef,
      });
      await target().eventually(async () => {
        expect(await target().connector.request(stock)).toEqual({
          stockPosition: { physical: { onHand: 26, quarantine: 0, unrestricted: 26 }, returns: { quarantined: 0 } },
        });
        expect(await ats(target(), "ST-3", "ST-L3")).toMatchObject({ web: { availableToSell: 26 } });
      });
    });
  },
  ["embedded", "processes"],
  { apart: true },
);
