/**
 * One EPCIS event → the stock facts in it, by business step; steps that move no stock here give none.
 *
 * Instances of a trade item are counted, quantities are taken as they are; logistic units, assets and documents are no
 * stock. Items are GTINs and places GLNs, whichever way they were written, so that the same event gives the same facts.
 * An event that is declared in error gives the reverse of what it gave.
 */
import { limits } from "../shared/limits.ts";
import { cbvWord, expanded, type Namespaces, vocabularyUri } from "./epcis-names.ts";
import { canonicalUri, gtinOf, isGs1Key, placeCodeOf } from "./gs1-ids.ts";
import {
  assertLines,
  type BucketName,
  codeOf,
  locationOf,
  type PartnerStockEvent,
  Refusal,
  type StockEventType,
  skuOf,
  unitOf,
  wholeOf,
} from "./intake-message.ts";
import { isObject, type JsonObject, listMember, momentOf, neededText, textMember } from "./json-values.ts";

export const eventTypes = [
  "ObjectEvent",
  "AggregationEvent",
  "TransactionEvent",
  "TransformationEvent",
  "AssociationEvent",
] as const;
export type EpcisEventType = (typeof eventTypes)[number];

/** Fails with MESSAGE_TYPE_UNKNOWN, VALUE_MISSING. */
export function eventTypeOf(event: JsonObject, names: Namespaces): EpcisEventType {
  const text = neededText(event, "type");
  const word = expanded(text, names).replace("https://ref.gs1.org/epcis/", "");
  const type = eventTypes.find((known) => known === word);
  if (!type) throw new Refusal("MESSAGE_TYPE_UNKNOWN", text, { segment: "type" });
  return type;
}

/** `hash`: what the facts are named after. Empty: nothing of it is stock, or nothing moves. Fails with Refusal. */
export function stockEventsOf(
  event: JsonObject,
  type: EpcisEventType,
  names: Namespaces,
  hash: string,
): readonly PartnerStockEvent[] {
  const occurredAt = momentOf(neededText(event, "eventTime"), "eventTime");
  const offset = neededText(event, "eventTimeZoneOffset");
  if (!/^[+-]\d\d:\d\d$/.test(offset)) throw new Refusal("DATE_INVALID", offset, { segment: "eventTimeZoneOffset" });
  if (type !== "TransformationEvent") assertAction(event);
  const facts = type === "TransformationEvent" ? transformed(event) : moved(event, type, names);
  if (facts.length === 0) return [];
  assertLines(facts);
  const declared = isObject(event["errorDeclaration"]);
  const id = declared ? `epcis:${hash}:error` : `epcis:${hash}`;
  const note = declared ? { note: "declared in error" } : {};
  return facts.map((fact, i) => ({
    ...(declared ? reversed(fact) : fact),
    id: facts.length === 1 ? id : `${id}:${i + 1}`,
    occurredAt,
    ...note,
  }));
}

type Fact = Omit<PartnerStockEvent, "id" | "occurredAt">;

function assertAction(event: JsonObject): void {
  const action = neededText(event, "action");
  if (!["ADD", "OBSERVE", "DELETE"].includes(action)) throw new Refusal("VALUE_INVALID", action, { segment: "action" });
}

function moved(event: JsonObject, type: EpcisEventType, names: Namespaces): readonly Fact[] {
  const step = type === "AssociationEvent" ? null : word(event, "bizStep", "BizStep", names);
  const effect = step === null ? null : effectOf(step, word(event, "disposition", "Disp", names));
  if (!effect) return [];
  const items =
    type === "AggregationEvent"
      ? itemsOf(event, "childEPCs", "childQuantityList")
      : itemsOf(event, "epcList", "quantityList");
  if (items.length === 0) return [];
  const { at, negative = false, ...fact } = effect;
  const locationId = at === "readPoint" ? place(event, "readPoint", "bizLocation") : place(event);
  const document = documentRefOf(event, fact.type, names);
  return items.map(({ sku, quantity, unit }) => ({
    ...fact,
    sku,
    locationId,
    quantity: negative ? -quantity : quantity,
    ...unit,
    ...document,
    ...(fact.type === "SNAPSHOT" ? { buckets: { unrestricted: quantity } } : {}),
  }));
}

