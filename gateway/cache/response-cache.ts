/**
 * Whole replies, kept for a moment as the bytes that are sent.
 *
 * A reply is kept only if everything it was made from has a tag, and only if none of these tags was dropped while it
 * was being made: a reply that was read before a change is not kept after it. Kept for a bounded time whatever happens,
 * and not at all while nobody hears of changes. Knows neither HTTP nor GraphQL.
 */
import type { Clock } from "../../shared/clock.ts";
import { limits } from "../../shared/limits.ts";
import { createChangeMemory, type Moment } from "./change-memory.ts";

export interface KeptReply {
  /** The body, ready to be sent. */
  readonly bytes: Buffer;
  /** Whose reply it is, for the log. */
  readonly operationName: string | null;
  /** What asking for it costs. */
  readonly cost: number;
  /** The validator for conditional requests, computed by the first who needs it. */
  etag?: string;
}

export interface Fill {
  /** Of the document, the operation, the coerced variables and the audience. */
  readonly key: string;
  /** Another name for it that is cheaper to make, e.g. the request as it came. */
  readonly alias: string;
  readonly reply: KeptReply;
  readonly tags: readonly string[];
  readonly maxAgeMs: number;
  /** What `begin` said before anything was read. */
  readonly begun: Moment;
}

export interface ResponseCache {
  /** By alias. */
  named(alias: string): KeptReply | null;
  /** By key; from then on by this alias as well. */
  get(key: string, alias: string): KeptReply | null;
  /** To be called before the first read for a reply that may be kept. */
  begin(): Moment;
  /** Keeps it if it may be kept. May others who wait for the same have it? */
  put(fill: Fill): boolean;
  /** What was made from one of these is old; null: everything is. */
  drop(tags: readonly string[] | null): void;
  readonly counters: CacheCounters;
}

export interface CacheCounters {
  hits: number;
  misses: number;
  fills: number;
  /** Not kept: something they were made from had changed meanwhile, nobody was listening, or they are too large. */
  refused: number;
  /** Replies that a change made old. */
  dropped: number;
  /** Of all hits together, to be divided by their number. */
  hitAgeMs: number;
  /** What is kept now. */
  replies: number;
  bytes: number;
}

export interface ResponseCacheParts {
  readonly clock: Clock;
  /** Are changes heard of at the moment? While they are not, nothing is kept and nothing that was kept is given out. */
  readonly trusted: () => boolean;
  readonly bytesMax?: number;
  readonly replyBytesMax?: number;
  readonly keptMs?: number;
  readonly droppedTagsMax?: number;
  /** How much later than this cache whoever answers may hear of a change. */
  readonly graceMs?: number;
  /** From 0 to 1; replies that were made together do not all end together. */
  readonly random?: () => number;
}

export function createResponseCache(parts: ResponseCacheParts): ResponseCache {
  const {
    clock,
    trusted,
    bytesMax = limits.responseCacheBytesMax,
    replyBytesMax = limits.responseKeptBytesMax,
  } = parts;
  const { keptMs = limits.responseKeptMs, random = Math.random } = parts;
  const counters = { hits: 0, misses: 0, fills: 0, refused: 0, dropped: 0, hitAgeMs: 0, replies: 0, bytes: 0 };
  const store = createStore(counters, bytesMax);
  const changes = createChangeMemory(
    clock,
    parts.droppedTagsMax ?? limits.droppedTagsRememberedMax,
    parts.graceMs ?? limits.logSilenceMs,
  );

  function fresh(entry: Entry | undefined): KeptReply | null {
    if (entry === undefined || !trusted()) return null;
    const nowMs = clock.now();
    if (entry.untilMs <= nowMs) {
      store.remove(entry);
      return null;
    }
    counters.hits += 1;
    counters.hitAgeMs += nowMs - entry.madeAtMs;
    return entry.reply;
  }

  return {
    counters,
    named: (alias) => fresh(store.named(alias)),
    get(key, alias) {
      const entry = store.get(key);
      const reply = fresh(entry);
      if (entry && reply) store.addAlias(entry, alias, clock.now());
      else counters.misses += 1;
      return reply;
    },
    begin: changes.now,
    put({ key, alias, reply, tags, maxAgeMs, begun }) {
      const isCurrent = trusted() && !changes.droppedSince(tags, begun);
      if (!isCurrent || reply.bytes.length > replyBytesMax || changes.droppedJustBefore(tags, begun)) {
        counters.refused += 1;
        return isCurrent;
      }
      const madeAtMs = clock.now();
      const untilMs = madeAtMs + Math.min(maxAgeMs, keptMs * (1 - random() / 4));
      const bytes = textBytes(key) + reply.bytes.length + tags.reduce((sum, tag) => sum + textBytes(tag), 0);
      const entry: Entry = { key, reply, tags, madeAtMs, untilMs, aliases: [], bytes };
      store.add(entry);
      store.addAlias(entry, alias, madeAtMs);
      counters.fills += 1;
      return true;
    },
    drop(tags) {
      changes.note(tags);
      counters.dropped += store.removeTagged(tags);
    },
  };
}

interface Entry {
  readonly key: string;
  readonly reply: KeptReply;
  readonly tags: readonly string[];
  readonly madeAtMs: number;
  readonly untilMs: number;
  readonly aliases: string[];
  bytes: number;
}

/** Replies by key, by alias and by tag. The oldest leave when there are too many bytes, and when their time is over. */
function createStore(counted: Pick<CacheCounters, "replies" | "bytes">, bytesMax: number) {
  /** In the order in which they were made, which is nearly the order in which they end. */
  const entries = new Map<string, Entry>();
  const aliases = new Map<string, Entry>();
  const byTag = new Map<string, Set<Entry>>();

  function remove(entry: Entry): void {
    entries.delete(entry.key);
    for (const alias of entry.aliases) aliases.delete(alias);
    for (const tag of entry.tags) {
      const tagged = byTag.get(tag);
      tagged?.delete(entry);
      if (tagged?.size === 0) byTag.delete(tag);
    }
    counted.bytes -= entry.bytes;
    counted.replies = entries.size;
  }

  function makeRoom(nowMs: number): void {
    for (const oldest of entries.values()) {
      if (counted.bytes <= bytesMax && oldest.untilMs > nowMs) return;
      remove(oldest);
    }
  }

  return {
    remove,
    get: (key: string) => entries.get(key),
    named: (alias: string) => aliases.get(alias),
    add(entry: Entry): void {
      const known = entries.get(entry.key);
      if (known) remove(known);
      entries.set(entry.key, entry);
      for (const tag of entry.tags) {
        const tagged = byTag.get(tag);
        if (tagged) tagged.add(entry);
        else byTag.set(tag, new Set([entry]));
      }
      counted.bytes += entry.bytes;
      counted.replies = entries.size;
    },
    addAlias(entry: Entry, alias: string, nowMs: number): void {
      aliases.set(alias, entry);
      entry.aliases.push(alias);
      entry.bytes += textBytes(alias);
      counted.bytes += textBytes(alias);
      makeRoom(nowMs);
    },
    /** How many that were; null: all. */
    removeTagged(tags: readonly string[] | null): number {
      const old = new Set(tags === null ? entries.values() : tags.flatMap((tag) => [...(byTag.get(tag) ?? [])]));
      for (const entry of old) remove(entry);
      return old.size;
    },
  };
}

/** Roughly, with what a map needs for it. */
function textBytes(text: string): number {
  return text.length + 100;
}
