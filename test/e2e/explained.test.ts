/**
 * Every term of ATS is explained: for 1,000 random positions the answer equals a recomputation by hand from what the
 * owners say (`book`, `physical`, `returns`) and from the policy. The formula below is written anew from the design.
 */
import { expect, it } from "vitest";
import { createRandom, type Random } from "../../demo/random.ts";
import type { ApiClient } from "../../shared/graphql/client.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

const skus = Array.from({ length: 100 }, (_, i) => `EX-${String(i).padStart(3, "0")}`);
const locationIds = Array.from({ length: 10 }, (_, i) => `EX-L${i}`);
/** Units kept for a channel of each item: B2B is served before MARKETPLACE. */
const protections = { B2B: 15, MARKETPLACE: 25 } as const;
const webCap = 60;

interface PositionAnswer {
  readonly sku: string;
  readonly locationId: string;
  readonly location: { readonly sellable: boolean };
  readonly book: { readonly onHand: number; readonly committed: number; readonly safetyStock: number };
  readonly physical: Readonly<Record<string, number>>;
  readonly returns: { readonly quarantined: number; readonly inInspection: number };
  readonly web: Answer;
  readonly b2b: Answer;
  readonly marketplace: Answer;
}

interface Answer {
  readonly availableToSell: number;
  readonly net: number;
  readonly terms: readonly { readonly name: string; readonly quantity: number }[];
}

const page = `query ($after: String) { stockPositions(first: 200, after: $after) {
  pageInfo { hasNextPage endCursor }
  nodes { sku locationId location { sellable }
    book { onHand committed safetyStock } returns { quarantined inInspection }
    physical { onHand unrestricted picked dock damaged hold expired quarantine }
    web: availability(channel: "WEB") { ...answer } b2b: availability(channel: "B2B") { ...answer }
    marketplace: availability(channel: "MARKETPLACE") { ...answer } } } }
  fragment answer on Availability { availableToSell net terms { name quantity } }`;

/** domain.md §4, from the owners' numbers. */
function byHand({ book, physical, returns, location }: PositionAnswer) {
  const of = (bucket: string) => physical[bucket] ?? Number.NaN;
  const blocked =
    of("damaged") +
    of("hold") +
    of("expired") +
    of("dock") +
    Math.max(of("quarantine"), returns.quarantined + returns.inInspection);
  const net = of("onHand") - blocked - Math.max(book.committed, of("picked")) - book.safetyStock;
  const free = Math.max(0, net);
  const forB2b = Math.min(protections.B2B, free);
  const forMarketplace = Math.min(protections.MARKETPLACE, free - forB2b);
  const sell = (units: number) => (location.sellable ? Math.max(0, units) : 0);
  return {
    net,
    WEB: sell(Math.min(webCap, net - forB2b - forMarketplace)),
    B2B: sell(net - forMarketplace),
    MARKETPLACE: sell(net - forB2b),
  };
}

eachTarget("an explained answer", (target) => {
  it("equals the recomputation by hand for 1,000 random positions and three channels", async () => {
    await fill(target());
    await target().eventually(async () => {
      const positions = await readAll(target().connector);
      expect(positions).toHaveLength(1_000);
      for (const position of positions) {
        const expected = byHand(position);
        const { web, b2b, marketplace } = position;
        expect({
          of: `${position.sku} at ${position.locationId}`,
          net: web.net,
          WEB: web.availableToSell,
          B2B: b2b.availableToSell,
          MARKETPLACE: marketplace.availableToSell,
        }).toEqual({ of: `${position.sku} at ${position.locationId}`, ...expected });
        for (const { terms, net } of [web, b2b, marketplace]) {
          expect(terms.reduce((sum, term) => sum + term.quantity, 0)).toBe(net);
        }
      }
      // The sample is worth something: sellable and unsellable places, shortfalls, caps.
      expect(positions.some(({ web }) => web.net < 0)).toBe(true);
      expect(positions.some(({ web }) => web.availableToSell === webCap)).toBe(true);
      expect(positions.some(({ web }) => web.availableToSell > 0 && web.availableToSell < webCap)).toBe(true);
    });
  }, 120_000);
});

