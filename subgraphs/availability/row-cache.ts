/**
 * Rows that answers are made of, kept where they are asked for: positions, products, locations, and where an item is.
 *
 * Every committed change is heard of: this process's own at COMMIT, another's through the log of changes, and what is
 * committed and not published yet is looked for in the outbox. While one of these is behind, nothing kept is relied on
 * and the database answers. Commands never read from here.
 */
import type { CacheStore } from "../../shared/cache/cache-store.ts";
import { impatient } from "../../shared/cache/impatient.ts";
import {
  createReadThrough,
  type Reading,
  type SharedTier,
  sharedEntry,
  versionOnly,
} from "../../shared/cache/read-through.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Database } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { partitionKey } from "../../shared/ids.ts";
import type { Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { findLocations, findProducts, type LocationReplica, type ProductReplica } from "../../shared/master-data.ts";
import type { EventLog } from "../../shared/messaging/bus.ts";
import { createLogFollower } from "../../shared/messaging/log-follower.ts";
import { createUnpublished } from "../../shared/messaging/unpublished.ts";
import type { Projected } from "./domain/projection.ts";
import type { KeptRows } from "./loaders.ts";
import { loadPositions, loadPositionsOfSkus, type PositionKey } from "./store/positions.ts";
import { nextExpiries } from "./store/reservations.ts";

export interface RowCache extends KeptRows {
  /** These have been committed. */
  heard(events: readonly AnyEvent[]): void;
  /** Where processes share a cache, they must find nothing older in it than what they are told next. */
  beforePublish(events: readonly AnyEvent[]): Promise<void>;
  /** What keeps it right; started before anything is read. */
  readonly parts: readonly Part[];
}

export interface RowCacheParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where other processes write as well; null: nobody else does. */
  readonly others: { readonly changes: EventLog; readonly store: CacheStore } | null;
  /** The policy in force is another. */
  readonly policyChanged: () => void;
}

export function createRowCache({ db, clock, log, others, policyChanged }: RowCacheParts): RowCache {
  const unpublished = others && createUnpublished({ db, clock, log, topic: "availability", found: forget });
  const follower =
    others &&
    createLogFollower({
      name: "row-cache",
      log: others.changes,
      clock,
      logger: log,
      give: ({ event }) => {
        heard([event]);
        return [];
      },
      lost: clear,
    });

  const isUpToDate = () =>
    !(unpublished && follower) || (unpublished.known() && clock.now() - follower.knownUpToMs() <= limits.logSilenceMs);
  const trusted = (key: string) => isUpToDate() && (unpublished?.isPublished(key) ?? true);

  const rows = createRows({ db, clock, log, others, trusted, isUpToDate });
  const { positions, products, locations, places } = rows;

  function heard(events: readonly AnyEvent[]): void {
    for (const event of events) {
      if (event.type === "availability.changed") {
        positions.invalidate(event.partitionKey, event.data.version);
        if (event.data.before.version === 0 && event.sku !== null) places.invalidate(event.sku, null);
      } else if (event.type === "rule.changed") {
        const { kind, id, version } = event.data;
        if (kind === "policy") policyChanged();
        else (kind === "product" ? products : locations).invalidate(id, version);
      }
    }
  }

  /** Of these something is committed and on its way; which version, only the event will tell. */
  function forget(partitionKeys: readonly string[]): void {
    for (const key of partitionKeys) {
      if (key.includes("|")) {
        positions.invalidate(key, null);
        places.invalidate(toPosition(key).sku, null);
      } else if (key.startsWith("product:")) products.invalidate(key.slice("product:".length), null);
      else if (key.startsWith("location:")) locations.invalidate(key.slice("location:".length), null);
      else policyChanged();
    }
  }

  function clear(): void {
    for (const cache of [positions, products, locations, places]) cache.clear();
  }

  async function beforePublish(events: readonly AnyEvent[]): Promise<void> {
    if (!others) return;
    await others.store.putMany(
      events.flatMap((event) => {
        const changed = changedRow(event);
        return changed ? [sharedEntry(`${changed.kind}:${changed.key}`, changed.version, versionOnly)] : [];
      }),
    );
  }

  const parts: Part[] = unpublished && follower ? [unpublished, follower] : [];
  return { ...rows, heard, beforePublish, parts };
}

interface RowsParts extends Pick<RowCacheParts, "db" | "clock" | "log" | "others"> {
  /** May what is kept of this be relied on now? By the key that its events carry. */
  readonly trusted: (partitionKey: string) => boolean;
  /** May anything? */
  readonly isUpToDate: () => boolean;
}