/** What went in is gone, what came out is there. */
function transformed(event: JsonObject): readonly Fact[] {
  const inputs = itemsOf(event, "inputEPCList", "inputQuantityList");
  const outputs = itemsOf(event, "outputEPCList", "outputQuantityList");
  if (inputs.length + outputs.length === 0) return [];
  const locationId = place(event);
  const fact = { type: "ADJUSTMENT", locationId, reasonCode: "TRANSFORMED" } as const;
  return [
    ...inputs.map(({ sku, quantity, unit }) => ({ ...fact, sku, quantity: -quantity, ...unit })),
    ...outputs.map(({ sku, quantity, unit }) => ({ ...fact, sku, quantity, ...unit })),
  ];
}

interface Effect {
  readonly type: StockEventType;
  readonly at?: "readPoint";
  readonly negative?: boolean;
  readonly fromBucket?: BucketName;
  readonly toBucket?: BucketName;
  readonly reasonCode?: string;
}

/** Where goods of a disposition belong; absent: where the step puts them. */
const bucketOf: Readonly<Record<string, BucketName>> = {
  damaged: "DAMAGED",
  expired: "EXPIRED",
  recalled: "HOLD",
  non_sellable_other: "HOLD",
  unavailable: "HOLD",
  returned: "QUARANTINE",
};

/** Fails with PURPOSE_UNSUPPORTED. */
function effectOf(step: string, disposition: string | null): Effect | null {
  const bucket = bucketOf[disposition ?? ""];
  switch (step) {
    case "receiving":
      return { type: "RECEIPT", ...(bucket ? { toBucket: bucket } : {}) };
    case "stocking":
    case "storing":
      return { type: "PUTAWAY", ...(bucket ? { toBucket: bucket } : {}) };
    case "picking":
      return { type: "PICK" };
    case "shipping":
      return { type: "SHIPMENT", at: "readPoint" };
    case "retail_selling":
      return { type: "SHIPMENT", at: "readPoint", fromBucket: "UNRESTRICTED" };
    case "void_shipping":
      return { type: "SHIPMENT_VOID", at: "readPoint" };
    case "holding":
      return { type: "STATUS_CHANGE", fromBucket: "UNRESTRICTED", toBucket: "HOLD", reasonCode: "HOLDING" };
    case "inspecting":
      return bucket ? { type: "STATUS_CHANGE", fromBucket: "UNRESTRICTED", toBucket: bucket, reasonCode: step } : null;
    case "destroying":
      return { type: "ADJUSTMENT", negative: true, reasonCode: "DESTROYED" };
    case "stock_taking":
      // A snapshot says everything about a position: what was counted of one disposition alone does not.
      if (bucket) throw new Refusal("PURPOSE_UNSUPPORTED", `stock_taking ${disposition}`, { segment: "disposition" });
      return { type: "SNAPSHOT" };
    default:
      return null;
  }
}

/** What undoes a fact. Fails with CORRECTION_UNSUPPORTED: nobody knows what was there before a snapshot. */
function reversed(fact: Fact): Fact {
  const { fromBucket, toBucket, documentRef, ...same } = fact;
  const reason = { reasonCode: "DECLARED_IN_ERROR" };
  switch (fact.type) {
    case "RECEIPT":
      return { ...same, ...reason, type: "ADJUSTMENT", quantity: -fact.quantity, fromBucket: toBucket ?? "DOCK" };
    case "SHIPMENT":
      return { ...fact, type: "SHIPMENT_VOID", ...backTo(fact), ...reason };
    case "SHIPMENT_VOID":
      return { ...fact, type: "SHIPMENT", ...reason };
    case "ADJUSTMENT":
      return { ...fact, quantity: -fact.quantity, ...reason };
    case "SNAPSHOT":
      throw new Refusal("CORRECTION_UNSUPPORTED", "stock_taking", { segment: "errorDeclaration" });
    default: {
      const route = { PUTAWAY: ["DOCK", "UNRESTRICTED"], PICK: ["UNRESTRICTED", "PICKED"] } as const;
      const [from, to] = fact.type === "STATUS_CHANGE" ? [fromBucket, toBucket] : route[fact.type];
      const back = { toBucket: from as BucketName, fromBucket: (toBucket ?? to) as BucketName };
      return { ...same, ...reason, type: "STATUS_CHANGE", ...back };
    }
  }
}

