/**
 * EDIFACT: what each message becomes, separators, release characters and character sets, envelopes, and CONTRL.
 */
import { describe, expect, it } from "vitest";
import { writeSegment } from "../../../ingest/edifact-acknowledgement.ts";
import type { IntakeItem } from "../../../ingest/intake-message.ts";
import { messagesOf, outcomeOf, readAll } from "../../helpers/intake.ts";

type Row = readonly (string | readonly string[])[];

const site = ["NAD", "DP", ["HALL", "", "92"]];

function write(messages: readonly { type: string; rows: readonly Row[] }[], header: readonly string[] = []): string {
  const unb = ["UNB", ["UNOC", "3"], ["SENDER", "14"], "US", ["260301", "0800"], "R1", ...header];
  const bodies = messages.flatMap(({ type, rows }, i) => {
    const reference = String(i + 1);
    return [["UNH", reference, [type, "D", "96A", "UN"]], ...rows, ["UNT", String(rows.length + 2), reference]];
  });
  return [unb, ...bodies, ["UNZ", String(messages.length), "R1"]].map(writeSegment).join("");
}

/** In the character set that UNOC names. */
const readBytes = (document: string | Buffer, options: { acknowledge?: "contrl" } = {}) =>
  readAll("edifact", typeof document === "string" ? Buffer.from(document, "latin1") : document, options);

const read = (type: string, ...rows: readonly Row[]) => readBytes(write([{ type, rows }]));

function commandsOf(items: readonly IntakeItem[]) {
  expect(items.filter(({ kind }) => kind === "rejected")).toEqual([]);
  return messagesOf(items).flatMap(({ commands }) => commands);
}

describe("a message", () => {
  const line = ["LIN", "1", "", ["A", "IN"]];

  it("ORDERS and ORDRSP tell an order whole", () => {
    const rows = [["DTM", ["137", "20260301", "102"]], ["DTM", ["2", "20260309", "102"]], site];
    const lines = [line, ["QTY", ["21", "16", "CT"]], ["UNS", "S"], ["CNT", ["2", "1"]]];
    const placed = read("ORDERS", ["BGM", "220", "PO-1", "9"], ...rows, ...lines);
    const order = {
      ...{ id: "PO-1", supplierId: "US", status: "PENDING", orderedOn: "2026-03-01", expectedOn: "2026-03-09" },
      lines: [{ line: "1", sku: "A", locationId: "HALL", ordered: 16, unit: "CT", promisedOn: "2026-03-09" }],
    };
    expect(commandsOf(placed)).toEqual([{ kind: "purchaseOrder", order }]);
    const answered = read("ORDRSP", ["BGM", "231", "X", "29"], ...rows, ["RFF", ["ON", "PO-1"]], ...lines);
    expect(commandsOf(answered)).toMatchObject([{ order: { id: "PO-1", status: "APPROVED", supplierId: "SENDER" } }]);
    expect(outcomeOf(read("ORDERS", ["BGM", "220", "PO-1", "3"], ...rows, ...lines))).toBe("!PURPOSE_UNSUPPORTED");
  });

  it("DESADV says that goods have left, RECADV that they arrived", () => {
    const order = ["RFF", ["ON", "PO-1"]];
    const left = read(
      "DESADV",
      ["BGM", "351", "D-1"],
      ["DTM", ["11", "202603010815", "203"]],
      site,
      ["CPS", "1"],
      line,
      [...["QTY", ["12", "5", "PCE"]]],
      order,
    );
    const progress = {
      purchaseOrderId: "PO-1",
      locationId: "HALL",
      step: "SHIPPED",
      occurredAt: "2026-03-01T08:15:00Z",
    };
    expect(commandsOf(left)).toEqual([{ kind: "receiptProgress", progress }]);
    const rows = [
      ["DTM", ["50", "202603010815", "203"]],
      order,
      site,
      line,
      ["QTY", ["194", "5"]],
      ["QTY", ["195", "2"]],
    ];
    expect(commandsOf(read("RECADV", ["BGM", "632", "W-1"], ...rows))).toMatchObject([
      {
        events: [
          { type: "RECEIPT", quantity: 5 },
          { type: "RECEIPT", quantity: 2, toBucket: "HOLD" },
        ],
      },
    ]);
    expect(outcomeOf(read("RECADV", ["BGM", "632", "W-1"], ...rows.filter((row) => row !== order)))).toBe(
      "!ORDER_REFERENCE_MISSING",
    );
  });

  it("INVRPT is a snapshot of each item", () => {
    const rows = [
      ["DTM", ["366", "20260301", "102"]],
      ["NAD", "WH", ["HALL", "", "92"]],
    ];
    const items = read(
      "INVRPT",
      ["BGM", "35", "I-1"],
      ...rows,
      line,
      ["QTY", ["145", "9", "PCE"]],
      ["QTY", ["156", "2", "PCE"]],
    );
    expect(commandsOf(items)).toMatchObject([
      {
        events: [
          {
            id: "edifact:R1/1:1",
            type: "SNAPSHOT",
            sku: "A",
            quantity: 9,
            unit: "PCE",
            buckets: { unrestricted: 7, hold: 2 },
          },
        ],
      },
    ]);
    expect(outcomeOf(read("INVRPT", ["BGM", "35", "I-1"], ...rows, line))).toBe("!VALUE_MISSING");
    expect(outcomeOf(read("INVOIC", ["BGM", "380", "1"]))).toBe("!MESSAGE_TYPE_UNKNOWN");
  });
});

