/**
 * Facts → journal, balances, audit rows and canonical events, in the caller's transaction.
 *
 * The one way stock changes here, for commands and consumers alike. An event counts once per (source, id); a batch
 * costs the same few statements whether it has one event or a thousand. A refused event leaves no movement, and never
 * keeps the others from counting.
 */
import { canonicalHash } from "../../shared/canonical-json.ts";
import { isoTime } from "../../shared/clock.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import { type Buckets, noStock } from "../../shared/events/canonical-event.ts";
import { newId, positionText } from "../../shared/ids.ts";
import type { Cause, Recorder } from "../../shared/recorder.ts";
import {
  type Applied,
  applyStockEvent,
  mayOutlive,
  noBalance,
  type Position,
  type StockEvent,
} from "./domain/balance.ts";
import { toCanonicalEvent } from "./domain/canonical.ts";
import type { Effect, StockFact } from "./domain/stock-fact.ts";
import type { CountedTransfer } from "./domain/transfer.ts";
import type { MovementRow } from "./entities.ts";
import { followReceipts, newsOfMovements } from "./receipts.ts";
import { type Balances, lockOrCreateBalances, saveBalances } from "./store/balances.ts";
import { insertMovements, journalledEvents, laterMoves } from "./store/journal.ts";
import { openTransferCounts } from "./transfer-counts.ts";

export interface Posting {
  readonly source: string;
  /** What the audit row says was done. */
  readonly action: string;
  readonly nowMs: number;
  readonly entries: readonly Entry[];
  /** A last word before a new event counts, by what is in the position; refuses by throwing an AppError. */
  readonly admit?: (stock: Buckets, effect: Effect) => void;
}

export interface Entry {
  readonly fact: StockFact;
  /** As its sender said it, where codes of theirs stood for others of ours: what comes again is known by that. */
  readonly told?: StockFact;
  /** In base units, or why it has none. */
  readonly effect: Effect | AppError;
  /** The unit of the fact's quantity, as far as it is known. */
  readonly uom: string | null;
  /** Where it differs from the recorder's. */
  readonly cause?: Cause;
  /** Of a receipt of a transfer: nothing more is to come of what was shipped. */
  readonly final?: boolean;
}

export type Verdict =
  | { readonly status: "ACCEPTED" | "SUPERSEDED"; readonly movementId: string }
  | { readonly status: "DUPLICATE" }
  | { readonly status: "REJECTED"; readonly error: AppError };

/** A verdict per entry, in order. Rejects with QUANTITY_OUT_OF_RANGE, EVENT_ID_REUSED and what `effect`, `admit` say. */
export async function postFacts(tx: Transaction, recorder: Recorder, posting: Posting): Promise<Verdict[]> {
  const { source, entries } = posting;
  const understood = entries.filter(({ effect }) => !(effect instanceof AppError)).map(({ fact }) => fact);
  const facts = new Map(understood.map((fact) => [positionText(fact), fact]));
  const balances = await lockOrCreateBalances(tx, [...facts.values()]);
  // Under the locks, so that a copy of the same event on the same position has either been seen or waits for us.
  const hashes = await journalledEvents(tx, source, [...new Set(entries.map(({ fact }) => fact.id))]);
  const stored = await storedLaterMoves(tx, source, entries, balances);
  const counts = await openTransferCounts(tx, understood);
  const positions = new Map<string, Position>();
  const movements: MovementRow[] = [];

  function post(entry: Entry): Verdict {
    const { fact, effect } = entry;
    const hash = canonicalHash(entry.told ?? fact);
    const known = hashes.get(fact.id);
    if (known === hash) return { status: "DUPLICATE" };
    if (known !== undefined) throw new AppError("EVENT_ID_REUSED");
    if (effect instanceof AppError) throw effect;
    const key = positionText(fact);
    const position = positions.get(key) ?? { balance: balances.get(key) ?? noBalance, moves: [] };
    posting.admit?.(position.balance.stock, effect);
    const applied = applyStockEvent(position, eventOf(source, fact, effect), stored.get(entry));
    hashes.set(fact.id, hash);
    positions.set(key, applied.position);
    const movementId = newId(posting.nowMs);
    const { person } = entry.cause ?? recorder.cause;
    const counted = applied.outcome === "ACCEPTED" ? counts.count(fact, effect, person, entry.final ?? false) : null;
    movements.push(record(recorder, posting, { ...entry, effect, hash, movementId, applied, counted }));
    return { status: applied.outcome, movementId };
  }

  const verdicts = entries.map((entry): Verdict => {
    try {
      return post(entry);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { status: "REJECTED", error };
    }
  });
  await counts.save(tx);
  await insertMovements(tx, movements);
  await saveBalances(
    tx,
    [...positions].flatMap(([key, { balance }]) => {
      const fact = facts.get(key);
      return fact ? [[fact, balance] as const] : [];
    }),
  );
  await followReceipts(tx, recorder, newsOfMovements(movements), posting.nowMs);
  return verdicts;
}

