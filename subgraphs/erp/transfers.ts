/**
 * Transfers and the books: what a decision or a fact about a transfer changes at its two ends.
 *
 * Demand is committed at the origin for what is approved and not yet shipped; what is in transit is expected at the
 * destination. The units are never at both ends. Decides nothing: that is `domain/transfer.ts`.
 */
import type { Caller } from "../../shared/accounts.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { TransactionConflict } from "../../shared/db/retry.ts";
import { AppError } from "../../shared/errors.ts";
import type { Cause, Recorder } from "../../shared/recorder.ts";
import { type Book, openBook, type PositionKey } from "./domain/book.ts";
import { supplyEvent, transferDiscrepancyEvent, transferPaperEvent, transferResolvedEvent } from "./domain/events.ts";
import {
  committedOf,
  evolve,
  inboundOf,
  missingOf,
  placesOfTransfer,
  statusOf,
  type Transfer,
  type TransferEvent,
  type TransferFact,
  type TransferLine,
} from "./domain/transfer.ts";
import { lockPositions, saveBook } from "./store/books.ts";
import { sightOf } from "./store/master-data.ts";
import { endsOf, findTransfers, lockTransfers, saveTransfers } from "./store/transfers.ts";

/** A transfer and the positions at its ends, locked. */
export interface OpenTransfer {
  readonly transfer: Transfer;
  readonly book: Book;
}

/** Fails with UNKNOWN_DOCUMENT. */
export async function openTransfer(tx: Transaction, id: string, caller: Caller): Promise<OpenTransfer> {
  const found = (await findTransfers(tx, [id])).get(id);
  const [known] = await sightOf(caller, tx).only([found], placesOfTransfer);
  if (!known) throw new AppError("UNKNOWN_DOCUMENT", { field: ["input", "id"], message: `No such transfer: ${id}.` });
  const skus = known.lines.map(({ sku }) => sku);
  const book = openBook(await lockPositions(tx, endsOf(known, skus)));
  // Read again: it may have moved before the positions were ours.
  const transfer = (await lockTransfers(tx, [id])).get(id) ?? known;
  // A line that came meanwhile has no locked position: begin again.
  if (transfer.lines.length !== known.lines.length) throw new TransactionConflict("transfer_lines");
  return { book, transfer };
}

/** Books and tells what people decided, and stores it. */
export async function carryOut(
  tx: Transaction,
  recorder: Recorder,
  operation: string,
  { transfer: before, book }: OpenTransfer,
  events: readonly TransferEvent[],
  nowMs: number,
): Promise<Transfer> {
  const after = events.reduce<Transfer>(evolve, before);
  for (const event of events) {
    if (event.type === "decided") bookDecision(recorder, book, before, after);
    if (event.type === "resolved") {
      for (const { sku, quantity } of event.lines) {
        const version = book.nextVersion({ sku, locationId: after.originId });
        const resolved = { resolution: event.resolution, quantity };
        recorder.event(transferResolvedEvent(after, lineOf(after, sku), resolved, version));
      }
    }
  }
  tellDestination(recorder, book, before, after, recorder.cause);
  await saveTransfers(tx, [after]);
  await saveBook(tx, book, () => recorder.cause, nowMs);
  recorder.audit({
    subject: `transfer:${after.id}`,
    action: operation,
    detail: { before: statusOf(before), after: statusOf(after), transfer: after },
  });
  return after;
}

/** The transfers that a batch of warehouse events is about, in memory. */
export interface Transfers {
  /** The positions that the facts touch besides their own. */
  readonly ends: readonly PositionKey[];
  /** Under the positions' locks. */
  lock(tx: Transaction): Promise<void>;
  /** By how much committed demand moves at the fact's own position. Tells the destination what changed. */
  follow(recorder: Recorder, book: Book, fact: FactAt, cause: Cause): number;
  save(tx: Transaction): Promise<void>;
}

export interface FactAt {
  readonly transferId: string;
  readonly locationId: string;
  readonly fact: TransferFact;
}

