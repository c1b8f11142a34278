/**
 * A transfer order: asked for, decided by people, and carried out by the warehouses.
 *
 * Its status follows from the decision and the quantities alone, so facts may come in any order: a shipment that
 * overtook a cancellation is a shipment. Always: in transit = shipped - received - written off. There is no draft: a
 * request is submitted as it is made. Does not know stock, and moves none.
 */
import { AppError } from "../../../shared/errors.ts";
import type { InboundLine, TransferResolution } from "../../../shared/events/canonical-event.ts";

export const transferStatuses = [
  "PENDING_APPROVAL",
  "REJECTED",
  "APPROVED",
  "CANCELLED",
  "PICKING",
  "SHIPPED",
  "PARTIALLY_RECEIVED",
  "DISCREPANT",
  "RECEIVED",
  "CLOSED",
] as const;
export type TransferStatus = (typeof transferStatuses)[number];

/**
 * Where a transfer may go from where it is. Facts beat paper, so goods on the way lead out of every status; a shipment
 * that is voided as a whole leads back to what the decision alone says. What has arrived stays arrived.
 */
export const transitions: Readonly<Record<TransferStatus, readonly TransferStatus[]>> = {
  PENDING_APPROVAL: ["APPROVED", "PICKING", "REJECTED", "CANCELLED", "SHIPPED", "RECEIVED"],
  REJECTED: ["SHIPPED", "RECEIVED"],
  APPROVED: ["PICKING", "CANCELLED", "SHIPPED", "PARTIALLY_RECEIVED"],
  CANCELLED: ["SHIPPED", "RECEIVED"],
  PICKING: ["CANCELLED", "SHIPPED", "PARTIALLY_RECEIVED"],
  SHIPPED: [
    "PENDING_APPROVAL",
    "REJECTED",
    "APPROVED",
    "CANCELLED",
    "PICKING",
    "PARTIALLY_RECEIVED",
    "DISCREPANT",
    "RECEIVED",
  ],
  PARTIALLY_RECEIVED: ["DISCREPANT", "RECEIVED", "CLOSED"],
  DISCREPANT: ["PARTIALLY_RECEIVED", "RECEIVED", "CLOSED"],
  RECEIVED: ["PARTIALLY_RECEIVED", "DISCREPANT", "CLOSED"],
  CLOSED: ["PARTIALLY_RECEIVED", "DISCREPANT"],
};

/** What people decided; the rest of the status is what happened. */
export type Decision = "PENDING" | "APPROVED" | "REJECTED" | "CANCELLED" | "CLOSED";

/** Quantities in base units, net of what was voided. */
export interface TransferLine {
  /** 1, 2, 3, … as requested; the SKU itself for goods that nobody had asked for. */
  readonly line: string;
  readonly sku: string;
  readonly requested: number;
  readonly picked: number;
  readonly shipped: number;
  readonly received: number;
  /** Of what was shipped: nothing more is to come of it, so what did not arrive is missing. */
  readonly settled: number;
  readonly writtenOff: number;
  /** Found never to have left, of which the warehouse has already put back `putBack`. */
  readonly notShipped: number;
  readonly putBack: number;
  /** RFC 3339 date of the last receipt. */
  readonly receivedOn: string | null;
}

export interface Transfer {
  readonly id: string;
  readonly originId: string;
  readonly destinationId: string;
  readonly decision: Decision;
  /** RFC 3339 date. */
  readonly needBy: string | null;
  readonly reference: string | null;
  readonly reason: string | null;
  readonly requestedBy: string;
  readonly requestedAtMs: number;
  readonly decidedBy: string | null;
  readonly decidedAtMs: number | null;
  readonly note: string | null;
  /** Who shipped or received any of it, sorted. */
  readonly hands: readonly string[];
  /** One more with every event. */
  readonly version: number;
  readonly lines: readonly TransferLine[];
}

export interface LineQuantity {
  readonly sku: string;
  readonly quantity: number;
}

export interface TransferRequest
  extends Pick<
    Transfer,
    "id" | "originId" | "destinationId" | "needBy" | "reference" | "reason" | "requestedBy" | "requestedAtMs"
  > {
  readonly lines: readonly LineQuantity[];
}

/** What a warehouse did. */
export type TransferFact =
  | (LineQuantity & { readonly type: "picked" })
  | (LineQuantity & { readonly type: "shipped"; readonly person: string })
  | (LineQuantity & { readonly type: "voided"; readonly settled: number; readonly putBack: boolean })
  | (LineQuantity & {
      readonly type: "received";
      readonly settled: number;
      readonly person: string;
      readonly on: string;
    });

export type TransferEvent =
  | { readonly type: "requested"; readonly request: TransferRequest }
  | {
      readonly type: "decided";
      readonly decision: Exclude<Decision, "PENDING">;
      readonly by: string;
      readonly atMs: number;
      readonly note: string | null;
    }
  | {
      readonly type: "resolved";
      readonly resolution: TransferResolution;
      readonly lines: readonly LineQuantity[];
      readonly by: string;
      readonly atMs: number;
      readonly note: string | null;
    }
  | TransferFact;