function backTo({ fromBucket }: Fact): { readonly fromBucket?: never; readonly toBucket?: BucketName } {
  return fromBucket ? { toBucket: fromBucket } : {};
}

interface Item {
  readonly sku: string;
  readonly quantity: number;
  readonly unit: { readonly unit?: string };
}

/** By item and unit, in the order of their codes, so that the order of the lists does not matter. */
function itemsOf(event: JsonObject, epcs: string, quantities: string): readonly Item[] {
  const counted = new Map<string, Item>();
  const add = (sku: string, quantity: number, unit: { readonly unit?: string }) => {
    const key = `${sku}|${unit.unit ?? ""}`;
    counted.set(key, { sku, quantity: quantity + (counted.get(key)?.quantity ?? 0), unit });
  };
  for (const [i, epc] of listMember(event, epcs).entries()) {
    if (typeof epc !== "string") throw new Refusal("VALUE_INVALID", epcs, { segment: `${epcs}[${i}]` });
    const gtin = gtinOf(epc);
    if (gtin !== null) add(gtin, 1, {});
    else if (!isGs1Key(epc)) add(skuOf(epc, { segment: `${epcs}[${i}]` }), 1, {});
  }
  for (const [i, element] of listMember(event, quantities).entries()) {
    const segment = `${quantities}[${i}]`;
    if (!isObject(element)) throw new Refusal("VALUE_INVALID", quantities, { segment });
    const epcClass = neededText(element, "epcClass", `${segment}.epcClass`);
    const sku = gtinOf(epcClass) ?? (isGs1Key(epcClass) ? null : skuOf(epcClass, { segment }));
    if (sku === null) continue;
    const quantity = wholeOf(String(element["quantity"] ?? ""), { segment: `${segment}.quantity` });
    add(sku, quantity, unitOf(textMember(element, "uom", `${segment}.uom`), { segment }));
  }
  const items = [...counted.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
  for (const { quantity } of items) wholeOf(String(quantity), { segment: quantities });
  return items;
}

/** Fails with LOCATION_MISSING, CODE_INVALID. */
function place(event: JsonObject, first = "bizLocation", second = "readPoint"): string {
  const idOf = (member: string) => {
    const value = event[member];
    return isObject(value) ? textMember(value, "id", `${member}.id`) : undefined;
  };
  const uri = idOf(first) ?? idOf(second);
  return locationOf(uri === undefined ? undefined : placeCodeOf(uri), { segment: first });
}

/** The CBV's word for a member; null: absent, or not one of the CBV's. */
function word(event: JsonObject, member: string, kind: "BizStep" | "Disp", names: Namespaces): string | null {
  const text = textMember(event, member);
  return text === undefined ? null : cbvWord(vocabularyUri(text, member, names), kind);
}

/** The order behind it: the supplier's of what comes in, the customer's of what goes out. */
function documentRefOf(event: JsonObject, type: StockEventType, names: Namespaces) {
  const transactions = listMember(event, "bizTransactionList").filter(isObject);
  const ofKind = (wanted: string) =>
    transactions
      .filter((one) => {
        const kind = textMember(one, "type", "bizTransactionList.type");
        return kind !== undefined && cbvWord(vocabularyUri(kind, "bizTransactionList.type", names), "BTT") === wanted;
      })
      .map((one) => canonicalUri(neededText(one, "bizTransaction", "bizTransactionList.bizTransaction")))
      .sort()[0];
  const rma = ofKind("rma");
  const order = ofKind("po");
  const id = rma ?? order;
  if (id === undefined) return {};
  const outbound = ["PICK", "SHIPMENT", "SHIPMENT_VOID"].includes(type);
  const kind = rma !== undefined ? "RETURN" : outbound ? "ORDER" : "PURCHASE_ORDER";
  return {
    documentRef: { type: kind, id: codeOf(id, "order", limits.documentIdLengthMax, { segment: "bizTransactionList" }) },
  };
}
