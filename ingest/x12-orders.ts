/**
 * X12 sets about orders: 850, 855, 860 (purchase orders), 856, 943 (goods on their way), 940 (orders to ship), 180
 * (returns to come).
 *
 * An order is always told whole, because a change in part means nothing to whoever has not seen the rest.
 */
import { limits } from "../shared/limits.ts";
import {
  assertLines,
  codeOf,
  type IntakeCommand,
  type PartnerOrder,
  type PartnerOrderLine,
  Refusal,
} from "./intake-message.ts";
import type { X12Segment } from "./x12-segments.ts";
import {
  assertTotal,
  datedOf,
  dateOf,
  documentOf,
  el,
  firstOf,
  itemOf,
  loopsOf,
  momentOf,
  needed,
  partyOf,
  placeOf,
  quantityOf,
  siteOf,
  uomOf,
  type X12Set,
} from "./x12-set.ts";

type Loop = readonly [X12Segment, ...X12Segment[]];

const requested = ["002", "010", "074", "001", "037"];

/** 850: an order that is placed. */
export function readPurchaseOrder(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "BEG");
  const cancelled = purposeOf(head, 1, ["00", "05", "06", "22"], ["01"]);
  const { before, loops } = loopsOf(set.segments, "PO1");
  const header = partiesAmong(set);
  assertTotal(set, "CTT", 1, loops.length);
  const supplier = partyOf(header, "SE", "SU", "VN") ?? set.receiver;
  const order = { id: documentOf(head, 3), supplier, orderedOn: dateOf(head, 5) };
  const lines = loops.map((loop, i) => orderLine(set, loop, i, before, header));
  return [toOrder(order, cancelled ? "CANCELLED" : "PENDING", before, lines)];
}

function orderLine(
  set: X12Set,
  loop: Loop,
  index: number,
  before: readonly X12Segment[],
  header: readonly X12Segment[],
): PartnerOrderLine {
  const [line] = loop;
  const promised = datedOf(loop, "DTM", ...requested) ?? datedOf(before, "DTM", ...requested);
  return {
    line: lineOf(line, 1, index),
    sku: itemOf(line, 6),
    locationId: siteOf(header, "ST", "WH"),
    ordered: quantityOf(line, 2),
    ...uomOf(set, line, 3),
    ...(promised === undefined ? {} : { promisedOn: promised.slice(0, 10) }),
  };
}

const refusedLines = new Set(["IR", "ID", "R1", "R2", "R3", "R4"]);

/** 855: what a supplier says to an order. Lines it refuses are not expected. */
export function readOrderAcknowledgement(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "BAK");
  const cancelled = purposeOf(head, 1, ["00", "05", "06"], ["01"]);
  const kind = needed(head, 2);
  const { before, loops } = loopsOf(set.segments, "PO1");
  const header = partiesAmong(set);
  const refused = kind === "RD" || kind === "RJ";
  // Agreed to as it was sent: nothing is said about the lines, and nothing changes.
  if (loops.length === 0 && !refused && !cancelled) return [];
  assertTotal(set, "CTT", 1, loops.length);
  const supplier = partyOf(header, "SE", "SU", "VN") ?? set.sender;
  const order = { id: documentOf(head, 3), supplier, orderedOn: dateOf(head, 4) };
  const all = loops.map((loop, i) => orderLine(set, loop, i, before, header));
  const agreed = loops.flatMap((loop, i) => agreedLine(loop, all[i] as PartnerOrderLine));
  if (cancelled) return [toOrder(order, "CANCELLED", before, all)];
  const nothing = refused || agreed.length === 0;
  return [toOrder(order, nothing ? "REJECTED" : "APPROVED", before, nothing ? all : agreed)];
}

