/**
 * What each channel may sell of a position of a recorded day: the formula of every answer, asked of a world.
 *
 * The journal knows when facts were told and not when a system was silent, so every source counts as heard of; a gap in
 * its numbers is one here too. Kits are counted from their components, as in answers.
 */
import { positionText } from "../../shared/ids.ts";
import type { ProductReplica } from "../../shared/master-data.ts";
import type { IndexedPolicy } from "../../subgraphs/availability/domain/policy-index.ts";
import { emptyProjection, type Projected } from "../../subgraphs/availability/domain/projection.ts";
import { createOutlooks, type Part, type PartRows, partsOf, type Rows } from "../../subgraphs/availability/outlooks.ts";
import type { World } from "./world.ts";

export interface Place {
  readonly sku: string;
  readonly locationId: string;
}

export interface Sellable {
  /** Base units by channel; null: unknown. A channel that the policy does not have is not there. */
  of(place: Place, policy: IndexedPolicy, nowMs: number): Promise<ReadonlyMap<string, number | null>>;
  /** These positions, and those of kits that they are part of. */
  withKits(keys: readonly string[]): Promise<Place[]>;
}

export function createSellable(world: World): Sellable {
  let nowMs = 0;
  let policyNow: IndexedPolicy | null = null;
  const outlooks = createOutlooks({
    clock: { now: () => nowMs },
    policy: () => policyNow as IndexedPolicy,
    watermarks: { of: () => ({ erp: nowMs, wms: nowMs, returns: nowMs }) },
    cache: null,
  });
  const load = async (skus: readonly string[]) => skus.map((sku) => world.products.get(sku) ?? null);
  const parts = rememberingParts(load);

  const rowsOf = ({ sku, locationId }: Place): Rows => ({
    position: world.positions.get(positionText({ sku, locationId })) ?? emptyProjection(sku, locationId),
    product: world.products.get(sku) ?? null,
    location: world.locations.get(locationId) ?? null,
  });

  return {
    async of(place, policy, atMs) {
      nowMs = atMs;
      policyNow = policy;
      const { locationId } = place;
      const rows = rowsOf(place);
      const own = await parts(rows.product);
      const partRows = own.map(({ sku, required }): PartRows => ({ required, rows: rowsOf({ sku, locationId }) }));
      const sold = ({ policy: { id } }: IndexedPolicy["channels"][number]) =>
        [id, outlooks.from(rows, partRows, id, policy).answer.availableToSell] as const;
      return new Map(policy.channels.map(sold));
    },
    async withKits(keys) {
      const places = new Map<string, Place>();
      const touched = keys.flatMap((key) => world.positions.get(key) ?? []);
      const add = ({ sku, locationId }: Place) => places.set(positionText({ sku, locationId }), { sku, locationId });
      for (const position of touched) add(position);
      for (const kit of world.products.values()) {
        if (kit.components.length === 0) continue;
        const needed = new Set((await parts(kit)).map(({ sku }) => sku));
        for (const { sku, locationId } of touched.filter((position: Projected) => needed.has(position.sku))) {
          if (sku !== kit.sku) add({ sku: kit.sku, locationId });
        }
      }
      return [...places.values()];
    },
  };
}

/** A kit's parts are looked up once for each version of it. A component that becomes a kit itself is a new version of none. */
function rememberingParts(load: Parameters<typeof partsOf>[1]) {
  const known = new WeakMap<ProductReplica, Promise<Part[]>>();
  return (product: ProductReplica | null): Promise<Part[]> => {
    if (!product || product.components.length === 0) return Promise.resolve([]);
    let parts = known.get(product);
    if (!parts) {
      parts = partsOf(product, load);
      known.set(product, parts);
    }
    return parts;
  };
}
