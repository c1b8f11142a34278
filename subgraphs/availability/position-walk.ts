/**
 * A walk over the positions that some rules are about, in stretches: each position once, however many there are.
 *
 * Where a stretch ends is a key and not a count, so that a walk may pause, and go on elsewhere, while positions come
 * and go. Keeps one stretch in memory. Decides nothing about what it finds.
 */
import type { Reader } from "../../shared/db/database.ts";
import { findLocations, findProducts } from "../../shared/master-data.ts";
import type { RuleScope } from "./domain/policy.ts";
import { scopeFilter } from "./domain/policy-scope.ts";
import type { Projected } from "./domain/projection.ts";
import type { Rows } from "./outlooks.ts";
import { pagePositions, pagePositionsOfSkus } from "./store/positions.ts";

/** Where a walk stands: which leg, and the last position seen on it. */
export interface WalkPlace {
  readonly leg: number;
  readonly after: readonly [sku: string, locationId: string] | null;
}

export interface Stretch {
  /** Those in scope, with their master data. */
  readonly rows: readonly Rows[];
  /** Null: the walk is over. */
  readonly next: WalkPlace | null;
}

export interface PositionWalk {
  /** What comes after `place`; as of `nowMs`. */
  stretch(reader: Reader, place: WalkPlace | null, nowMs: number): Promise<Stretch>;
}

/** Positions of one stretch: few enough that computing them keeps nobody waiting. */
const stretchMax = 200;
/** SKUs that one statement names. */
const skusMax = 500;

/** A leg is one way through an index: some SKUs, one location, or everything. */
interface Leg {
  readonly skus: readonly string[] | null;
  readonly locationId: string | null;
}

export function walkPositions(scopes: readonly RuleScope[]): PositionWalk {
  const inScope = scopeFilter(scopes);
  const named = new Set(scopes.flatMap(({ sku }) => (sku === null ? [] : [sku])));
  const legs = legsOf(scopes, named);

  return {
    async stretch(reader, place, nowMs) {
      const at = place ?? { leg: 0, after: null };
      const leg = legs[at.leg];
      if (!leg) return { rows: [], next: null };
      const page = { size: stretchMax, after: at.after };
      const found = leg.skus
        ? await pagePositionsOfSkus(reader, page, leg.skus, nowMs)
        : await pagePositions(reader, page, leg.locationId, nowMs);
      const positions = found.slice(0, stretchMax);
      const last = positions.at(-1);
      const onward = found.length > stretchMax && last;
      const nextLeg = at.leg + 1 < legs.length ? { leg: at.leg + 1, after: null } : null;
      // A location's leg leaves out what the SKUs' legs have seen.
      const wanted = leg.locationId === null ? positions : positions.filter(({ sku }) => !named.has(sku));
      const rows = (await withMasterData(reader, wanted)).filter(({ position, product }) =>
        inScope(position.sku, position.locationId, product?.class ?? null),
      );
      return {
        rows,
        next: onward ? { leg: at.leg, after: [onward.sku, onward.locationId] } : nextLeg,
      };
    },
  };
}

function legsOf(scopes: readonly RuleScope[], named: ReadonlySet<string>): Leg[] {
  if (scopes.some(({ sku, locationId }) => sku === null && locationId === null)) {
    return [{ skus: null, locationId: null }];
  }
  const skus = [...named].sort();
  const legs: Leg[] = [];
  for (let from = 0; from < skus.length; from += skusMax) {
    legs.push({ skus: skus.slice(from, from + skusMax), locationId: null });
  }
  const locationIds = new Set(
    scopes.flatMap(({ sku, locationId }) => (sku === null && locationId ? [locationId] : [])),
  );
  return [...legs, ...[...locationIds].sort().map((locationId) => ({ skus: null, locationId }))];
}

async function withMasterData(reader: Reader, positions: readonly Projected[]): Promise<Rows[]> {
  const products = await findProducts(
    reader,
    positions.map(({ sku }) => sku),
  );
  const locations = await findLocations(
    reader,
    positions.map(({ locationId }) => locationId),
  );
  return positions.map((position) => ({
    position,
    product: products.get(position.sku) ?? null,
    location: locations.get(position.locationId) ?? null,
  }));
}
