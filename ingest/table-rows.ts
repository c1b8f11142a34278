/**
 * Rows of a table → stock facts, by a mapping that their sender declares: which column holds what, and what holds for all.
 *
 * A row is a unit, except where rows of one item and place are added up to a snapshot: then the position is, and one bad
 * row of it leaves the position as it was. Nothing is concluded from the names of columns. A table that breaks off gives
 * no snapshot at all, because nobody knows what is missing.
 */
import { hashOf } from "../shared/canonical-json.ts";
import { AppError } from "../shared/errors.ts";
import { limits } from "../shared/limits.ts";
import {
  type BucketName,
  codeOf,
  type IntakeItem,
  locationOf,
  orderIdOf,
  orRejected,
  type PartnerStockEvent,
  type Place,
  Refusal,
  type RejectionCode,
  rejected,
  type StockEventType,
  skuOf,
  unitOf,
  utcOf,
  wholeOf,
} from "./intake-message.ts";
import { isObject } from "./json-values.ts";
import { createSeenMessages } from "./seen-messages.ts";

const stockTypes = [
  ...(["RECEIPT", "PUTAWAY", "PICK", "SHIPMENT", "SHIPMENT_VOID", "STATUS_CHANGE", "ADJUSTMENT", "SNAPSHOT"] as const),
];
const bucketNames = ["UNRESTRICTED", "PICKED", "DOCK", "DAMAGED", "HOLD", "EXPIRED", "QUARANTINE"] as const;
const members = [
  ...(["id", "sku", "locationId", "quantity", "unit", "occurredAt", "orderId", "line", "reasonCode", "note"] as const),
  ...(["fromBucket", "toBucket", "bucket"] as const),
];
type Member = (typeof members)[number];

export interface TableMapping {
  readonly type: StockEventType;
  /** One character. */
  readonly delimiter: string;
  /** Member → the name of its column. */
  readonly columns: Readonly<Partial<Record<Member, string>>>;
  /** Member → what it is in every row. */
  readonly values: Readonly<Partial<Record<Member, string>>>;
}

/** Fails with INVALID_INPUT, naming what is wrong with it. */
export function toTableMapping(value: unknown): TableMapping {
  if (!isObject(value)) throw invalid("The mapping must be an object with type, columns and values.");
  const { type, delimiter = ",", columns = {}, values = {}, ...others } = value;
  const known = stockTypes.find((name) => name === type);
  if (!known) throw invalid(`type must be one of ${stockTypes.join(", ")}.`);
  if (typeof delimiter !== "string" || delimiter.length !== 1) throw invalid("delimiter must be one character.");
  const unknown = Object.keys(others);
  if (unknown.length > 0) throw invalid(`The mapping has no ${unknown.join(", ")}.`);
  const mapping = { type: known, delimiter, columns: texts("columns", columns), values: texts("values", values) };
  const has = (member: Member) => mapping.columns[member] !== undefined || mapping.values[member] !== undefined;
  const needed: Member[] = ["sku", "locationId", "quantity", "occurredAt"];
  // Rows that are alike may be two facts or one twice: only their sender can tell.
  if (known !== "SNAPSHOT" && mapping.columns.id === undefined) throw invalid("columns must name the id of a row.");
  const missing = needed.filter((member) => !has(member));
  if (missing.length > 0) throw invalid(`Neither columns nor values name ${missing.join(", ")}.`);
  return mapping;
}

function texts(name: string, value: unknown): Readonly<Partial<Record<Member, string>>> {
  if (!isObject(value)) throw invalid(`${name} must be an object.`);
  for (const [member, text] of Object.entries(value)) {
    if (!members.some((known) => known === member))
      throw invalid(`${name}.${member} is none of ${members.join(", ")}.`);
    if (typeof text !== "string" || text === "") throw invalid(`${name}.${member} must be text.`);
  }
  return value as Partial<Record<Member, string>>;
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { field: ["mapping"], message });
}

interface Position {
  readonly sku: string;
  readonly locationId: string;
  readonly unit: { readonly unit?: string };
  readonly occurredAt: string;
  readonly place: Place;
  readonly buckets: Record<string, number>;
  broken: boolean;
}

