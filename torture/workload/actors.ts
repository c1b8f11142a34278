/**
 * What the clients of a run do, one function a kind of traffic: each call is one small story, told to the end.
 *
 * Every choice comes from the seed. Nothing here looks at a database; what was answered is written down by the caller.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Random } from "../../demo/random.ts";
import type { Caller } from "../caller.ts";
import type { Reply } from "../journal.ts";
import { occurredAt, places, stage } from "./stage.ts";

export interface ActorParts {
  readonly caller: Caller;
  readonly random: Random;
  /** New for every request and every document. */
  readonly nextKey: () => string;
}

export type Actor = (parts: ActorParts) => Promise<unknown>;

const isRefused = ({ userErrors }: Reply) => userErrors.length > 0;

/** Facts as a warehouse's own system reports them, one to three in a request. */
async function reportFacts({ caller, random, nextKey }: ActorParts): Promise<Reply> {
  const count = random.integer(1, 3);
  const events = Array.from({ length: count }, () => ({
    ...random.pick([
      { type: "RECEIPT", toBucket: "UNRESTRICTED" },
      { type: "SHIPMENT", fromBucket: "UNRESTRICTED" },
      { type: "STATUS_CHANGE", fromBucket: "UNRESTRICTED", toBucket: "DAMAGED" },
      { type: "ADJUSTMENT" },
    ]),
    id: nextKey(),
    sku: random.pick(stage.moved),
    locationId: random.pick(places),
    quantity: random.integer(1, 9),
    occurredAt,
  }));
  return record({ caller, nextKey }, events);
}

export function record({ caller, nextKey }: Pick<ActorParts, "caller" | "nextKey">, events: readonly object[]) {
  return caller.write({
    system: "wms",
    operation: "recordStockEvents",
    person: "connector",
    key: nextKey(),
    input: { source: "wcs", events },
    selection: "results { id status code }",
  });
}

/** Of what more is wanted than there is: one item after the other, until it is refused. */
async function wantHot({ caller, random, nextKey }: ActorParts): Promise<unknown> {
  const line = {
    sku: random.pick(stage.hot.slice(0, 1 + random.integer(0, stage.hot.length - 1))),
    locationId: "WEST",
  };
  return reserve({ caller, nextKey }, [{ ...line, quantity: random.integer(1, 3) }]);
}

function reserve({ caller, nextKey }: Pick<ActorParts, "caller" | "nextKey">, lines: readonly object[]) {
  return caller.write({
    system: "availability",
    operation: "reserveStock",
    person: "web-shop",
    key: nextKey(),
    input: { lines, ttlSeconds: 7_200 },
    selection: "reservation { id }",
  });
}

/** A basket: reserved, then given back, left, or bought, allocated and shipped. */
async function shop({ caller, random, nextKey }: ActorParts): Promise<void> {
  const sku = random.pick(stage.sold);
  const lines = places.slice(0, random.integer(1, 2)).map((locationId) => ({
    sku,
    locationId,
    quantity: random.integer(1, 5),
  }));
  const reply = await reserve({ caller, nextKey }, lines);
  const id = (reply["reservation"] as { id: string } | null)?.id;
  const end = random.weighted(["leave", "release", "buy"], (what) => (what === "buy" ? 3 : 1));
  if (!id || end === "leave") return;
  const own = { system: "availability", person: "web-shop", selection: "reservation { id }" } as const;
  if (end === "release") {
    await caller.write({ ...own, operation: "releaseReservation", key: nextKey(), input: { id } });
    return;
  }
  const orderId = nextKey();
  const bought = await caller.write({
    ...own,
    operation: "confirmReservation",
    key: nextKey(),
    input: { id, orderId },
  });
  if (isRefused(bought)) return;
  const numbered = lines.map((line, i) => ({ ...line, line: `${i + 1}` }));
  const allocate = { operation: "allocateOrder", person: "connector", key: nextKey() };
  await caller.write({ ...allocate, system: "erp", input: { orderId, lines: numbered }, selection: "" });
  await record(
    { caller, nextKey },
    numbered.map(({ line, ...place }) => ({
      ...place,
      id: nextKey(),
      type: "SHIPMENT",
      fromBucket: "UNRESTRICTED",
      documentRef: { type: "ORDER", id: orderId, line },
      occurredAt,
    })),
  );
}

/** Asked for, approved, shipped and received: whole, or three too few. */
async function transfer({ caller, random, nextKey }: ActorParts): Promise<void> {
  const sku = random.pick(stage.transferred);
  const [originId, destinationId] = random.chance(0.5) ? places : places.toReversed();
  const erp = { system: "erp", selection: "transferOrder { id }" } as const;
  const request = { originId, destinationId, lines: [{ sku, quantity: 10 }] };
  const asked = await caller.write({
    ...erp,
    operation: "requestTransfer",
    person: "paula",
    key: nextKey(),
    input: request,
  });
  const id = (asked["transferOrder"] as { id: string } | null)?.id;
  if (!id) return;
  await caller.write({ ...erp, operation: "approveTransfer", person: "petra", key: nextKey(), input: { id } });
  const wms = { system: "wms", selection: "transferOrder { id }" } as const;
  const move = async (operation: string, person: string, quantity: number) => {
    // Who has not heard of the transfer yet says so; that is a definite reply, and the next question a new one.
    for (let tried = 0; tried < 40; tried++) {
      const input = { transferId: id, lines: [{ sku, quantity }] };
      const reply = await caller.write({ ...wms, operation, person, key: nextKey(), input });
      if (!isRefused(reply)) return;
      await wait(500);
    }
  };
  await move("shipTransfer", "sam", 10);
  await move("receiveTransfer", "rosa", random.chance(0.5) ? 10 : 7);
}

/** More than the warehouse may correct by itself: somebody else approves it. */
async function adjust({ caller, random, nextKey }: ActorParts): Promise<void> {
  const wms = { system: "wms", selection: "adjustment { id contentHash }" } as const;
  const input = {
    sku: random.pick(stage.adjusted),
    locationId: random.pick(places),
    delta: random.pick([-40, -3, 2, 60]),
    reasonCode: "CORRECTION",
    evidence: ["count:C-1", "search:S-1"],
  };
  const asked = await caller.write({ ...wms, operation: "requestAdjustment", person: "rosa", key: nextKey(), input });
  const adjustment = asked["adjustment"] as { id: string; contentHash: string } | null;
  if (!adjustment) return;
  await caller.write({ ...wms, operation: "approveAdjustment", person: "sven", key: nextKey(), input: adjustment });
}

/** A receipt that the books cannot take: the ERP sets it aside as a dead letter. */
async function overfill({ caller, nextKey }: ActorParts): Promise<void> {
  const place = { sku: stage.refused, locationId: "WEST" };
  await record({ caller, nextKey }, [
    { ...place, id: nextKey(), type: "RECEIPT", toBucket: "UNRESTRICTED", quantity: 1, occurredAt },
  ]);
}

/** With the pause after each story, in milliseconds at most. */
export const actors: Readonly<Record<string, { readonly act: Actor; readonly pauseMs: number }>> = {
  facts: { act: reportFacts, pauseMs: 150 },
  hot: { act: wantHot, pauseMs: 100 },
  "hot-2": { act: wantHot, pauseMs: 100 },
  shop: { act: shop, pauseMs: 200 },
  "shop-2": { act: shop, pauseMs: 200 },
  transfer: { act: transfer, pauseMs: 500 },
  adjust: { act: adjust, pauseMs: 500 },
  overfill: { act: overfill, pauseMs: 2_000 },
};
