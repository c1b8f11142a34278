/**
 * X12 sets about stock: 846 (what is there), 861, 944 (what arrived), 945 (what left), 947 (what was corrected).
 *
 * Each becomes stock events named after the set and the line, all of them or none. Codes of reasons and conditions stay
 * as they are; only what says into which bucket goods belong is read.
 */
import { limits } from "../shared/limits.ts";
import { assertLines, codeOf, type IntakeCommand, type PartnerStockEvent, Refusal } from "./intake-message.ts";
import type { X12Segment } from "./x12-segments.ts";
import {
  assertTotal,
  datedOf,
  documentOf,
  el,
  firstOf,
  itemOf,
  loopsOf,
  momentOf,
  needed,
  placeOf,
  quantityOf,
  siteOf,
  uomOf,
  type X12Set,
} from "./x12-set.ts";

type Draft = Omit<PartnerStockEvent, "id">;

function toEvents(set: X12Set, drafts: readonly Draft[]): readonly IntakeCommand[] {
  assertLines(drafts);
  return [{ kind: "stockEvents", events: drafts.map((draft, i) => ({ id: `${set.id}:${i + 1}`, ...draft })) }];
}

/** Kinds of quantity of an 846 and the bucket they fill; 17, on hand, is all of them together. */
const kinds: Readonly<Record<string, string>> = { "33": "unrestricted", QH: "hold", "20": "damaged" };

/** 846: what lies in a warehouse, absolute, of each item that it names. */
export function readInventory(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "BIA");
  if (needed(head, 1) === "01") throw new Refusal("PURPOSE_UNSUPPORTED", "01", placeOf(head, 1));
  const { before, loops } = loopsOf(set.segments, "LIN");
  const occurredAt = momentOf(head, 4, 5);
  const seen = new Set<string>();
  const drafts = loops.map((loop): Draft => {
    const [line] = loop;
    const sku = itemOf(line, 2);
    const locationId = siteOf([...loop, ...before], "WH", "SF", "ST");
    const key = `${sku}|${locationId}`;
    // Which of two absolute figures counts would be a guess.
    if (seen.has(key)) throw new Refusal("IDENTITY_REUSED", key, placeOf(line));
    seen.add(key);
    return { type: "SNAPSHOT", sku, locationId, ...quantitiesOf(set, loop), occurredAt };
  });
  return toEvents(set, drafts);
}

function quantitiesOf(set: X12Set, loop: readonly [X12Segment, ...X12Segment[]]) {
  const buckets: Record<string, number> = {};
  let onHand: number | null = null;
  let unit: { readonly unit?: string } | null = null;
  for (const segment of loop) {
    if (segment.tag !== "QTY") continue;
    const kind = needed(segment, 1);
    const bucket = kinds[kind];
    if (bucket === undefined && kind !== "17") continue;
    const quantity = quantityOf(segment, 2, { zero: true });
    const own = uomOf(set, segment, 3);
    if (unit !== null && unit.unit !== own.unit)
      throw new Refusal("VALUE_INVALID", own.unit ?? "", placeOf(segment, 3));
    unit = own;
    if (bucket === undefined) onHand = (onHand ?? 0) + quantity;
    else buckets[bucket] = (buckets[bucket] ?? 0) + quantity;
  }
  const named = Object.values(buckets).reduce((sum, quantity) => sum + quantity, 0);
  if (unit === null) throw new Refusal("VALUE_MISSING", "QTY", placeOf(loop[0]));
  if (onHand !== null && buckets["unrestricted"] === undefined) buckets["unrestricted"] = onHand - named;
  else if (onHand !== null && onHand !== named) {
    throw new Refusal("TOTAL_MISMATCH", `${onHand}, not ${named}`, placeOf(loop[0]));
  }
  if ((buckets["unrestricted"] ?? 0) < 0) throw new Refusal("TOTAL_MISMATCH", `${onHand} < ${named}`, placeOf(loop[0]));
  return { quantity: onHand ?? named, ...unit, buckets };
}

