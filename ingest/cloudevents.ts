/**
 * CloudEvents 1.0 in JSON, one or a batch: stock facts of a warehouse system under our own event types.
 *
 * The type is one of the canonical names, alone or behind the sender's reverse-DNS name. Identity is (source, id), as
 * the specification says. `data` has the members of `recordStockEvents`; what is not there is refused, never guessed.
 */
import { limits } from "../shared/limits.ts";
import {
  codeOf,
  type IntakeItem,
  type IntakeReader,
  locationOf,
  orderIdOf,
  orRejected,
  type PartnerStockEvent,
  Refusal,
  rejected,
  type StockEventType,
  skuOf,
  unitOf,
  wholeOf,
} from "./intake-message.ts";
import { type JsonElement, JsonElements } from "./json-elements.ts";
import { isObject, type JsonObject, momentOf, neededText, textMember } from "./json-values.ts";
import { createSeenMessages, type SeeMessage } from "./seen-messages.ts";

const stockTypes: Readonly<Record<string, StockEventType>> = {
  "receipt.recorded": "RECEIPT",
  "putaway.completed": "PUTAWAY",
  "pick.confirmed": "PICK",
  "shipment.confirmed": "SHIPMENT",
  "shipment.voided": "SHIPMENT_VOID",
  "stock.status.changed": "STATUS_CHANGE",
  "adjustment.posted": "ADJUSTMENT",
  "inventory.snapshot": "SNAPSHOT",
};

export function createCloudEventsReader(): IntakeReader {
  const elements = new JsonElements((path) => path.length === 0);
  const see = createSeenMessages();
  return {
    push: (bytes) => elements.push(bytes).flatMap((element) => readElement(element, see)),
    end() {
      const ended = elements.end();
      if ("problem" in ended) return [rejected(ended.problem, "", { line: ended.line, segment: null })];
      // A batch has been given already; what is left of it is an empty list.
      if (Array.isArray(ended.rest)) return [];
      return readElement({ value: ended.rest, index: 0, line: 1, text: JSON.stringify(ended.rest) }, see);
    },
  };
}

function readElement({ value, index, line, text }: JsonElement, see: SeeMessage): readonly IntakeItem[] {
  const place = { line, segment: `[${index}]` };
  if (value === undefined) return [rejected("JSON_MALFORMED", text, place)];
  if (!isObject(value)) return [rejected("DOCUMENT_UNSUPPORTED", text, place)];
  const name = typeof value["id"] === "string" ? `CloudEvent ${value["id"]}` : null;
  return orRejected(place, name, () => {
    const { partner, id, type } = readEnvelope(value);
    const identity = `${partner} ${id}`;
    const events = [readStockEvent(value, id, type)];
    // By what it means, not by how it is written.
    const verdict = see(identity, JSON.stringify(events));
    if (verdict === "again") return [{ kind: "duplicate", identity, place }];
    if (verdict === "other") throw new Refusal("IDENTITY_REUSED", identity, { segment: "id" });
    const message = { type: `CloudEvent ${type}`, partner, identity, place };
    return [{ kind: "message", message: { ...message, commands: [{ kind: "stockEvents", events }] } }];
  });
}

function readEnvelope(value: JsonObject) {
  const version = neededText(value, "specversion");
  if (version !== "1.0") throw new Refusal("VERSION_UNSUPPORTED", version, { segment: "specversion" });
  const place = (segment: string) => ({ segment });
  const id = codeOf(neededText(value, "id"), "id", limits.eventIdLengthMax, place("id"));
  const partner = codeOf(neededText(value, "source"), "source", limits.personLengthMax, place("source"));
  const fullType = neededText(value, "type");
  const type = Object.keys(stockTypes).find((known) => fullType === known || fullType.endsWith(`.${known}`));
  if (!type) throw new Refusal("MESSAGE_TYPE_UNKNOWN", fullType, { segment: "type" });
  return { id, partner, type };
}