async function readAll(client: ApiClient): Promise<PositionAnswer[]> {
  const all: PositionAnswer[] = [];
  for (let after: string | null = null; ; ) {
    const data: {
      stockPositions: { nodes: PositionAnswer[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
    } = await client.request(page, { after });
    all.push(...data.stockPositions.nodes);
    if (!data.stockPositions.pageInfo.hasNextPage) return all;
    after = data.stockPositions.pageInfo.endCursor;
  }
}

/** Fills every position with random stock, some of it committed, picked, returned or blocked. */
async function fill(target: Target): Promise<void> {
  const random = createRandom(4711);
  await fillShelves(target.connector, (max) => random.integer(0, max));
  await takeOrdersAndReturns(target.connector, random);
  await decidePolicy(target);
}

async function fillShelves(connector: ApiClient, upTo: (max: number) => number): Promise<void> {
  await connector.request(
    `mutation ($products: SaveProductsInput!, $locations: SaveLocationsInput!) {
      saveProducts(input: $products) { userErrors { code } } saveLocations(input: $locations) { userErrors { code } } }`,
    {
      products: {
        idempotencyKey: "ex-products",
        products: skus.map((sku) => ({ sku, name: sku, baseUnit: "EA", safetyStock: upTo(10) })),
      },
      locations: {
        idempotencyKey: "ex-locations",
        locations: locationIds.map((id, i) => ({ id, name: id, type: "WAREHOUSE", sellable: i !== 3 })),
      },
    },
  );
  const keys = skus.flatMap((sku) => locationIds.map((locationId) => ({ sku, locationId })));
  const events = keys.map(({ sku, locationId }) => {
    const buckets = {
      unrestricted: upTo(150),
      picked: upTo(20),
      dock: upTo(5),
      damaged: upTo(3),
      hold: upTo(4),
      expired: upTo(2),
      quarantine: upTo(6),
    };
    const quantity = Object.values(buckets).reduce((sum, n) => sum + n, 0);
    const id = `ex-${sku}-${locationId}`;
    return { id, type: "SNAPSHOT", sku, locationId, quantity, buckets, occurredAt: "2026-01-05T08:00:00Z" };
  });
  for (const from of [0, 500]) {
    const input = { idempotencyKey: `ex-events-${from}`, events: events.slice(from, from + 500) };
    const { recordStockEvents } = await connector.request<{ recordStockEvents: { results: { status: string }[] } }>(
      "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status code } userErrors { code } } }",
      { input },
    );
    expect(new Set(recordStockEvents.results.map(({ status }) => status))).toEqual(new Set(["ACCEPTED"]));
  }
}

async function takeOrdersAndReturns(connector: ApiClient, random: Random): Promise<void> {
  for (const locationId of locationIds) {
    const lines = skus
      .filter(() => random.integer(0, 2) === 0)
      .map((sku, i) => ({ line: `${i + 1}`, sku, locationId, quantity: random.integer(1, 60) }));
    const { allocateOrder } = await connector.request<{ allocateOrder: { userErrors: unknown[] } }>(
      "mutation ($input: AllocateOrderInput!) { allocateOrder(input: $input) { userErrors { code message } } }",
      { input: { idempotencyKey: `ex-order-${locationId}`, orderId: `EX-O-${locationId}`, lines } },
    );
    expect(allocateOrder.userErrors).toEqual([]);
    const returned = skus
      .filter(() => random.integer(0, 4) === 0)
      .map((sku) => ({ sku, quantity: random.integer(1, 12) }));
    const { receiveReturn } = await connector.request<{ receiveReturn: { userErrors: unknown[] } }>(
      "mutation ($input: ReceiveReturnInput!) { receiveReturn(input: $input) { userErrors { code message } } }",
      { input: { idempotencyKey: `ex-return-${locationId}`, locationId, lines: returned } },
    );
    expect(receiveReturn.userErrors).toEqual([]);
  }
}

async function decidePolicy({ client, token }: Target): Promise<void> {
  const planner = client(await token("planner", ["planner"]));
  const manager = client(await token("manager", ["manager"]));
  const changes = [
    { channel: "B2B", protections: [{ quantity: protections.B2B }] },
    { channel: "MARKETPLACE", protections: [{ quantity: protections.MARKETPLACE }] },
    { channel: "WEB", caps: [{ quantity: webCap }] },
  ];
  for (const change of changes) {
    const { setChannelPolicy } = await planner.request<{ setChannelPolicy: { policy: { policyVersion: number } } }>(
      "mutation ($input: SetChannelPolicyInput!) { setChannelPolicy(input: $input) { policy { policyVersion } userErrors { code message } } }",
      { input: { idempotencyKey: `ex-policy-${change.channel}`, ...change } },
    );
    const { policyVersion } = setChannelPolicy.policy;
    await manager.request(
      "mutation ($input: ApproveChannelPolicyInput!) { approveChannelPolicy(input: $input) { userErrors { code } } }",
      { input: { idempotencyKey: `ex-approve-${change.channel}`, policyVersion } },
    );
  }
}