export class TableReader {
  readonly #mapping: TableMapping;
  readonly #partner: string | null;
  readonly #see = createSeenMessages();
  readonly #positions = new Map<string, Position>();
  #columns: ReadonlyMap<string, number> | null = null;
  #width = 0;
  /** Nothing more is read: a column is missing, or there is too much. */
  #stopped = false;

  constructor(mapping: TableMapping, partner: string | null) {
    this.#mapping = mapping;
    this.#partner = partner;
  }

  /** `line`: the last line of the row, from 1. The first row is the header. */
  row(values: readonly string[], line: number): readonly IntakeItem[] {
    if (this.#stopped) return [];
    if (this.#columns === null) return this.#header(values, line);
    const place = { line, segment: null };
    if (values.length !== this.#width) return [rejected("ROW_MALFORMED", `${values.length} columns`, place)];
    // What is left of bytes that are no UTF-8.
    if (values.some((value) => value.includes("\ufffd"))) return [rejected("ROW_MALFORMED", "not UTF-8", place)];
    return orRejected(place, `row ${line}`, () => {
      if (this.#mapping.type === "SNAPSHOT") return this.#addUp(values, place);
      return this.#fact(values, place);
    });
  }

  /** `problem`: the table broke off, or its quotes are broken, there. */
  end(problem: { readonly code: RejectionCode; readonly line: number } | null): readonly IntakeItem[] {
    if (problem) return [rejected(problem.code, "", { line: problem.line, segment: null })];
    if (this.#stopped) return [];
    if (this.#columns === null) return [rejected("DOCUMENT_TRUNCATED", "", { line: 1, segment: null })];
    return [...this.#positions.values()].flatMap((position) => this.#snapshot(position));
  }

  #header(values: readonly string[], line: number): readonly IntakeItem[] {
    const names = new Map(values.map((name, i) => [name.trim(), i]));
    this.#columns = names;
    this.#width = values.length;
    const missing = Object.values(this.#mapping.columns).filter((name) => !names.has(name));
    this.#stopped = missing.length > 0;
    return missing.map((name) => rejected("COLUMN_MISSING", name, { line, segment: null }));
  }

  #value(values: readonly string[], member: Member): string | undefined {
    const column = this.#mapping.columns[member];
    const own = column === undefined ? undefined : values[this.#columns?.get(column) ?? -1]?.trim();
    return own === undefined || own === "" ? this.#mapping.values[member] : own;
  }

  #at(place: Place, member: Member): Place {
    return { ...place, segment: this.#mapping.columns[member] ?? member };
  }

  #fact(values: readonly string[], place: Place): readonly IntakeItem[] {
    const { type } = this.#mapping;
    const value = (member: Member) => this.#value(values, member);
    const id = codeOf(value("id"), "id", limits.eventIdLengthMax, this.#at(place, "id"));
    const order = value("orderId");
    const line = value("line");
    const documentRef = order && {
      type: ["RECEIPT", "PUTAWAY"].includes(type) ? "PURCHASE_ORDER" : "ORDER",
      id: orderIdOf(order, this.#at(place, "orderId")),
      ...(line === undefined
        ? {}
        : { line: codeOf(line, "line", limits.documentIdLengthMax, this.#at(place, "line")) }),
    };
    const event: PartnerStockEvent = {
      id,
      type,
      ...this.#where(values, place),
      quantity: wholeOf(value("quantity"), this.#at(place, "quantity"), { signed: type === "ADJUSTMENT" }),
      ...this.#bucket(values, "fromBucket", place),
      ...this.#bucket(values, "toBucket", place),
      ...(documentRef ? { documentRef } : {}),
      ...this.#text(values, "reasonCode", limits.reasonCodeLengthMax, place),
      ...this.#text(values, "note", limits.noteLengthMax, place),
    };
    const verdict = this.#see(id, JSON.stringify(event));
    if (verdict === "again") return [{ kind: "duplicate", identity: id, place }];
    if (verdict === "other") throw new Refusal("IDENTITY_REUSED", id, this.#at(place, "id"));
    return [this.#message(event, place)];
  }

  #addUp(values: readonly string[], place: Place): readonly IntakeItem[] {
    const where = this.#where(values, place);
    const { sku, locationId, occurredAt, ...unit } = where;
    const key = `${sku}|${locationId}`;
    const known = this.#positions.get(key);
    const position: Position = known ?? { sku, locationId, unit, occurredAt, place, buckets: {}, broken: false };
    this.#positions.set(key, position);
    try {
      if (position.unit.unit !== unit.unit)
        throw new Refusal("VALUE_INVALID", unit.unit ?? "", this.#at(place, "unit"));
      const quantity = wholeOf(this.#value(values, "quantity"), this.#at(place, "quantity"), { zero: true });
      const bucket = (this.#bucket(values, "bucket", place)["bucket"] ?? "UNRESTRICTED").toLowerCase();
      const sum = (position.buckets[bucket] ?? 0) + quantity;
      position.buckets[bucket] = wholeOf(String(sum), this.#at(place, "quantity"), { zero: true });
    } catch (error) {
      position.broken = true;
      throw error;
    }
    if (this.#positions.size <= limits.intakePositionsMax) return [];
    this.#stopped = true;
    this.#positions.clear();
    throw new Refusal("MESSAGE_TOO_LARGE", `more than ${limits.intakePositionsMax} positions`);
  }

  #snapshot({ sku, locationId, unit, occurredAt, place, buckets, broken }: Position): readonly IntakeItem[] {
    const name = `${sku} at ${locationId}`;
    if (broken) return [rejected("ROW_MALFORMED", `${name}: another row of it`, place, name)];
    return orRejected(place, name, () => {
      const sum = Object.values(buckets).reduce((all, quantity) => all + quantity, 0);
      const quantity = wholeOf(String(sum), place, { zero: true });
      const said = { type: "SNAPSHOT", sku, locationId, quantity, ...unit, occurredAt, buckets } as const;
      // Named after what it says: the same table again is the same snapshot, a later one is another.
      return [this.#message({ id: `table:${hashOf(JSON.stringify(said))}`, ...said }, place)];
    });
  }

  #message(event: PartnerStockEvent, place: Place): IntakeItem {
    const commands = [{ kind: "stockEvents", events: [event] } as const];
    const message = { type: `table ${event.type}`, partner: this.#partner, identity: event.id, place, commands };
    return { kind: "message", message };
  }

  #where(values: readonly string[], place: Place) {
    return {
      sku: skuOf(this.#value(values, "sku"), this.#at(place, "sku")),
      locationId: locationOf(this.#value(values, "locationId"), this.#at(place, "locationId")),
      ...unitOf(this.#value(values, "unit"), this.#at(place, "unit")),
      occurredAt: momentOf(this.#value(values, "occurredAt") ?? "", this.#at(place, "occurredAt")),
    };
  }

  #bucket(values: readonly string[], member: "fromBucket" | "toBucket" | "bucket", place: Place) {
    const name = this.#value(values, member);
    if (name === undefined) return {} as Partial<Record<typeof member, BucketName>>;
    const bucket = bucketNames.find((known) => known === name.toUpperCase());
    if (!bucket) throw new Refusal("VALUE_INVALID", name, this.#at(place, member));
    return { [member]: bucket } as Partial<Record<typeof member, BucketName>>;
  }

  #text(values: readonly string[], member: "reasonCode" | "note", lengthMax: number, place: Place) {
    const text = this.#value(values, member);
    if (text === undefined) return {};
    if (text.length > lengthMax) throw new Refusal("CODE_INVALID", member, this.#at(place, member));
    return { [member]: text };
  }
}

/** RFC 3339, or a date with or without a time in UTC. */
function momentOf(text: string, place: Place): string {
  if (text === "") throw new Refusal("VALUE_MISSING", "occurredAt", place);
  const ms = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  if (!match) throw new Refusal("DATE_INVALID", text, place);
  return utcOf(
    match.slice(1).map((part) => part ?? "0"),
    text,
    place,
  );
}