export type DecisionCommand = "approve" | "reject" | "cancel" | "close";

const decisionOf = { approve: "APPROVED", reject: "REJECTED", cancel: "CANCELLED", close: "CLOSED" } as const;

/** When people may decide what; a refused command changes nothing. */
const allowedFrom: Readonly<Record<DecisionCommand | "resolve", readonly TransferStatus[]>> = {
  // Goods may have left before the paper was signed.
  approve: ["PENDING_APPROVAL", "SHIPPED", "PARTIALLY_RECEIVED", "DISCREPANT", "RECEIVED"],
  reject: ["PENDING_APPROVAL"],
  cancel: ["PENDING_APPROVAL", "APPROVED", "PICKING"],
  close: ["PARTIALLY_RECEIVED", "RECEIVED"],
  resolve: ["SHIPPED", "PARTIALLY_RECEIVED", "DISCREPANT"],
};

export interface Decider {
  readonly type: DecisionCommand;
  readonly person: string;
  readonly note: string | null;
  /** Worth more than one person may both ask for and approve. */
  readonly aboveLimit: boolean;
}

export function placesOfTransfer({ originId, destinationId }: Transfer): string[] {
  return [originId, destinationId];
}

/** Fails with ILLEGAL_TRANSITION, SAME_PERSON. */
export function decide(state: Transfer, command: Decider, nowMs: number): TransferEvent[] {
  const { type, person, note } = command;
  assertAllowed(state, type);
  const twice = type === "approve" && state.decision !== "PENDING";
  if (twice || (type === "close" && isUnfinished(state))) throw illegal(state, type);
  if (type === "approve" && command.aboveLimit && person === state.requestedBy) {
    const message = "Who asked for a transfer of this value does not approve it.";
    throw new AppError("SAME_PERSON", { field: ["input", "id"], message });
  }
  return [{ type: "decided", decision: decisionOf[type], by: person, atMs: nowMs, note }];
}

export interface Resolver {
  readonly resolution: TransferResolution;
  readonly person: string;
  readonly note: string | null;
  /** Nothing of it will arrive: also of what nobody has reported missing. */
  readonly allInTransit: boolean;
}

/** Of whatever is missing and nobody has resolved yet. Fails with ILLEGAL_TRANSITION, SAME_PERSON. */
export function resolveDiscrepancy(state: Transfer, command: Resolver, nowMs: number): TransferEvent[] {
  const { resolution, person, note, allInTransit } = command;
  assertAllowed(state, "resolve");
  const goneOf = (line: TransferLine) => (allInTransit ? inTransitOf(line) : missingOf(line));
  const lines = state.lines.map((line) => ({ sku: line.sku, quantity: goneOf(line) - toBePutBack(line) }));
  const missing = lines.filter(({ quantity }) => quantity > 0);
  if (missing.length === 0) throw illegal(state, "resolve");
  if (state.hands.includes(person)) {
    const message = "Who shipped or received a transfer does not say what became of the missing goods.";
    throw new AppError("SAME_PERSON", { field: ["input", "id"], message });
  }
  return [{ type: "resolved", resolution, lines: missing, by: person, atMs: nowMs, note }];
}

/** The state after `event`; null is a transfer that does not exist yet. */
export function evolve(state: Transfer | null, event: TransferEvent): Transfer {
  if (event.type === "requested") return requested(event.request);
  if (state === null) throw new AppError("UNKNOWN_DOCUMENT");
  const after = { ...state, version: state.version + 1 };
  switch (event.type) {
    case "decided":
      return { ...after, decision: event.decision, ...decidedBy(event) };
    case "resolved":
      return event.lines.reduce<Transfer>(
        (next, { sku, quantity }) =>
          change(next, sku, (line) =>
            event.resolution === "WRITTEN_OFF"
              ? { writtenOff: line.writtenOff + quantity }
              : { notShipped: line.notShipped + quantity },
          ),
        { ...after, ...decidedBy(event) },
      );
    case "picked":
      return change(after, event.sku, (line) => ({ picked: line.picked + event.quantity }));
    case "shipped":
      return change(withHand(after, event.person), event.sku, (line) => ({ shipped: line.shipped + event.quantity }));
    case "voided":
      return change(after, event.sku, (line) => ({
        shipped: line.shipped - event.quantity,
        settled: line.settled + event.settled,
        putBack: line.putBack + (event.putBack ? event.quantity : 0),
      }));
    case "received":
      return change(withHand(after, event.person), event.sku, (line) => ({
        received: line.received + event.quantity,
        settled: line.settled + event.settled,
        receivedOn: laterOf(line.receivedOn, event.on),
      }));
  }
}

