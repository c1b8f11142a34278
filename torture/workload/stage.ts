/**
 * Where a run takes place: items with stock and books, at two locations, told to the system before any fault.
 *
 * Each kind of traffic has items of its own, so that what must be true of them can be said exactly.
 */
import { createApiClient } from "../../shared/graphql/client.ts";
import { limits } from "../../shared/limits.ts";

export const places = ["WEST", "EAST"] as const;
const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);

export const stage = {
  /** Facts of the warehouse. */
  moved: numbered("MOVE", 6),
  /** Reserved, released, sold. */
  sold: numbered("SELL", 4),
  /** Wanted by more than can have it; never released, never shipped. */
  hot: numbered("HOT", 40),
  transferred: numbered("TRUCK", 3),
  adjusted: numbered("COUNT", 3),
  /** Its book is full: what arrives of it cannot be posted. */
  refused: "FULL",
  /** One more unit of it after each fault shows that everything follows again. */
  probe: "PROBE",
} as const;

export const hotUnits = 25;
export const occurredAt = "2026-01-05T09:00:00Z";

interface Opening {
  readonly sku: string;
  readonly locationId: string;
  readonly onHand: number;
}

const openings: readonly Opening[] = [
  ...[...stage.moved, ...stage.sold, ...stage.transferred, ...stage.adjusted].flatMap((sku) =>
    places.map((locationId) => ({ sku, locationId, onHand: 100_000 })),
  ),
  ...stage.hot.map((sku) => ({ sku, locationId: "WEST", onHand: hotUnits })),
  { sku: stage.refused, locationId: "WEST", onHand: 0 },
  { sku: stage.probe, locationId: "WEST", onHand: 0 },
];

/** Everything is told in one request; it has had its effects when the caller has seen it at every gateway. */
export async function setStage(url: string, token: string): Promise<void> {
  const skus = [...new Set(openings.map(({ sku }) => sku))];
  const books = openings.map((opening) =>
    opening.sku === stage.refused ? { ...opening, onHand: limits.quantityMax } : opening,
  );
  const snapshot = { type: "SNAPSHOT", occurredAt: "2026-01-05T06:00:00Z" };
  const events = openings.map(({ onHand, ...place }) => ({
    ...snapshot,
    ...place,
    id: `opening-${place.sku}-${place.locationId}`,
    quantity: onHand,
    buckets: { unrestricted: onHand },
  }));
  await createApiClient({ url, token }).request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!, $b: SaveBookBalancesInput!, $e: RecordStockEventsInput!) {
      saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } }
      saveBookBalances(input: $b) { userErrors { code } } recordStockEvents(input: $e) { results { status } } }`,
    {
      p: {
        idempotencyKey: "stage-products",
        products: skus.map((sku) => ({ sku, name: sku, baseUnit: "EA", class: "B", unitCost: "2.50" })),
      },
      l: { idempotencyKey: "stage-places", locations: places.map((id) => ({ id, name: id, type: "WAREHOUSE" })) },
      b: { idempotencyKey: "stage-books", balances: books },
      e: { idempotencyKey: "stage-stock", events },
    },
  );
}

/** Does this gateway know the figures of everything on stage? */
export async function knowsStage(url: string, token: string): Promise<boolean> {
  const { availability } = await createApiClient({ url, token }).request<{
    availability: { availableToSell: number | null; confidence: string }[];
  }>("query ($skus: [ID!]!) { availability(skus: $skus) { availableToSell confidence } }", {
    skus: [...new Set(openings.map(({ sku }) => sku))],
  });
  const sellable = openings.filter(({ onHand }) => onHand > 0).length;
  const known = availability.filter(({ availableToSell, confidence }) => availableToSell && confidence === "FRESH");
  return known.length === sellable;
}