function agreedLine(loop: Loop, line: PartnerOrderLine): readonly PartnerOrderLine[] {
  const answers = loop.filter(({ tag }) => tag === "ACK");
  if (answers.length === 0) return [line];
  let ordered = 0;
  for (const answer of answers) {
    const said = el(answer, 2) === undefined ? line.ordered : quantityOf(answer, 2, { zero: true });
    if (!refusedLines.has(needed(answer, 1))) ordered += said;
  }
  const schedule = loop.find((one) => one.tag === "SCH" && el(one, 6) !== undefined);
  const promisedOn = schedule ? { promisedOn: dateOf(schedule, 6) } : {};
  return ordered > 0 ? [{ ...line, ordered, ...promisedOn }] : [];
}

/** 860: a change that tells the order anew, or calls it off; a change in part is not taken. */
export function readOrderChange(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "BCH");
  const cancelled = purposeOf(head, 1, ["05"], ["01"]);
  const { before, loops } = loopsOf(set.segments, "POC");
  const header = partiesAmong(set);
  assertTotal(set, "CTT", 1, loops.length);
  const supplier = partyOf(header, "SE", "SU", "VN") ?? set.receiver;
  const order = { id: documentOf(head, 3), supplier, orderedOn: dateOf(head, 6) };
  const lines = loops.flatMap((loop, i): PartnerOrderLine[] => {
    const [line] = loop;
    if (!cancelled && el(line, 2) === "DI") return [];
    const promised = datedOf(loop, "DTM", ...requested) ?? datedOf(before, "DTM", ...requested);
    const told = {
      line: lineOf(line, 1, i),
      sku: itemOf(line, 8),
      locationId: siteOf(header, "ST", "WH"),
      ordered: quantityOf(line, 3),
      ...uomOf(set, line, 5),
    };
    return [{ ...told, ...(promised === undefined ? {} : { promisedOn: promised.slice(0, 10) }) }];
  });
  return [toOrder(order, cancelled ? "CANCELLED" : "PENDING", before, lines)];
}

/** 856: a shipment of one or more orders has left. */
export function readShipNotice(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "BSN");
  purposeOf(head, 1, ["00", "05", "06", "14", "22"], []);
  const { before, loops } = loopsOf(set.segments, "HL");
  assertTotal(set, "CTT", 1, loops.length);
  const shipment = loops.find(([level]) => el(level, 3) === "S") ?? before;
  const locationId = siteOf([...shipment, ...partiesAmong(set)], "ST", "WH");
  const occurredAt = datedOf(shipment, "DTM", "011") ?? momentOf(head, 3, 4);
  for (const segment of set.segments) if (segment.tag === "SN1") quantityOf(segment, 2, { zero: true });
  const orders = loops.flatMap((loop) => loop.filter(({ tag }) => tag === "PRF").map((prf) => documentOf(prf, 1)));
  if (orders.length === 0) throw new Refusal("ORDER_REFERENCE_MISSING", "PRF", { segment: "PRF" });
  return progressOf([...new Set(orders)], locationId, occurredAt);
}

/** 943: the owner of goods has sent them to a warehouse. */
export function readStockTransferShipment(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "W06");
  const { loops } = loopsOf(set.segments, "W04");
  assertLines(loops);
  let total = 0;
  for (const [line] of loops) {
    itemOf(line, 4, 3);
    total += quantityOf(line, 1);
  }
  assertTotal(set, "W03", 1, total);
  const order = documentOf(head, el(head, 2) === undefined ? 6 : 2);
  return progressOf([order], siteOf(partiesAmong(set), "WH", "ST"), momentOf(head, 3));
}

function progressOf(orders: readonly string[], locationId: string, occurredAt: string): readonly IntakeCommand[] {
  assertLines(orders, limits.intakeBatchMessagesMax);
  return orders.map((purchaseOrderId) => ({
    kind: "receiptProgress",
    progress: { purchaseOrderId, locationId, step: "SHIPPED", occurredAt },
  }));
}