/** Negative where more was received than was shipped, as far as reported. */
export function inTransitOf(line: TransferLine): number {
  return line.shipped - line.received - line.writtenOff;
}

/** Units that left and are not to come any more, and nobody has written off. */
export function missingOf(line: TransferLine): number {
  return Math.max(0, Math.min(line.settled, line.shipped) - line.received - line.writtenOff);
}

/** What the origin has committed to a line: never more than was asked for, also when a void overtook its shipment. */
export function committedOf({ decision }: Pick<Transfer, "decision">, line: TransferLine): number {
  return decision === "APPROVED" ? Math.max(0, line.requested - Math.max(0, line.shipped)) : 0;
}

export function statusOf(state: Transfer): TransferStatus {
  const { decision, lines } = state;
  if (lines.some((line) => missingOf(line) > 0)) return "DISCREPANT";
  if (!lines.some((line) => line.shipped > 0 || line.received > 0)) return beforeShipping(state);
  if (lines.every((line) => inTransitOf(line) <= 0)) {
    if (decision === "CLOSED") return "CLOSED";
    const isComplete = decision !== "APPROVED" || lines.every((line) => committedOf(state, line) === 0);
    return isComplete ? "RECEIVED" : "PARTIALLY_RECEIVED";
  }
  return lines.some((line) => line.received > 0) ? "PARTIALLY_RECEIVED" : "SHIPPED";
}

/** What the destination may expect of a line. */
export function inboundOf(state: Transfer, line: TransferLine): InboundLine {
  const openQuantity = Math.max(0, inTransitOf(line));
  return {
    documentType: "TRANSFER",
    documentId: state.id,
    line: line.line,
    openQuantity,
    orderedQuantity: Math.max(0, line.shipped),
    promisedOn: state.needBy,
    from: state.originId,
    arrivedOn: openQuantity === 0 ? line.receivedOn : null,
  };
}

function beforeShipping({ decision, lines }: Transfer): TransferStatus {
  if (decision === "REJECTED" || decision === "CANCELLED" || decision === "CLOSED") return decision;
  if (decision === "PENDING") return "PENDING_APPROVAL";
  return lines.some((line) => line.picked > 0) ? "PICKING" : "APPROVED";
}

function requested({ lines, ...head }: TransferRequest): Transfer {
  return {
    ...head,
    decision: "PENDING",
    decidedBy: null,
    decidedAtMs: null,
    note: null,
    hands: [],
    version: 1,
    lines: lines.map(({ sku, quantity }, index) => ({ ...emptyLine(String(index + 1), sku), requested: quantity })),
  };
}

function emptyLine(line: string, sku: string): TransferLine {
  const quantities = { requested: 0, picked: 0, shipped: 0, received: 0, settled: 0, writtenOff: 0 };
  return { line, sku, ...quantities, notShipped: 0, putBack: 0, receivedOn: null };
}

/** A fact about goods that nobody had asked for adds their line, behind the others and by SKU. */
function change(state: Transfer, sku: string, changeOf: (line: TransferLine) => Partial<TransferLine>): Transfer {
  const known = state.lines.some((line) => line.sku === sku);
  const lines = known ? state.lines : [...state.lines, emptyLine(sku, sku)].sort(asAskedThenBySku);
  return { ...state, lines: lines.map((line) => (line.sku === sku ? { ...line, ...changeOf(line) } : line)) };
}

function asAskedThenBySku(a: TransferLine, b: TransferLine): number {
  if (a.requested > 0 || b.requested > 0) return Number(b.requested > 0) - Number(a.requested > 0);
  return a.sku < b.sku ? -1 : 1;
}

function withHand(state: Transfer, person: string): Transfer {
  return state.hands.includes(person) ? state : { ...state, hands: [...state.hands, person].sort() };
}

function decidedBy({ by, atMs, note }: { readonly by: string; readonly atMs: number; readonly note: string | null }) {
  return { decidedBy: by, decidedAtMs: atMs, note };
}

function laterOf(a: string | null, b: string): string {
  return a !== null && a > b ? a : b;
}

/** Found never to have left, and not yet put back. */
function toBePutBack({ notShipped, putBack }: TransferLine): number {
  return Math.max(0, notShipped - putBack);
}

/** Is anything still on its way? Then it cannot be closed. */
function isUnfinished(state: Transfer): boolean {
  return state.decision === "CLOSED" || state.lines.some((line) => inTransitOf(line) > 0);
}

function assertAllowed(state: Transfer, type: DecisionCommand | "resolve"): void {
  if (!allowedFrom[type].includes(statusOf(state))) throw illegal(state, type);
}

function illegal(state: Transfer, type: string): AppError {
  const message = `A transfer that is ${statusOf(state)} does not allow to ${type} it.`;
  return new AppError("ILLEGAL_TRANSITION", { field: ["input", "id"], message });
}
