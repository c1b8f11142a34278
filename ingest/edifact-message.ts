/**
 * EDIFACT messages → commands: ORDERS, ORDRSP, DESADV, RECADV, INVRPT.
 *
 * Read by segment, in the subsets that GS1 and the automotive industry use; what a message does not say is refused, not
 * guessed. Times without a zone are read as UTC.
 */
import { limits } from "../shared/limits.ts";
import type { EdifactSegment } from "./edifact-segments.ts";
import {
  assertLines,
  codeOf,
  type IntakeCommand,
  locationOf,
  type PartnerOrder,
  type PartnerOrderLine,
  type PartnerStockEvent,
  type Place,
  Refusal,
  skuOf,
  unitOf,
  utcOf,
  wholeOf,
} from "./intake-message.ts";

export interface EdifactMessage {
  /** UNH 0065, e.g. `DESADV`. */
  readonly type: string;
  /** Between UNH and UNT. */
  readonly segments: readonly EdifactSegment[];
  readonly sender: string;
  readonly receiver: string;
  /** What every event of it is named after. */
  readonly id: string;
}

type Loop = readonly [EdifactSegment, ...EdifactSegment[]];

/** Component `c`, from 0, of element `n`, from 1; undefined where it is absent or empty. */
function at(segment: EdifactSegment | undefined, n: number, c = 0): string | undefined {
  const value = segment?.elements[n]?.[c]?.trim();
  return value === "" ? undefined : value;
}

function placeOf(segment: EdifactSegment): Place {
  return { line: segment.line, segment: segment.tag };
}

function find(segments: readonly EdifactSegment[], tag: string, ...qualifiers: readonly string[]) {
  for (const qualifier of qualifiers) {
    const found = segments.find((one) => one.tag === tag && (one.elements[1]?.[0] ?? "").trim() === qualifier);
    if (found) return found;
  }
  return undefined;
}

/** What stands before the first line, and each line with what belongs to it. UNS ends the lines. */
function linesOf(message: EdifactMessage) {
  const before: EdifactSegment[] = [];
  const loops: [EdifactSegment, ...EdifactSegment[]][] = [];
  let summary = false;
  for (const segment of message.segments) {
    if (segment.tag === "UNS" && at(segment, 1) === "S") summary = true;
    else if (summary) before.push(segment);
    else if (segment.tag === "LIN") loops.push([segment]);
    else if (segment.tag === "CPS") before.push(segment);
    else (loops.at(-1) ?? before).push(segment);
  }
  return { before, loops: loops as readonly Loop[] };
}

const requested = ["2", "69", "76", "63", "64", "10"];

/** ORDERS: an order that is placed; ORDRSP: what its supplier says to it. Fails with Refusal. */
export function readOrder(message: EdifactMessage): readonly IntakeCommand[] {
  const { before, loops } = linesOf(message);
  const head = message.segments.find(({ tag }) => tag === "BGM");
  if (!head) throw new Refusal("VALUE_MISSING", "BGM", { segment: "BGM" });
  const answer = message.type === "ORDRSP";
  const status = answer ? answerOf(head, loops.length) : orderStatusOf(head);
  if (status === null) return [];
  const order = answer ? find(before, "RFF", "ON") : undefined;
  const number = answer ? at(order, 1, 1) : at(head, 2);
  if (number === undefined) throw new Refusal("ORDER_REFERENCE_MISSING", answer ? "RFF+ON" : "BGM", placeOf(head));
  const place = partyOf(before, "DP", "ST", "UC");
  const expected = dateOf(find(before, "DTM", ...requested));
  const lines = loops.flatMap((loop, i) => orderLine(loop, i, place, expected));
  assertLines(lines);
  const supplier = partyOf(before, "SU", "SE") ?? (answer ? message.sender : message.receiver);
  // In an answer, 171 is the date of the order that it refers to.
  const orderedOn = dateOf((answer && find(before, "DTM", "171")) || find(before, "DTM", "4", "137"));
  if (orderedOn === undefined) throw new Refusal("VALUE_MISSING", "DTM+137", { segment: "DTM" });
  return [
    {
      kind: "purchaseOrder",
      order: {
        id: codeOf(number, "order", limits.documentIdLengthMax, placeOf(head)),
        supplierId: codeOf(supplier, "supplier", limits.supplierIdLengthMax, { segment: "NAD" }),
        status,
        orderedOn,
        ...(expected === undefined ? {} : { expectedOn: expected }),
        lines,
      },
    },
  ];
}

/** BGM 1225: what the document is for. Fails with PURPOSE_UNSUPPORTED. */
function orderStatusOf(head: EdifactSegment): PartnerOrder["status"] {
  const purpose = at(head, 3) ?? "9";
  if (purpose === "1") return "CANCELLED";
  if (["5", "7", "9", "31"].includes(purpose)) return "PENDING";
  throw new Refusal("PURPOSE_UNSUPPORTED", purpose, placeOf(head));
}