describe("an interchange", () => {
  const rows = [
    ["BGM", "35", "I-1"],
    ["DTM", ["366", "20260301", "102"]],
    ["NAD", "WH", "HALL"],
    ["LIN", "1", "", "É+'"],
    ["QTY", ["145", "9"]],
  ];
  const report = { type: "INVRPT", rows };

  it("declares its separators, or has those of the standard; what is released is a character like others", () => {
    const standard = write([report]);
    const [event] = messagesOf(readBytes(Buffer.from(standard, "latin1")));
    expect(event?.commands).toMatchObject([{ events: [{ sku: "É+'" }] }]);
    // * ends a component, | an element, ! releases, a line end ends a segment.
    const swap: Record<string, string> = { ":": "*", "+": "|", "?": "!", "'": "\n" };
    const own = standard
      .replaceAll("\n", "")
      .replace(/\?(.)|[:+']/g, (all, kept) => (kept ? (swap[kept] ? kept : `!${kept}`) : (swap[all] ?? all)));
    const declared = Buffer.from(`UNA*|.! \n${own}`, "latin1");
    expect(messagesOf(readBytes(declared))).toEqual([
      { ...event, place: { ...event?.place, line: 3 }, commands: [expect.objectContaining({ kind: "stockEvents" })] },
    ]);
    expect(outcomeOf(readBytes(`UNA::.? '${standard}`))).toBe("!SEPARATORS_AMBIGUOUS SNAPSHOT");
  });

  it("declares its character set, and keeps to it", () => {
    const as = (level: string, encoding: BufferEncoding) =>
      readBytes(Buffer.from(write([report]).replace("UNOC", level), encoding));
    expect(outcomeOf(as("UNOA", "latin1"))).toBe("!CHARACTER_SET");
    expect(outcomeOf(as("UNOC", "latin1"))).toBe("SNAPSHOT");
    expect(messagesOf(as("UNOW", "utf8"))[0]?.commands).toMatchObject([{ events: [{ sku: "É+'" }] }]);
    expect(outcomeOf(as("UNOW", "latin1"))).toBe("!CHARACTER_SET");
    expect(outcomeOf(as("XXXX", "latin1"))).toBe("!CHARACTER_SET");
  });

  it("counts and numbers what is in it; the same reference twice is a duplicate, or refused", () => {
    const two = write([report, report]);
    expect(outcomeOf(readBytes(two.replace("UNT+7+1", "UNT+8+1")))).toBe("!COUNT_MISMATCH SNAPSHOT");
    expect(outcomeOf(readBytes(two.replace("UNT+7+1", "UNT+7+9")))).toBe("!CONTROL_NUMBER_MISMATCH SNAPSHOT");
    expect(outcomeOf(readBytes(two.replace("UNZ+2+R1", "UNZ+3+R2")))).toBe(
      "SNAPSHOT*2 !COUNT_MISMATCH !CONTROL_NUMBER_MISMATCH",
    );
    expect(outcomeOf(readBytes(two.replace("UNT+7+1'\n", "")))).toBe("!TRAILER_MISSING SNAPSHOT");
    const same = two.replace("UNH+2", "UNH+1").replace("UNT+7+2", "UNT+7+1");
    expect(outcomeOf(readBytes(same))).toBe("SNAPSHOT dup");
    expect(outcomeOf(readBytes(same.replace("145:9", "145:8")))).toBe("SNAPSHOT !IDENTITY_REUSED");
    expect(outcomeOf(readBytes(write([report], ["", "", "", "", "", "1"])))).toBe("ack");
  });

  it("is answered with CONTRL, message by message; a CONTRL is not", () => {
    const document = write([report, report]).replace("UNT+7+2", "UNT+6+2");
    const answer = (text: string) =>
      readBytes(text, { acknowledge: "contrl" }).flatMap((item) =>
        item.kind === "acknowledgement" ? [item.text] : [],
      );
    expect(answer(document)).toEqual([
      [
        ...["UNB+UNOC:3+US+SENDER:14+260504:0302+R1'", "UNH+1+CONTRL:4:1:UN'", "UCI+R1+SENDER:14+US+7'"],
        ...["UCM+1+INVRPT:D:96A:UN+7'", "UCM+2+INVRPT:D:96A:UN+4+29'", "UNT+5+1'", "UNZ+1+R1'", ""],
      ].join("\n"),
    ]);
    expect(outcomeOf(readBytes(answer(document).join("")))).toBe("ack");
    expect(answer(answer(document).join(""))).toEqual([]);
  });
});