/** 861: what arrived of an order. What is in question is part of it, and lies apart. */
export function readReceivingAdvice(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "BRA");
  if (needed(head, 3) !== "00") throw new Refusal("PURPOSE_UNSUPPORTED", needed(head, 3), placeOf(head, 3));
  const { before, loops } = loopsOf(set.segments, "RCD");
  const locationId = siteOf(before, "ST", "WH");
  const occurredAt = datedOf(before, "DTM", "050", "011") ?? momentOf(head, 2);
  const drafts = loops.flatMap((loop): Draft[] => {
    const [line] = loop;
    const item = loop.find(({ tag }) => tag === "LIN");
    if (!item) throw new Refusal("VALUE_MISSING", "LIN", placeOf(line));
    const order = [...loop, ...before].find(({ tag }) => tag === "PRF");
    if (!order) throw new Refusal("ORDER_REFERENCE_MISSING", "PRF", placeOf(line));
    const lineRef = el(line, 1);
    const documentRef = { type: "PURCHASE_ORDER", id: documentOf(order, 1), ...(lineRef ? { line: lineRef } : {}) };
    const fact = { type: "RECEIPT", sku: itemOf(item, 2), locationId, occurredAt, documentRef } as const;
    const received = quantityOf(line, 2, { zero: true });
    const contested = el(line, 6) === undefined ? 0 : quantityOf(line, 6, { zero: true });
    // 02: short. What never came lies nowhere.
    const apart = el(line, 8) === "02" ? 0 : contested;
    if (apart > received) throw new Refusal("TOTAL_MISMATCH", `${apart} of ${received}`, placeOf(line, 6));
    const unit = uomOf(set, line, 3);
    const good: Draft[] = received > apart ? [{ ...fact, quantity: received - apart, ...unit }] : [];
    const toBucket = el(line, 8) === "01" ? "DAMAGED" : "HOLD";
    return apart > 0 ? [...good, { ...fact, quantity: apart, ...unit, toBucket }] : good;
  });
  return toEvents(set, drafts);
}

/** 944: what a warehouse received for the owner of the goods. */
export function readStockTransferReceipt(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "W17");
  const { before, loops } = loopsOf(set.segments, "W07");
  const locationId = siteOf(before, "WH", "ST");
  const occurredAt = momentOf(head, 2);
  const document = { type: "PURCHASE_ORDER", id: documentOf(head, el(head, 4) === undefined ? 3 : 4) };
  let total = 0;
  const drafts = loops.map(([line], i): Draft => {
    const quantity = quantityOf(line, 1);
    total += quantity;
    const documentRef = { ...document, line: String(i + 1) };
    return {
      type: "RECEIPT",
      sku: itemOf(line, 4, 3),
      locationId,
      quantity,
      ...uomOf(set, line, 2),
      occurredAt,
      documentRef,
    };
  });
  assertTotal(set, "W14", 1, total);
  return toEvents(set, drafts);
}

/** 945: what a warehouse shipped. Lines of which nothing was shipped move nothing. */
export function readShippingAdvice(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "W06");
  const { before, loops } = loopsOf(set.segments, "LX");
  const locationId = siteOf(before, "WH", "SF");
  const occurredAt = datedOf(before, "G62", "11", "10") ?? momentOf(head, 3);
  const id = documentOf(head, 2);
  let total = 0;
  const drafts = loops.flatMap((loop) =>
    loop
      .filter(({ tag }) => tag === "W12")
      .flatMap((item): Draft[] => {
        const quantity = quantityOf(item, 3, { zero: true });
        total += quantity;
        const documentRef = { type: "ORDER", id, line: needed(loop[0], 1) };
        const fact = { type: "SHIPMENT", sku: itemOf(item, 7, 6), locationId, occurredAt, documentRef } as const;
        return quantity === 0 ? [] : [{ ...fact, quantity, ...uomOf(set, item, 5) }];
      }),
  );
  assertTotal(set, "W03", 1, total);
  return drafts.length === 0 && loops.length > 0 ? [] : toEvents(set, drafts);
}

/** 947: corrections that a warehouse has made, by its own reason codes. */
export function readAdjustment(set: X12Set): readonly IntakeCommand[] {
  const head = firstOf(set, "W15");
  const { before, loops } = loopsOf(set.segments, "W19");
  const locationId = siteOf(before, "WH", "SF", "ST");
  const occurredAt = momentOf(head, 1);
  const drafts = loops.map(([line]): Draft => {
    const reasonCode = codeOf(el(line, 1), "reason", limits.reasonCodeLengthMax, placeOf(line, 1));
    const quantity = quantityOf(line, 2, { signed: true });
    return {
      type: "ADJUSTMENT",
      sku: itemOf(line, 5, 4),
      locationId,
      quantity,
      ...uomOf(set, line, 3),
      occurredAt,
      reasonCode,
    };
  });
  return toEvents(set, drafts);
}