function createRows({ db, clock, log, others, trusted, isUpToDate }: RowsParts): KeptRows {
  const store = others && impatient(others.store, clock);
  const shared = <V>(kind: string): SharedTier<V> | null =>
    store && {
      store: named(store, kind),
      encode: ({ value, validUntilMs }) => JSON.stringify({ value, validUntilMs }),
      decode: (text, version) => ({ ...(JSON.parse(text) as Pick<Reading<V>, "value" | "validUntilMs">), version }),
      failed: (error) => log.debug({ error, kind }, "the shared cache does not answer"),
    };
  const master = { clock, bytesMax: limits.masterCacheBytesMax / 2 };

  const positions = createReadThrough<Projected | null>({
    clock,
    bytesMax: limits.positionCacheBytesMax,
    sizeOf: ({ value }) => (value === null ? 200 : 900),
    load: (keys) => readPositions(db, keys, clock.now()),
    shared: shared("position"),
    trusted,
  });
  const products = createReadThrough<ProductReplica | null>({
    ...master,
    sizeOf: ({ value }) => 400 + 100 * (value ? value.units.length + value.components.length : 0),
    load: async (skus) => versioned(skus, await findProducts(db, skus)),
    shared: shared("product"),
    trusted: (sku) => trusted(`product:${sku}`),
  });
  const locations = createReadThrough<LocationReplica | null>({
    ...master,
    sizeOf: () => 400,
    load: async (ids) => versioned(ids, await findLocations(db, ids)),
    shared: shared("location"),
    trusted: (id) => trusted(`location:${id}`),
  });
  const places = createReadThrough<readonly string[]>({
    clock,
    bytesMax: limits.masterCacheBytesMax / 2,
    sizeOf: ({ value }) => 150 + 40 * value.length,
    load: (skus) => readPlaces(db, skus, clock.now()),
    // A list of places has no version that could be compared.
    shared: null,
    // Any of its positions may be the new one.
    trusted: isUpToDate,
  });
  return { positions, products, locations, places };
}

async function readPositions(db: Database, keys: readonly string[], nowMs: number) {
  const found = new Map<string, Projected>();
  for (const row of await loadPositions(db, keys.map(toPosition), nowMs)) {
    found.set(partitionKey(row.sku, row.locationId), row);
  }
  const reserved = [...found.values()].filter(({ reserved: units }) => units > 0);
  const expiries = new Map(
    (await nextExpiries(db, reserved, nowMs)).map(({ expiresAtMs, ...at }) => [
      partitionKey(at.sku, at.locationId),
      expiresAtMs,
    ]),
  );
  const readings = new Map<string, Reading<Projected | null>>();
  for (const key of keys) {
    const value = found.get(key) ?? null;
    readings.set(key, { value, version: value?.version ?? 0, validUntilMs: expiries.get(key) ?? null });
  }
  return readings;
}

async function readPlaces(db: Database, skus: readonly string[], nowMs: number) {
  const places = new Map<string, string[]>(skus.map((sku) => [sku, []]));
  for (const { sku, locationId } of await loadPositionsOfSkus(db, skus, nowMs)) places.get(sku)?.push(locationId);
  return new Map(
    [...places].map(([sku, value]) => [sku, { value, version: value.length, validUntilMs: null }] as const),
  );
}

function versioned<V extends { readonly version: number }>(
  keys: readonly string[],
  found: ReadonlyMap<string, V>,
): Map<string, Reading<V | null>> {
  const reading = (value: V | null) => ({ value, version: value?.version ?? 0, validUntilMs: null });
  return new Map(keys.map((key) => [key, reading(found.get(key) ?? null)] as const));
}

function toPosition(key: string): PositionKey {
  const at = key.indexOf("|");
  return { sku: key.slice(0, at), locationId: key.slice(at + 1) };
}

/** The row that an event says is another now. */
function changedRow(event: AnyEvent) {
  if (event.type === "availability.changed") {
    return { kind: "position", key: event.partitionKey, version: event.data.version };
  }
  if (event.type !== "rule.changed" || event.data.kind === "policy") return null;
  return { kind: event.data.kind, key: event.data.id, version: event.data.version };
}

/** The same store under names of its own. */
function named(store: CacheStore, kind: string): CacheStore {
  const name = (key: string) => `${kind}:${key}`;
  return {
    ...store,
    getMany: (keys) => store.getMany(keys.map(name)),
    putMany: (entries) => store.putMany(entries.map((entry) => ({ ...entry, key: name(entry.key) }))),
    deleteMany: (keys) => store.deleteMany(keys.map(name)),
  };
}