/** What a position's journal holds that a snapshot among the entries does not cover; nothing where it cannot. */
async function storedLaterMoves(
  tx: Transaction,
  source: string,
  entries: readonly Entry[],
  balances: Balances,
): Promise<Map<Entry, Buckets>> {
  const asking = entries.filter(({ fact, effect }) => {
    if (effect instanceof AppError || effect.kind !== "count") return false;
    return mayOutlive(balances.get(positionText(fact)) ?? noBalance, eventOf(source, fact, effect));
  });
  const sums = await laterMoves(
    tx,
    asking.map(({ fact }) => ({ key: fact, at: { ...fact, source } })),
  );
  return new Map(asking.map((entry, i) => [entry, sums[i] ?? noStock]));
}

function eventOf(source: string, fact: StockFact, effect: Effect): StockEvent {
  return { source, sourceSeq: fact.sourceSeq, occurredAtMs: fact.occurredAtMs, effect };
}

interface Posted extends Entry {
  readonly effect: Effect;
  readonly hash: string;
  readonly movementId: string;
  readonly applied: Applied;
  readonly counted: CountedTransfer | null;
}

/** Audits the movement, tells it if it had an effect, and returns its row of the journal. */
function record(recorder: Recorder, { source, action, nowMs }: Posting, posted: Posted): MovementRow {
  const { fact, effect, uom, movementId, applied } = posted;
  const { balance } = applied.position;
  const accepted = applied.outcome === "ACCEPTED";
  const cause = posted.cause ?? recorder.cause;
  recorder.audit(
    {
      subject: `position:${fact.sku}|${fact.locationId}`,
      action,
      outcome: accepted ? "done" : applied.outcome,
      detail: {
        movementId,
        source,
        eventId: fact.id,
        type: fact.type,
        quantity: effect.quantity,
        deltas: applied.deltas,
        ...(effect.kind === "count" ? { counted: effect.stock } : {}),
      },
    },
    cause,
  );
  if (accepted) {
    const time = isoTime(fact.occurredAtMs);
    const { counted } = posted;
    recorder.event(toCanonicalEvent({ id: movementId, fact, effect, balance, uom, time, counted }), cause);
  }
  return {
    sku: fact.sku,
    location_id: fact.locationId,
    entry_no: balance.entries,
    movement_id: movementId,
    source,
    event_id: fact.id,
    content_hash: posted.hash,
    type: fact.type,
    status: applied.outcome,
    version: accepted ? balance.version : null,
    quantity: effect.quantity,
    entered_quantity: fact.quantity,
    unit: uom,
    from_bucket: effect.kind === "move" ? effect.from : null,
    to_bucket: effect.kind === "move" ? effect.to : null,
    unrestricted_delta: applied.deltas.unrestricted,
    picked_delta: applied.deltas.picked,
    dock_delta: applied.deltas.dock,
    damaged_delta: applied.deltas.damaged,
    hold_delta: applied.deltas.hold,
    expired_delta: applied.deltas.expired,
    quarantine_delta: applied.deltas.quarantine,
    source_seq: fact.sourceSeq,
    occurred_at_ms: fact.occurredAtMs,
    recorded_at_ms: nowMs,
    document_type: fact.documentRef?.type ?? null,
    document_id: fact.documentRef?.id ?? null,
    document_line: fact.documentRef?.line ?? null,
    reason_code: fact.reasonCode,
    note: fact.note,
    person: cause.person,
    correlation_id: cause.correlationId,
  };
}