/** 940: an order that a warehouse is to ship, or no longer. */
export function readShippingOrder(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "W05");
  const status = needed(head, 1);
  const orderId = documentOf(head, 2);
  if (status === "F") return [{ kind: "deallocation", orderId }];
  if (status !== "N") throw new Refusal("PURPOSE_UNSUPPORTED", status, placeOf(head, 1));
  const { before, loops } = loopsOf(set.segments, "LX");
  const locationId = siteOf(before, "WH", "SF");
  const lines = loops.flatMap((loop) => {
    const [level] = loop;
    const items = loop.filter(({ tag }) => tag === "W01");
    return items.map((item, i) => ({
      line: items.length === 1 ? needed(level, 1) : `${needed(level, 1)}.${i + 1}`,
      sku: itemOf(item, 4, 3),
      locationId,
      quantity: quantityOf(item, 1),
      ...uomOf(set, item, 2),
    }));
  });
  assertLines(lines);
  assertTotal(
    set,
    "W76",
    1,
    lines.reduce((sum, { quantity }) => sum + quantity, 0),
  );
  return [{ kind: "allocation", allocation: { orderId, lines } }];
}

/** 180: goods that a customer may send back. */
export function readReturn(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "BGN");
  purposeOf(head, 1, ["00", "06", "11"], []);
  const { before, loops } = loopsOf(set.segments, "BLI");
  const order = set.segments.find(({ tag }) => tag === "PRF");
  if (!order) throw new Refusal("ORDER_REFERENCE_MISSING", "PRF", { segment: "PRF" });
  const lines = loops.map((loop) => {
    const [item] = loop;
    const reason = [...loop, ...before].find((one) => one.tag === "RDR" && el(one, 2) !== undefined);
    if (!reason) throw new Refusal("VALUE_MISSING", "RDR02", placeOf(item));
    return {
      sku: itemOf(item, 1),
      quantity: quantityOf(item, 3),
      ...uomOf(set, item, 4),
      reasonCode: codeOf(el(reason, 2), "reason", limits.reasonCodeLengthMax, placeOf(reason, 2)),
    };
  });
  assertLines(lines);
  const locationId = siteOf(partiesAmong(set), "RC", "ST", "WH");
  const authorization = { id: documentOf(head, 2), orderId: documentOf(order, 1), locationId, lines };
  return [{ kind: "returnAuthorization", authorization }];
}

interface OrderHead {
  readonly id: string;
  readonly supplier: string;
  readonly orderedOn: string;
}

function toOrder(
  { id, supplier, orderedOn }: OrderHead,
  status: PartnerOrder["status"],
  before: readonly X12Segment[],
  lines: readonly PartnerOrderLine[],
): IntakeCommand {
  assertLines(lines);
  const supplierId = codeOf(supplier, "supplier", limits.supplierIdLengthMax, { segment: "N1" });
  const expected = datedOf(before, "DTM", ...requested);
  const expectedOn = expected === undefined ? {} : { expectedOn: expected.slice(0, 10) };
  return { kind: "purchaseOrder", order: { id, supplierId, status, orderedOn, ...expectedOn, lines } };
}

/** Does it call off what was said before? Fails with PURPOSE_UNSUPPORTED for what is neither. */
function purposeOf(segment: X12Segment, n: number, whole: readonly string[], cancelling: readonly string[]): boolean {
  const purpose = needed(segment, n);
  if (cancelling.includes(purpose)) return true;
  if (whole.includes(purpose)) return false;
  throw new Refusal("PURPOSE_UNSUPPORTED", purpose, placeOf(segment, n));
}

function lineOf(segment: X12Segment, n: number, index: number): string {
  return codeOf(el(segment, n) ?? String(index + 1), "line", limits.documentIdLengthMax, placeOf(segment, n));
}

/** Some writers put the parties of the whole behind the lines. */
function partiesAmong(set: X12Set): readonly X12Segment[] {
  return set.segments.filter(({ tag }) => tag === "N1");
}