function readStockEvent(value: JsonObject, id: string, type: string): PartnerStockEvent {
  const { data } = value;
  if (!isObject(data)) throw new Refusal("VALUE_MISSING", "data", { segment: "data" });
  const time = textMember(data, "occurredAt", "data.occurredAt") ?? neededText(value, "time");
  const stockType = stockTypes[type] as StockEventType;
  const buckets = readBuckets(data);
  const quantityAt = { segment: "data.quantity" };
  const sum = Object.values(buckets ?? {}).reduce((all, quantity) => all + quantity, 0);
  const quantity =
    data["quantity"] === undefined && buckets
      ? sum
      : wholeOf(String(data["quantity"] ?? ""), quantityAt, {
          signed: stockType === "ADJUSTMENT",
          zero: stockType === "SNAPSHOT",
        });
  if (stockType === "SNAPSHOT" && !buckets) throw new Refusal("VALUE_MISSING", "buckets", { segment: "data.buckets" });
  if (buckets && sum !== quantity) throw new Refusal("TOTAL_MISMATCH", `${quantity}, not ${sum}`, quantityAt);
  return {
    id,
    type: stockType,
    sku: skuOf(textMember(data, "sku", "data.sku"), { segment: "data.sku" }),
    locationId: locationOf(textMember(data, "locationId", "data.locationId"), { segment: "data.locationId" }),
    quantity,
    ...unitOf(textMember(data, "unit", "data.unit"), { segment: "data.unit" }),
    occurredAt: momentOf(time, "time"),
    ...readSourceSeq(data),
    ...readDocumentRef(data),
    ...bucketMember(data, "fromBucket"),
    ...bucketMember(data, "toBucket"),
    ...textOr(data, "reasonCode", limits.reasonCodeLengthMax),
    ...textOr(data, "note", limits.noteLengthMax),
    ...(buckets ? { buckets } : {}),
  };
}

const bucketNames = ["UNRESTRICTED", "PICKED", "DOCK", "DAMAGED", "HOLD", "EXPIRED", "QUARANTINE"] as const;

function bucketMember(data: JsonObject, member: "fromBucket" | "toBucket") {
  const name = textMember(data, member, `data.${member}`);
  if (name === undefined) return {};
  const bucket = bucketNames.find((known) => known === name.toUpperCase());
  if (!bucket) throw new Refusal("VALUE_INVALID", name, { segment: `data.${member}` });
  return { [member]: bucket };
}

function readBuckets(data: JsonObject): Readonly<Record<string, number>> | undefined {
  const { buckets } = data;
  if (buckets === undefined || buckets === null) return undefined;
  if (!isObject(buckets)) throw new Refusal("VALUE_INVALID", "buckets", { segment: "data.buckets" });
  return Object.fromEntries(
    Object.entries(buckets).map(([name, quantity]) => {
      const place = { segment: `data.buckets.${name}` };
      if (!bucketNames.some((known) => known === name.toUpperCase())) throw new Refusal("VALUE_INVALID", name, place);
      return [name.toLowerCase(), wholeOf(String(quantity), place, { zero: true, signed: true })];
    }),
  );
}

function readSourceSeq({ sourceSeq }: JsonObject) {
  if (sourceSeq === undefined || sourceSeq === null) return {};
  return { sourceSeq: wholeOf(String(sourceSeq), { segment: "data.sourceSeq" }, { zero: true }) };
}

function readDocumentRef(data: JsonObject) {
  const { documentRef } = data;
  if (documentRef === undefined || documentRef === null) return {};
  if (!isObject(documentRef)) throw new Refusal("VALUE_INVALID", "documentRef", { segment: "data.documentRef" });
  const place = { segment: "data.documentRef" };
  const line = textMember(documentRef, "line", "data.documentRef.line");
  return {
    documentRef: {
      type: codeOf(textMember(documentRef, "type"), "type", limits.reasonCodeLengthMax, place),
      id: orderIdOf(textMember(documentRef, "id"), place),
      ...(line === undefined ? {} : { line: codeOf(line, "line", limits.documentIdLengthMax, place) }),
    },
  };
}

function textOr(data: JsonObject, member: string, lengthMax: number) {
  const value = textMember(data, member, `data.${member}`);
  if (value === undefined || value.trim() === "") return {};
  if (value.length > lengthMax) throw new Refusal("CODE_INVALID", member, { segment: `data.${member}` });
  return { [member]: value.trim() };
}