export async function openTransfers(tx: Transaction, facts: readonly FactAt[]): Promise<Transfers> {
  const ids = facts.map(({ transferId }) => transferId);
  const known = await findTransfers(tx, ids);
  const states = new Map<string, Transfer>();
  const changed = new Set<string>();
  return {
    ends: facts.flatMap(({ transferId, fact }) => {
      const transfer = known.get(transferId);
      return transfer ? endsOf(transfer, [fact.sku]) : [];
    }),
    async lock(tx) {
      for (const [id, transfer] of await lockTransfers(tx, [...known.keys()])) states.set(id, transfer);
    },
    follow(recorder, book, { transferId, locationId, fact }, cause) {
      const before = states.get(transferId);
      const place = fact.type === "received" ? before?.destinationId : before?.originId;
      // The books follow the goods in any case; what its paper does not know is no part of the transfer.
      if (!before || place !== locationId) {
        recorder.audit(
          {
            subject: `transfer:${transferId}`,
            action: fact.type,
            outcome: "UNKNOWN_DOCUMENT",
            detail: { locationId, fact },
          },
          cause,
        );
        return 0;
      }
      const after = evolve(before, fact);
      states.set(transferId, after);
      changed.add(transferId);
      const detail = { before: statusOf(before), after: statusOf(after), decision: after.decision, fact };
      recorder.audit({ subject: `transfer:${transferId}`, action: fact.type, detail }, cause);
      tellDestination(recorder, book, before, after, cause);
      return committedOf(after, lineOf(after, fact.sku)) - committedBefore(before, fact.sku);
    },
    save: (tx) =>
      saveTransfers(
        tx,
        [...changed].flatMap((id) => states.get(id) ?? []),
      ),
  };
}

/** Of every line that was asked for, also where its demand does not move: the warehouse has to learn of each. */
function bookDecision(recorder: Recorder, book: Book, before: Transfer, after: Transfer): void {
  const approved = after.decision === "APPROVED";
  // What was never approved, the warehouse has never heard of.
  if (!approved && before.decision !== "APPROVED") return;
  const type = approved ? "transfer.approved" : "transfer.cancelled";
  const kind = approved ? "TRANSFER_COMMIT" : "TRANSFER_RELEASE";
  for (const line of after.lines.filter(({ requested }) => requested > 0)) {
    const key = { sku: line.sku, locationId: after.originId };
    const committedDelta = committedOf(after, line) - committedBefore(before, line.sku);
    const documentRef = { type: "TRANSFER", id: after.id, line: line.line };
    const entry = { kind, bookDelta: 0, committedDelta, documentRef, eventId: null, occurredAt: null } as const;
    const version = book.post(key, entry);
    recorder.event(transferPaperEvent(type, after, line, committedDelta, version));
  }
}

function tellDestination(recorder: Recorder, book: Book, before: Transfer, after: Transfer, cause: Cause): void {
  for (const line of after.lines) {
    const former = before.lines.find(({ sku }) => sku === line.sku);
    if (former === line) continue;
    const key = { sku: line.sku, locationId: after.destinationId };
    const inbound = inboundOf(after, line);
    const known = former ? inboundOf(before, former) : null;
    const matters = inbound.openQuantity > 0 || (known?.openQuantity ?? 0) > 0;
    if (matters && JSON.stringify(known) !== JSON.stringify(inbound)) {
      recorder.event(supplyEvent({ ...key, inbound }, book.nextVersion(key)), cause);
    }
    const missingBefore = former ? missingOf(former) : 0;
    if (missingOf(line) > missingBefore) {
      recorder.event(transferDiscrepancyEvent(after, line, book.nextVersion(key)), cause);
    }
  }
}

function committedBefore(before: Transfer, sku: string): number {
  const line = before.lines.find((other) => other.sku === sku);
  return line ? committedOf(before, line) : 0;
}

function lineOf(transfer: Transfer, sku: string): TransferLine {
  const found = transfer.lines.find((line) => line.sku === sku);
  if (!found) throw new AppError("INTERNAL", { message: `Transfer ${transfer.id} has no line for ${sku}.` });
  return found;
}
