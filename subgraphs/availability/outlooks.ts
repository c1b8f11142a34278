/**
 * What is known of one SKU at one location, gathered for the formula: position, master data, policy, how fresh each
 * source is, of a kit its components, and what is expected to arrive.
 *
 * Reads through the loaders only, so that many positions cost as many statements as one. An absent row means: a known
 * item at a known place that nobody has reported is 0 with the reason NO_POSITION, an unknown item or place is null.
 */
import type { Clock } from "../../shared/clock.ts";
import { errorTable } from "../../shared/errors.ts";
import { hasGap, type Progress } from "../../shared/events/owner-progress.ts";
import { limits } from "../../shared/limits.ts";
import type { LocationReplica, ProductReplica } from "../../shared/master-data.ts";
import { type Expected, type Outlook, outlookOf } from "./domain/atp.ts";
import { type AvailabilityInput, type AvailabilityResult, computeAvailability } from "./domain/ats.ts";
import { openSupply } from "./domain/inbound.ts";
import { kitOutlook } from "./domain/kit.ts";
import type { IndexedPolicy } from "./domain/policy-index.ts";
import type { LocationFacts, ProductFacts } from "./domain/position.ts";
import { emptyProjection, type Projected } from "./domain/projection.ts";
import type { Freshness, SourceFreshness } from "./domain/source-status.ts";
import type { KeptRows, Loaders } from "./loaders.ts";
import { type PositionKey, positionKey } from "./store/positions.ts";
import type { Watermarks } from "./watermarks.ts";

export interface OutlookDeps {
  readonly clock: Clock;
  readonly policy: () => IndexedPolicy;
  readonly watermarks: Pick<Watermarks, "of">;
  /** Rows that are kept in this process; null: none are. */
  readonly cache: KeptRows | null;
}

/** One position, and what master data says of its item and its place. */
export interface Rows {
  readonly position: Projected;
  readonly product: ProductReplica | null;
  readonly location: LocationReplica | null;
}

/** What one kit needs of an item that is not a kit itself. */
export interface Part {
  readonly sku: string;
  /** Base units in one kit. */
  readonly required: number;
}

export interface PartRows {
  readonly required: number;
  readonly rows: Rows;
}

/** An answer made of rows that are kept. */
export interface KeptAnswer {
  readonly answer: AvailabilityResult;
  /** From then on it is another by time alone, milliseconds since the epoch; null: it is not. */
  readonly validUntilMs: number | null;
}

export interface Outlooks {
  /**
   * What the formula says about rows that were read already, under the policy in force or another one; `parts`: of a
   * kit, its components at the same place.
   */
  from(rows: Rows, parts: readonly PartRows[], channel: string, under?: IndexedPolicy): Outlook;
  /**
   * Of one question: each position as it is now, of what is kept in this process, at once; null: something has to be
   * read.
   */
  kept(channel: string): (sku: string, locationId: string) => KeptAnswer | null;
  /** Locations of an item that is no kit, likewise. */
  keptPlaces(sku: string): readonly string[] | null;
  /** As it is now; not to be asked about later days. */
  load(loaders: Loaders, key: PositionKey, channel: string): Promise<Outlook>;
  /** As it is now, but for the position's own figures: those are given. */
  loadWith(loaders: Loaders, position: Projected, channel: string): Promise<Outlook>;
  /** As it is, and as it is going to be. */
  loadAhead(loaders: Loaders, key: PositionKey, channel: string): Promise<Outlook>;
  /** Every location that holds or may hold the SKU; of a kit, also those that may hold all its components. */
  placesOf(loaders: Loaders, sku: string): Promise<string[]>;
}

type ExpectedAt = (position: Projected) => Expected | null;

/** Of a question about now alone. */
const nobodyAsks: ExpectedAt = () => null;

