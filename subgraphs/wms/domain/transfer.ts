/**
 * What the warehouses know of one line of a transfer: what may be shipped, what is on its way, what has arrived.
 *
 * The paper is the ERP's and comes by events; facts are counted whether it has come or not, so that both may come in
 * any order. Always: in transit = shipped - received - written off. Decides nothing about the order as a whole.
 */
import { AppError } from "../../../shared/errors.ts";
import type { TransferResolution } from "../../../shared/events/canonical-event.ts";
import type { Effect, StockFact } from "./stock-fact.ts";

/** Quantities in base units; a person never makes one negative, facts in any order may for a while. */
export interface TransferLine {
  readonly transferId: string;
  readonly sku: string;
  /** null, like both ends, until the paper has come. */
  readonly line: string | null;
  readonly originId: string | null;
  readonly destinationId: string | null;
  /** What the ERP approved, less what it took back. */
  readonly approved: number;
  /** The ERP cancelled or closed it. */
  readonly withdrawn: boolean;
  /** Picked for it at the origin, and not shipped yet. */
  readonly picked: number;
  readonly shipped: number;
  readonly received: number;
  /** Of what was shipped: nothing more is to come of it. */
  readonly settled: number;
  readonly writtenOff: number;
}

/** What a movement meant for its transfer. */
export interface CountedTransfer {
  readonly line: TransferLine;
  readonly destinationId: string | null;
  /** Of a shipment: the part that the ERP had committed. */
  readonly bridged: number;
  /** By how much `settled` moved. */
  readonly settled: number;
}

/** What the ERP says of a line. */
export type Paper =
  | {
      readonly type: "approved";
      readonly line: string | null;
      readonly originId: string;
      readonly destinationId: string | null;
      readonly quantity: number;
    }
  | { readonly type: "cancelled"; readonly quantity: number }
  | { readonly type: "resolved"; readonly resolution: TransferResolution; readonly quantity: number };

export function noTransferLine(transferId: string, sku: string): TransferLine {
  return {
    transferId,
    sku,
    line: null,
    originId: null,
    destinationId: null,
    approved: 0,
    withdrawn: false,
    picked: 0,
    shipped: 0,
    received: 0,
    settled: 0,
    writtenOff: 0,
  };
}

export function inTransitOf({ shipped, received, writtenOff }: TransferLine): number {
  return shipped - received - writtenOff;
}

/** What may still be shipped. */
export function openToShip({ approved, shipped, withdrawn }: TransferLine): number {
  return withdrawn ? 0 : Math.max(0, approved - shipped);
}

/** Null for a movement that is none of the transfer's: of another kind, or at a place that is not its end. */
export function countMovement(
  line: TransferLine,
  fact: Pick<StockFact, "type" | "locationId">,
  effect: Effect,
  final: boolean,
): CountedTransfer | null {
  if (effect.kind !== "move") return null;
  const end = fact.type === "RECEIPT" ? line.destinationId : line.originId;
  if (end !== null && end !== fact.locationId) return null;
  const { quantity } = effect;
  const counted = (change: Partial<TransferLine>, bridged = 0): CountedTransfer => {
    const after = { ...line, ...change };
    return { line: after, destinationId: line.destinationId, bridged, settled: after.settled - line.settled };
  };
  const picked = line.picked + effect.deltas.picked;
  switch (fact.type) {
    case "PICK":
      return counted({ picked });
    case "SHIPMENT": {
      // What the ERP took back is committed no longer, and `approved` says so.
      const bridged = Math.min(quantity, Math.max(0, line.approved - line.shipped));
      return counted({ picked, shipped: line.shipped + quantity }, bridged);
    }
    case "SHIPMENT_VOID": {
      const shipped = line.shipped - quantity;
      return counted({ picked, shipped, settled: Math.max(0, Math.min(line.settled, shipped)) });
    }
    case "RECEIPT":
      return counted({
        received: line.received + quantity,
        settled: final ? Math.max(line.settled, line.shipped) : line.settled,
      });
    default:
      return null;
  }
}

/** The line as the ERP's paper leaves it; approvals and cancellations commute. */
export function withPaper(line: TransferLine, paper: Paper): TransferLine {
  switch (paper.type) {
    case "approved": {
      const { originId, destinationId, quantity } = paper;
      return { ...line, line: paper.line, originId, destinationId, approved: line.approved + quantity };
    }
    case "cancelled":
      return { ...line, withdrawn: true, approved: line.approved - paper.quantity };
    case "resolved":
      return paper.resolution === "WRITTEN_OFF" ? { ...line, writtenOff: line.writtenOff + paper.quantity } : line;
  }
}

/** How much of what was found never to have left can be put back: no more than is still thought to be on its way. */
export function toPutBack(line: TransferLine, quantity: number): number {
  return Math.max(0, Math.min(quantity, inTransitOf(line)));
}

/**
 * May a person ship this much? `field`: the path of the line.
 * Fails with ILLEGAL_TRANSITION, TRANSFER_EXCEEDED.
 */
export function assertMayShip(line: TransferLine, quantity: number, field: readonly string[]): void {
  if (line.withdrawn) {
    throw new AppError("ILLEGAL_TRANSITION", { field, message: "The transfer was called off." });
  }
  if (line.line === null) {
    throw new AppError("ILLEGAL_TRANSITION", { field, message: "The transfer is not approved." });
  }
  const open = openToShip(line);
  if (quantity <= open) return;
  const message = `Of ${line.sku} ${open} may still be shipped.`;
  throw new AppError("TRANSFER_EXCEEDED", { field, available: open, message });
}

/** May a person receive this much? Fails with TRANSFER_EXCEEDED. */
export function assertMayReceive(line: TransferLine, quantity: number, field: readonly string[]): void {
  const open = Math.max(0, inTransitOf(line));
  if (quantity <= open) return;
  const message = `Of ${line.sku} ${open} are in transit.`;
  throw new AppError("TRANSFER_EXCEEDED", { field, available: open, message });
}
