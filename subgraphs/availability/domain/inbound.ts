/**
 * Supply still to come at one position: the ERP's word per document line, less what the dock has seen and the ERP not.
 *
 * Of each line the newest word counts, and a snapshot of the ERP replaces what is older than it: the order and the
 * repetition of events do not matter. A unit is never both on the dock and inbound.
 * Does not say when supply arrives, nor how much of it may be promised: that is `atp.ts`.
 */
import type { AnyEvent, DocumentRef, InboundLine, InboundType } from "../../../shared/events/canonical-event.ts";
import { isCovered, type Progress } from "../../../shared/events/owner-progress.ts";
import { limits } from "../../../shared/limits.ts";
import { daysBetween } from "./calendar.ts";

export interface DocumentLine {
  readonly documentType: InboundType;
  readonly documentId: string;
  /** "" where a receipt named none. */
  readonly line: string;
}

/** What the ERP last said about a line; 0 open units while an older word could still arrive. */
export interface SupplyLine extends DocumentLine {
  readonly openQuantity: number;
  readonly promisedOn: string | null;
  readonly from: string | null;
  readonly seq: number;
}

/** Received by the warehouse less posted by the ERP; below zero while the receipt itself is still on its way. */
export interface UnpostedReceipt extends DocumentLine {
  readonly quantity: number;
}

/** By `lineText`. */
export interface Inbound {
  readonly lines: ReadonlyMap<string, SupplyLine>;
  readonly unposted: ReadonlyMap<string, UnpostedReceipt>;
}

export const noInbound: Inbound = { lines: new Map(), unposted: new Map() };

/** A completed line: how late its supplier was. */
export interface LineArrival extends DocumentLine {
  readonly from: string;
  readonly daysLate: number;
  readonly seq: number;
}

/** Can the event change what is inbound? */
export function concernsInbound(event: AnyEvent): boolean {
  switch (event.type) {
    case "supply.expected.changed":
      return event.source === "erp";
    case "inventory.snapshot":
      return event.data.erp !== undefined;
    default:
      return receiptOf(event) !== null;
  }
}

/** `before`: how far the ERP's events had been applied to the position before this one. */
export function applyInbound(inbound: Inbound, event: AnyEvent, before: Progress): Inbound {
  if (event.type === "supply.expected.changed") {
    // Late, and a snapshot has covered it already.
    if (event.sourceSeq <= before.seq) return inbound;
    return withLine(inbound, toSupplyLine(event.data, event.sourceSeq));
  }
  if (event.type === "inventory.snapshot") {
    const { asOfSeq, erp } = event.data;
    if (!erp || isCovered(before, asOfSeq)) return inbound;
    const later = [...inbound.lines].filter(([, line]) => line.seq > asOfSeq);
    const lines = new Map(later);
    for (const told of erp.inbound) {
      const line = toSupplyLine(told, asOfSeq);
      if (!lines.has(lineText(line))) lines.set(lineText(line), line);
    }
    return { ...inbound, lines };
  }
  const receipt = receiptOf(event);
  return receipt ? withReceipt(inbound, receipt) : inbound;
}

/** Without what nothing can depend on any more: closed lines of which no older word can come, receipts posted. */
export function compacted({ lines, unposted }: Inbound, { seq }: Progress): Inbound {
  return {
    lines: new Map([...lines].filter(([, line]) => line.openQuantity > 0 || line.seq > seq)),
    unposted: new Map([...unposted].filter(([, receipt]) => receipt.quantity !== 0)),
  };
}

/** What is still to come, with what has been received but not posted taken off: by its line, else the earliest first. */
export function openSupply({ lines, unposted }: Inbound): SupplyLine[] {
  const unnamed = new Map<string, number>();
  for (const receipt of unposted.values()) {
    if (receipt.line === "") unnamed.set(documentText(receipt), Math.max(0, receipt.quantity));
  }
  const open: SupplyLine[] = [];
  for (const line of [...lines.values()].sort(byPromise)) {
    const named = Math.max(0, unposted.get(lineText(line))?.quantity ?? 0);
    const left = Math.max(0, line.openQuantity - named);
    const rest = unnamed.get(documentText(line)) ?? 0;
    const openQuantity = Math.max(0, left - rest);
    unnamed.set(documentText(line), Math.max(0, rest - left));
    if (openQuantity > 0) open.push({ ...line, openQuantity });
  }
  return open;
}

/** What the event says about a supplier's punctuality; early counts as on time. */
export function arrivalOf(event: AnyEvent): LineArrival | null {
  if (event.type !== "supply.expected.changed" || event.source !== "erp") return null;
  const { documentType, documentId, line, openQuantity, promisedOn, from, arrivedOn } = event.data;
  if (openQuantity > 0 || from === null || promisedOn === null || arrivedOn === null) return null;
  const daysLate = Math.min(limits.latenessDaysMax, Math.max(0, daysBetween(promisedOn, arrivedOn)));
  return { documentType, documentId, line, from, daysLate, seq: event.sourceSeq };
}

export function lineText({ documentType, documentId, line }: DocumentLine): string {
  return JSON.stringify([documentType, documentId, line]);
}

function toSupplyLine(told: InboundLine, seq: number): SupplyLine {
  const { documentType, documentId, line, openQuantity, promisedOn, from } = told;
  return { documentType, documentId, line, openQuantity: Math.max(0, openQuantity), promisedOn, from, seq };
}

function withLine(inbound: Inbound, line: SupplyLine): Inbound {
  const key = lineText(line);
  const known = inbound.lines.get(key);
  if (known && known.seq >= line.seq) return inbound;
  return { ...inbound, lines: new Map(inbound.lines).set(key, line) };
}

function withReceipt(inbound: Inbound, receipt: UnpostedReceipt): Inbound {
  const key = lineText(receipt);
  const quantity = (inbound.unposted.get(key)?.quantity ?? 0) + receipt.quantity;
  return { ...inbound, unposted: new Map(inbound.unposted).set(key, { ...receipt, quantity }) };
}

/** A receipt for a document opens what its posting closes again. */
function receiptOf(event: AnyEvent): UnpostedReceipt | null {
  const document = inboundDocument(event.documentRef);
  if (document === null) return null;
  switch (event.type) {
    case "receipt.recorded":
    case "transfer.received":
      return { ...document, quantity: event.quantity ?? 0 };
    case "erp.posting.acknowledged":
      return event.data.offset === "received" ? { ...document, quantity: event.data.offsetDelta } : null;
    default:
      return null;
  }
}

function inboundDocument(ref: DocumentRef | null): DocumentLine | null {
  if (ref?.type !== "PURCHASE_ORDER" && ref?.type !== "TRANSFER") return null;
  return { documentType: ref.type, documentId: ref.id, line: ref.line ?? "" };
}

function documentText({ documentType, documentId }: DocumentLine): string {
  return JSON.stringify([documentType, documentId]);
}

function byPromise(a: SupplyLine, b: SupplyLine): number {
  const [x, y] = [a.promisedOn ?? "9999-99-99", b.promisedOn ?? "9999-99-99"];
  if (x !== y) return x < y ? -1 : 1;
  return lineText(a) < lineText(b) ? -1 : 1;
}
