/**
 * Tables: what a declared mapping makes of rows, and tables that break off.
 */
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { IntakeItem } from "../../../ingest/intake-message.ts";
import { toTableMapping } from "../../../ingest/table-rows.ts";
import { readTable } from "../../../intake/csv-rows.ts";
import { AppError } from "../../../shared/errors.ts";
import { messagesOf, outcomeOf } from "../../helpers/intake.ts";

const snapshot = {
  type: "SNAPSHOT",
  columns: { sku: "Product", quantity: "Counted", bucket: "State" },
  values: { locationId: "HALL", occurredAt: "2026-03-01" },
};
const receipts = {
  type: "RECEIPT",
  delimiter: ";",
  columns: { id: "Id", sku: "Sku", quantity: "Qty", occurredAt: "When", orderId: "PO" },
  values: { locationId: "HALL", unit: "EA" },
};

async function read(mapping: unknown, text: string, cut = text.length): Promise<readonly IntakeItem[]> {
  const bytes = Buffer.from(text);
  const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0);
  const items: IntakeItem[] = [];
  for await (const item of readTable(Readable.from(chunks), toTableMapping(mapping), "north")) items.push(item);
  return items;
}

function eventsOf(items: readonly IntakeItem[]) {
  return messagesOf(items).flatMap(({ commands }) =>
    commands.flatMap((command) => (command.kind === "stockEvents" ? command.events : [])),
  );
}

describe("rows of one item and place", () => {
  const table = 'Product,Lot,Counted,State\nA,1,3,\nB,1,4,\nA,2,5,hold\n"C,x",1,0,\n';

  it("are added up to a snapshot of the position, the same however the bytes are cut", async () => {
    const whole = await read(snapshot, table);
    expect(eventsOf(whole)).toMatchObject([
      { type: "SNAPSHOT", sku: "A", locationId: "HALL", quantity: 8, buckets: { unrestricted: 3, hold: 5 } },
      { sku: "B", quantity: 4 },
      { sku: "C,x", quantity: 0 },
    ]);
    for (let cut = 1; cut < table.length; cut++) expect(await read(snapshot, table, cut)).toEqual(whole);
  });

  it("leave a position alone of which one row is bad, and name the row", async () => {
    const items = await read(snapshot, table.replace("A,2,5", "A,2,"));
    expect(outcomeOf(items)).toBe("!VALUE_MISSING !ROW_MALFORMED SNAPSHOT*2");
    expect(items[0]).toMatchObject({ rejection: { line: 4, segment: "Counted" } });
    expect(outcomeOf(await read(snapshot, `${table}D\n`))).toBe("!ROW_MALFORMED SNAPSHOT*3");
  });

  it("give no snapshot at all where the table breaks off", async () => {
    expect(outcomeOf(await read(snapshot, table.slice(0, -1)))).toBe("!DOCUMENT_TRUNCATED");
    expect(outcomeOf(await read(snapshot, table.slice(0, -8)))).toBe("!ROW_MALFORMED");
    expect(outcomeOf(await read(snapshot, ""))).toBe("!DOCUMENT_TRUNCATED");
    expect(outcomeOf(await read(snapshot, table.replace("Lot", "Product")))).not.toMatch(/COLUMN/);
    expect(outcomeOf(await read(snapshot, table.replace("Counted", "Count")))).toBe("!COLUMN_MISSING");
  });
});

describe("rows with ids of their own", () => {
  const table = "Id;Sku;Qty;When;PO\nr1;A;3;2026-03-01 08:00;PO-1\nr2;B;4;2026-03-01T09:00:00+01:00;\n";

  it("are a fact each, named by their id", async () => {
    const items = await read(receipts, `${table}r1;A;3;2026-03-01 08:00;PO-1\nr2;B;5;2026-03-01;\n`);
    expect(outcomeOf(items)).toBe("RECEIPT*2 dup !IDENTITY_REUSED");
    expect(eventsOf(items)).toMatchObject([
      { id: "r1", quantity: 3, unit: "EA", occurredAt: "2026-03-01T08:00:00Z", documentRef: { id: "PO-1" } },
      { id: "r2", occurredAt: "2026-03-01T08:00:00.000Z" },
    ]);
    expect(messagesOf(items)[0]?.partner).toBe("north");
  });

  it("are refused one by one, and not taken where the last of them may be cut in half", async () => {
    expect(outcomeOf(await read(receipts, `${table}r3;C;0;2026-03-01;\nr4;C;1;yesterday;\n`))).toBe(
      "RECEIPT*2 !QUANTITY_OUT_OF_RANGE !DATE_INVALID",
    );
    expect(outcomeOf(await read(receipts, `${table}r3;C;1;2026-03-0`))).toBe("RECEIPT*2 !DOCUMENT_TRUNCATED");
  });
});

describe("a mapping", () => {
  const broken: readonly (readonly [what: string, mapping: unknown])[] = [
    ["must be an object", []],
    ["type must be one of", { ...snapshot, type: "GUESS" }],
    ["delimiter must be one character", { ...snapshot, delimiter: "||" }],
    ["name locationId", { ...snapshot, values: { occurredAt: "2026-03-01" } }],
    ["must name the id", { ...receipts, columns: { sku: "Sku", quantity: "Qty", occurredAt: "When" } }],
    ["columns.price is none of", { ...snapshot, columns: { ...snapshot.columns, price: "Price" } }],
    ["has no colums", { ...snapshot, colums: {} }],
  ];
  it.each(broken)("is refused where it %s…", (what, mapping) => {
    expect(() => toTableMapping(mapping)).toThrow(AppError);
    expect(() => toTableMapping(mapping)).toThrow(what);
  });
});