/** Null: agreed to without lines, so nothing changes. Fails with PURPOSE_UNSUPPORTED. */
function answerOf(head: EdifactSegment, lines: number): PartnerOrder["status"] | null {
  const purpose = at(head, 3) ?? "";
  if (purpose === "27") return "REJECTED";
  if (!["4", "9", "12", "29"].includes(purpose)) throw new Refusal("PURPOSE_UNSUPPORTED", purpose, placeOf(head));
  return lines === 0 ? null : "APPROVED";
}

function orderLine(loop: Loop, index: number, site: string | undefined, expected: string | undefined) {
  const [line] = loop;
  // LIN 1229: 7 not accepted, 2 deleted.
  if (["2", "7"].includes(at(line, 2) ?? "")) return [];
  const quantity = find(loop, "QTY", "113", "21", "12");
  const promised = dateOf(find(loop, "DTM", ...requested)) ?? expected;
  const told: PartnerOrderLine = {
    line: codeOf(at(line, 1) ?? String(index + 1), "line", limits.documentIdLengthMax, placeOf(line)),
    sku: itemOf(loop),
    locationId: locationOf(at(find(loop, "LOC", "7", "11", "159"), 2) ?? site, placeOf(line)),
    ordered: wholeOf(at(quantity, 1, 1), quantity ? placeOf(quantity) : placeOf(line)),
    ...unitOf(at(quantity, 1, 2), placeOf(line)),
    ...(promised === undefined ? {} : { promisedOn: promised }),
  };
  return [told];
}

/** DESADV: goods of one or more orders have left. */
export function readDespatchAdvice(message: EdifactMessage): readonly IntakeCommand[] {
  const { before, loops } = linesOf(message);
  assertLines(loops);
  const locationId = locationOf(partyOf(before, "DP", "ST", "UC") ?? at(find(before, "LOC", "11", "7"), 2));
  const shipped = find(before, "DTM", "11", "137");
  if (!shipped) throw new Refusal("VALUE_MISSING", "DTM+11", { segment: "DTM" });
  const occurredAt = momentOf(shipped);
  const general = at(find(before, "RFF", "ON"), 1, 1);
  const orders = loops.map((loop) => {
    const [line] = loop;
    itemOf(loop);
    const quantity = find(loop, "QTY", "12");
    wholeOf(at(quantity, 1, 1), placeOf(quantity ?? line), { zero: true });
    const order = at(find(loop, "RFF", "ON"), 1, 1) ?? general;
    if (order === undefined) throw new Refusal("ORDER_REFERENCE_MISSING", "RFF+ON", placeOf(line));
    return codeOf(order, "order", limits.documentIdLengthMax, placeOf(line));
  });
  const distinct = [...new Set(orders)];
  assertLines(distinct, limits.intakeBatchMessagesMax);
  return distinct.map((purchaseOrderId) => ({
    kind: "receiptProgress",
    progress: { purchaseOrderId, locationId, step: "SHIPPED", occurredAt },
  }));
}

type Draft = Omit<PartnerStockEvent, "id">;

function toEvents(message: EdifactMessage, drafts: readonly Draft[]): readonly IntakeCommand[] {
  assertLines(drafts);
  return [{ kind: "stockEvents", events: drafts.map((draft, i) => ({ id: `${message.id}:${i + 1}`, ...draft })) }];
}

/** RECADV: what arrived; 195, received and not accepted, lies apart. */
export function readReceivingAdvice(message: EdifactMessage): readonly IntakeCommand[] {
  const { before, loops } = linesOf(message);
  const locationId = locationOf(partyOf(before, "DP", "ST", "UC") ?? at(find(before, "LOC", "11", "7"), 2));
  const received = find(before, "DTM", "50", "35", "137");
  if (!received) throw new Refusal("VALUE_MISSING", "DTM+50", { segment: "DTM" });
  const occurredAt = momentOf(received);
  const general = at(find(before, "RFF", "ON"), 1, 1);
  const drafts = loops.flatMap((loop): Draft[] => {
    const [line] = loop;
    const order = at(find(loop, "RFF", "ON"), 1, 1) ?? general;
    if (order === undefined) throw new Refusal("ORDER_REFERENCE_MISSING", "RFF+ON", placeOf(line));
    const id = codeOf(order, "order", limits.documentIdLengthMax, placeOf(line));
    const number = at(line, 1);
    const documentRef = { type: "PURCHASE_ORDER", id, ...(number === undefined ? {} : { line: number }) };
    const fact = { type: "RECEIPT", sku: itemOf(loop), locationId, occurredAt, documentRef } as const;
    const accepted = find(loop, "QTY", "194", "48");
    const refused = find(loop, "QTY", "195");
    if (!accepted && !refused) throw new Refusal("VALUE_MISSING", "QTY+48", placeOf(line));
    return [accepted, refused].flatMap((segment): Draft[] => {
      if (!segment) return [];
      const quantity = wholeOf(at(segment, 1, 1), placeOf(segment), { zero: true });
      const apart = segment === refused ? ({ toBucket: "HOLD" } as const) : {};
      return quantity === 0 ? [] : [{ ...fact, quantity, ...unitOf(at(segment, 1, 2), placeOf(segment)), ...apart }];
    });
  });
  return toEvents(message, drafts);
}