export function createOutlooks({ clock, policy, watermarks, cache }: OutlookDeps): Outlooks {
  function inputOf(
    { position, product, location }: Rows,
    channel: string,
    under: IndexedPolicy,
    nowMs = clock.now(),
  ): AvailabilityInput {
    return {
      position,
      product: productFacts(position.sku, product),
      location: locationFacts(position.locationId, location),
      policy: under,
      channel,
      freshness: freshnessOf(position, watermarks, nowMs),
      nowMs,
    };
  }

  function judge(
    rows: Rows,
    parts: readonly PartRows[],
    channel: string,
    expectedAt: ExpectedAt,
    under = policy(),
  ): Outlook {
    const one = ({ position, ...rest }: Rows): Outlook => {
      const outlook = outlookOf(inputOf({ position, ...rest }, channel, under), expectedAt(position));
      return { ...outlook, answer: orNoPosition(outlook.answer, position) };
    };
    if (parts.length === 0) return one(rows);
    const components = parts.map(({ required, rows: part }) => ({ required, outlook: one(part) }));
    return kitOutlook(inputOf(rows, channel, under), expectedAt(rows.position), components);
  }

  async function load(loaders: Loaders, rows: Rows, channel: string, ahead: boolean): Promise<Outlook> {
    const { locationId } = rows.position;
    const parts = await partsOf(rows.product, products(loaders));
    const partRows = await Promise.all(
      parts.map(async ({ sku, required }) => ({ required, rows: await loadRows(loaders, { sku, locationId }) })),
    );
    const all = [rows, ...partRows.map((part) => part.rows)].map(({ position }) => position);
    return judge(rows, partRows, channel, ahead ? await expected(loaders, all) : nobodyAsks);
  }

  return {
    kept(channel) {
      const [nowMs, under] = [clock.now(), policy()];
      const products = once((sku: string) => cache?.products.peek(sku));
      const locations = once((id: string) => cache?.locations.peek(id));
      return (sku, locationId) => {
        const [product, location] = [products(sku), locations(locationId)];
        const name = product && location && positionKey({ sku, locationId });
        const known = name ? cache?.positions.peek(name) : undefined;
        if (!known || !product || !location || isKit(product.value)) return null;
        const position = known.value ?? emptyProjection(sku, locationId);
        const rows = { position, product: product.value, location: location.value };
        const answer = orNoPosition(computeAvailability(inputOf(rows, channel, under, nowMs)), position);
        return { answer, validUntilMs: known.validUntilMs };
      };
    },
    keptPlaces: (sku) => keptPlaces(cache, sku),
    from: (rows, parts, channel, under) => judge(rows, parts, channel, nobodyAsks, under),
    load: async (loaders, key, channel) => load(loaders, await loadRows(loaders, key), channel, false),
    loadWith: async (loaders, position, channel) =>
      load(loaders, { position, ...(await loadMaster(loaders, position)) }, channel, false),
    loadAhead: async (loaders, key, channel) => load(loaders, await loadRows(loaders, key), channel, true),
    placesOf,
  };
}

/**
 * What a kit is put together from in the end: a kit inside a kit counts as its own components, so that one they share
 * is counted once. Nothing for what is not a kit.
 */
export async function partsOf(
  product: ProductReplica | null,
  load: (skus: readonly string[]) => Promise<readonly (ProductReplica | null)[]>,
): Promise<Part[]> {
  const parts = new Map<string, number>();
  const add = (to: Map<string, number>, sku: string, units: number) => to.set(sku, (to.get(sku) ?? 0) + units);
  let level = new Map(product?.components.map(({ sku, quantity }) => [sku, quantity]));
  for (let depth = 1; level.size > 0; depth++) {
    const next = new Map<string, number>();
    const found = await load([...level.keys()]);
    [...level].forEach(([sku, units], i) => {
      const inner = depth < limits.kitDepthMax ? (found[i]?.components ?? []) : [];
      for (const component of inner) add(next, component.sku, units * component.quantity);
      if (inner.length === 0) add(parts, sku, units);
    });
    level = next;
  }
  return [...parts].map(([sku, required]) => ({ sku, required }));
}

