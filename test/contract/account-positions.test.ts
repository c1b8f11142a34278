/**
 * Positions of a caller whose token names accounts, on every database: pages over many places, and reservations that
 * share a transaction with those of callers who see other places.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { type AnyEvent, noStock } from "../../shared/events/canonical-event.ts";
import type { Identity } from "../../shared/identity.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { createFacts } from "../helpers/facts.ts";
import { lineOf, openShop, person, type Shop } from "./reservation-fixture.ts";

const of = (...accounts: string[]): Identity => ({ ...person(`buyer-${accounts}`, "portal"), accounts });
/** More than one statement looks through. */
const own = Array.from({ length: 104 }, (_, i) => `OWN-${String(i).padStart(3, "0")}`);
const others = ["OTHER-1", "OTHER-2", "Z-OTHER"];

eachDatabase("positions of an account", (makeKernel) => {
  let shop: Shop;
  const held: string[] = [];

  beforeAll(async () => {
    shop = await openShop(makeKernel);
    const facts = createFacts(shop.clock);
    const places = [...own, ...others];
    const snapshot = (sku: string, locationId: string): AnyEvent => {
      const data = { asOfSeq: 1, wms: { ...noStock, unrestricted: 10 } };
      return canonicalEvent("wms", "inventory.snapshot", `${sku}|${locationId}`, 1, { sku, locationId, data });
    };
    await shop.publish(
      ...places.map((id) => facts.location(id, { accounts: [id.startsWith("OWN") ? "ACME" : "BETA"] } as never)),
    );
    for (const [sku, at] of [
      ["A", places],
      ["B", places.filter((_, i) => i % 3 === 0)],
      ["C", [...own.slice(-2), ...others]],
    ] as const) {
      await shop.publish(...at.map((locationId) => snapshot(sku, locationId)));
      held.push(...at.filter((id) => own.includes(id)).map((id) => `${sku} ${id}`));
    }
    await shop.stock(5, "A", "L");
    await shop.stock(5, "A", own[0]);
    await shop.stock(5, "A", "Z-OTHER");
  }, 60_000);

  type Page = { nodes: { sku: string; locationId: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
  const pageOf = async (first: number, after: string | null, identity: Identity, locationId?: string) => {
    const query = `query ($first: Int!, $after: String, $locationId: ID) {
      stockPositions(first: $first, after: $after, locationId: $locationId) {
        nodes { sku locationId } pageInfo { endCursor hasNextPage } } }`;
    const { data } = await shop.ask(query, { first, after, locationId }, identity);
    return data?.["stockPositions"] as Page;
  };

  it.each([37, 104, 200])("come in pages of %i without a hole, a copy or a place that is not seen", async (first) => {
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const { nodes, pageInfo }: Page = await pageOf(first, after, of("ACME"));
      seen.push(...nodes.map(({ sku, locationId }) => `${sku} ${locationId}`));
      [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    expect(seen).toEqual(held);
  });

  it("of one place come if it is seen; without any account there are none", async () => {
    const counts = [
      [of("ACME"), own[0], 2],
      [of("ACME"), "OTHER-1", 0],
      [of("BETA"), "Z-OTHER", 2],
      [of(), undefined, 0],
    ] as const;
    for (const [identity, locationId, count] of counts) {
      expect((await pageOf(50, null, identity, locationId)).nodes).toHaveLength(count);
    }
  });

  describe("reservations that share a transaction", () => {
    it("are granted each at the places of its own caller", async () => {
      const places = [own[0] as string, "Z-OTHER", "L"];
      const callers = [of("ACME"), of("BETA"), person("shop", "storefront")];
      const replies = await Promise.all(
        callers.flatMap((identity) => places.map((id) => shop.reserve([lineOf(1, "A", id)], {}, identity))),
      );
      const outcomes = replies.map(({ reservation, userErrors }) => (reservation ? "granted" : userErrors[0]?.code));
      const unknown = "UNKNOWN_LOCATION";
      const granted = "granted";
      expect(outcomes).toEqual([
        ...[granted, unknown, unknown],
        ...[unknown, granted, unknown],
        ...[granted, granted, granted],
      ]);
    });

    it("is confirmed and released by whoever still sees its place", async () => {
      const [place] = own as [string];
      const { reservation } = await shop.reserve([lineOf(1, "A", place)], {}, of("ACME"));
      const elsewhere = { ...of("ACME"), accounts: ["BETA"] };
      const hidden = await shop.confirm(reservation.id, "SO-1", {}, elsewhere);
      expect([hidden.reservation, hidden.userErrors.map(({ code }) => code)]).toEqual([null, ["UNKNOWN_DOCUMENT"]]);
      expect((await shop.release(reservation.id, {}, of("ACME"))).reservation).toMatchObject({ status: "RELEASED" });
    });
  });
});