/** INVRPT: what lies in a warehouse, absolute, of each item that it names. */
export function readInventoryReport(message: EdifactMessage): readonly IntakeCommand[] {
  const { before, loops } = linesOf(message);
  const taken = find(before, "DTM", "366", "179", "137");
  if (!taken) throw new Refusal("VALUE_MISSING", "DTM+366", { segment: "DTM" });
  const occurredAt = momentOf(taken);
  const site = partyOf(before, "WH", "GM", "ST", "DP") ?? at(find(before, "LOC", "18", "14"), 2);
  const seen = new Set<string>();
  const drafts = loops.map((loop): Draft => {
    const [line] = loop;
    const sku = itemOf(loop);
    const own = partyOf(loop, "WH", "GM") ?? at(find(loop, "LOC", "18", "14"), 2);
    const locationId = locationOf(own ?? site, placeOf(line));
    const key = `${sku}|${locationId}`;
    // Which of two absolute figures counts would be a guess.
    if (seen.has(key)) throw new Refusal("IDENTITY_REUSED", key, placeOf(line));
    seen.add(key);
    const quantityOf = (segment: EdifactSegment | undefined) =>
      segment ? wholeOf(at(segment, 1, 1), placeOf(segment), { zero: true }) : 0;
    const actual = find(loop, "QTY", "145", "17");
    if (!actual) throw new Refusal("VALUE_MISSING", "QTY+145", placeOf(line));
    const quantity = quantityOf(actual);
    const [hold, damaged] = [quantityOf(find(loop, "QTY", "156")), quantityOf(find(loop, "QTY", "124"))];
    if (hold + damaged > quantity)
      throw new Refusal("TOTAL_MISMATCH", `${hold + damaged} of ${quantity}`, placeOf(actual));
    const buckets = { unrestricted: quantity - hold - damaged, hold, damaged };
    return {
      type: "SNAPSHOT",
      sku,
      locationId,
      quantity,
      ...unitOf(at(actual, 1, 2), placeOf(actual)),
      occurredAt,
      buckets,
    };
  });
  return toEvents(message, drafts);
}

/** The item of LIN; where that is empty the buyer's or the supplier's number in PIA. Fails with VALUE_MISSING. */
function itemOf(loop: Loop): string {
  const [line] = loop;
  const own = at(line, 3);
  if (own !== undefined) return skuOf(own, placeOf(line));
  const others = loop.filter(({ tag }) => tag === "PIA").flatMap(({ elements }) => elements.slice(2));
  const kinds = ["IN", "BP", "SA", "VN", "GN"];
  const known = kinds.flatMap((kind) => others.find(([, type]) => type?.trim() === kind) ?? []);
  return skuOf(known[0], placeOf(line));
}

/** The code of the first party with one of these roles. */
function partyOf(segments: readonly EdifactSegment[], ...roles: readonly string[]): string | undefined {
  return at(find(segments, "NAD", ...roles), 2);
}

function dateOf(segment: EdifactSegment | undefined): string | undefined {
  return segment && momentOf(segment).slice(0, 10);
}

const pattern: Readonly<Record<string, RegExp>> = {
  "101": /^(\d\d)(\d\d)(\d\d)$/,
  "102": /^(\d{4})(\d\d)(\d\d)$/,
  "201": /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/,
  "203": /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/,
  "204": /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/,
  "303": /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)\w{3}$/,
};

/** DTM, in the form that its own qualifier names. Fails with DATE_INVALID. */
function momentOf(segment: EdifactSegment): string {
  const text = at(segment, 1, 1) ?? "";
  const parts = pattern[at(segment, 1, 2) ?? "102"]?.exec(text)?.slice(1);
  const [year, ...rest] = parts ?? [];
  if (year === undefined) throw new Refusal("DATE_INVALID", text, placeOf(segment));
  const full = year.length === 4 ? year : `${Number(year) >= 70 ? "19" : "20"}${year}`;
  return utcOf([full, ...rest], text, placeOf(segment));
}