/** A known item at a known place that nobody has ever reported. */
function orNoPosition(answer: AvailabilityResult, { version }: Projected): AvailabilityResult {
  if (answer.reason !== null || version > 0) return answer;
  return { ...answer, reason: `NO_POSITION: ${errorTable.NO_POSITION.message}` };
}

/** Of one question: what was looked up is not looked up again. */
function once<T>(look: (key: string) => T): (key: string) => T {
  const found = new Map<string, T>();
  return (key) => {
    let value = found.get(key);
    if (value === undefined) {
      value = look(key);
      found.set(key, value);
    }
    return value;
  };
}

function keptPlaces(cache: KeptRows | null, sku: string): readonly string[] | null {
  const product = cache?.products.peek(sku)?.value;
  return product && !isKit(product) ? (cache?.places.peek(sku)?.value ?? null) : null;
}

function isKit(product: ProductReplica | null): boolean {
  return product !== null && product.components.length > 0;
}

function products(loaders: Loaders) {
  return (skus: readonly string[]) => Promise.all(skus.map((sku) => loaders.product.load(sku)));
}

async function loadRows(loaders: Loaders, key: PositionKey): Promise<Rows> {
  const [position, master] = await Promise.all([loaders.position.load(key), loadMaster(loaders, key)]);
  return { position: position ?? emptyProjection(key.sku, key.locationId), ...master };
}

async function loadMaster(loaders: Loaders, { sku, locationId }: PositionKey): Promise<Omit<Rows, "position">> {
  const [product, location] = await Promise.all([loaders.product.load(sku), loaders.location.load(locationId)]);
  return { product, location };
}

/** What is to come at these positions, and how punctual whoever sends it is. */
async function expected(loaders: Loaders, positions: readonly Projected[]): Promise<ExpectedAt> {
  const supplies = await Promise.all(positions.map(async (key) => openSupply(await loaders.inbound.load(key))));
  const senders = [...new Set(supplies.flat().flatMap(({ from }) => from ?? []))];
  const counts = await Promise.all(senders.map((from) => loaders.lateness.load(from)));
  const lateness = new Map(senders.map((from, i) => [from, counts[i] ?? []]));
  return (position) => ({
    supply: supplies[positions.indexOf(position)] ?? [],
    latenessOf: (from) => lateness.get(from) ?? [],
  });
}

async function placesOf(loaders: Loaders, sku: string): Promise<string[]> {
  const [own, product] = await Promise.all([loaders.placesOfSku.load(sku), loaders.product.load(sku)]);
  const parts = await partsOf(product, products(loaders));
  if (parts.length === 0) return [...own];
  const [first = [], ...others] = await Promise.all(parts.map((part) => loaders.placesOfSku.load(part.sku)));
  const whole = first.filter((place) => others.every((places) => places.includes(place)));
  return [...new Set([...own, ...whole])].sort();
}

function freshnessOf(position: Projected, watermarks: Pick<Watermarks, "of">, nowMs: number): Freshness {
  const { erp, wms, returns } = position.progress;
  const heard = watermarks.of(position.sku);
  return {
    erp: freshnessSince(erp, heard.erp, nowMs),
    wms: freshnessSince(wms, heard.wms, nowMs),
    returns: freshnessSince(returns, heard.returns, nowMs),
  };
}

function freshnessSince(progress: Progress, heardMs: number | null, nowMs: number): SourceFreshness {
  const asOfMs = Math.max(progress.asOfMs, heardMs ?? 0);
  return { asOfMs: asOfMs === 0 ? null : asOfMs, gap: hasGap(progress, nowMs), version: progress.seq };
}

function productFacts(sku: string, product: ProductReplica | null): ProductFacts {
  return {
    sku,
    known: product !== null,
    active: product?.active ?? false,
    class: product?.class ?? null,
    safetyStock: product?.safetyStock ?? null,
    sellMultiple: product?.sellMultiple ?? 1,
  };
}

function locationFacts(locationId: string, location: LocationReplica | null): LocationFacts {
  return { locationId, known: location !== null, sellable: location?.sellable ?? false };
}
