/**
 * X12: what each transaction set becomes, what its envelope may not say, and what the sender is answered.
 */
import { describe, expect, it } from "vitest";
import type { IntakeItem } from "../../../ingest/intake-message.ts";
import { messagesOf, outcomeOf, readAll, usualX12, writeX12 } from "../../helpers/intake.ts";

const hall = ["N1", "WH", "Hall", "92", "HALL"];

function read(type: string, ...segments: readonly (readonly string[])[]) {
  return readAll("x12", writeX12([{ type, segments }]));
}

function commandsOf(items: readonly IntakeItem[]) {
  expect(items.filter(({ kind }) => kind === "rejected")).toEqual([]);
  return messagesOf(items).flatMap(({ commands }) => commands);
}

function rejectionOf(items: readonly IntakeItem[]) {
  const [item] = items;
  return item?.kind === "rejected" ? [item.rejection.code, item.rejection.segment] : item?.kind;
}

describe("a set", () => {
  it("846 is a snapshot of each item; on hand is what all kinds add up to", () => {
    const head = ["BIA", "00", "MM", "REF", "20260301", "0815"];
    const commands = commandsOf(
      read(
        "846",
        head,
        hall,
        ["LIN", "", "VN", "A"],
        ["QTY", "17", "10", "EA"],
        ["QTY", "QH", "3", "EA"],
        [...["LIN", "", "UP", "012", "VN", "B"]],
        ["QTY", "33", "5", "CA"],
      ),
    );
    const event = { type: "SNAPSHOT", locationId: "HALL", occurredAt: "2026-03-01T08:15:00Z" };
    expect(commands).toEqual([
      {
        kind: "stockEvents",
        events: [
          {
            ...event,
            id: "x12:000000001/1/0001:1",
            sku: "A",
            quantity: 10,
            unit: "EA",
            buckets: { unrestricted: 7, hold: 3 },
          },
          { ...event, id: "x12:000000001/1/0001:2", sku: "B", quantity: 5, unit: "CA", buckets: { unrestricted: 5 } },
        ],
      },
    ]);
    const twice = [
      ["LIN", "", "VN", "A"],
      ["QTY", "17", "1"],
      ["LIN", "", "VN", "A"],
      ["QTY", "17", "2"],
    ];
    expect(rejectionOf(read("846", head, hall, ...twice))).toEqual(["IDENTITY_REUSED", "LIN"]);
    const less = [
      ["LIN", "", "VN", "A"],
      ["QTY", "17", "1"],
      ["QTY", "QH", "2"],
    ];
    expect(rejectionOf(read("846", head, hall, ...less))).toEqual(["TOTAL_MISMATCH", "LIN"]);
  });

  const line = ["PO1", "1", "16", "CA", "9", "", "BP", "SKU-1", "UP", "012"];

  it("850 and 860 tell an order whole; a change in part is not taken", () => {
    const order = { id: "PO-1", supplierId: "RECEIVER", orderedOn: "2026-03-01", expectedOn: "2026-03-09" };
    const lines = [{ line: "1", sku: "SKU-1", locationId: "HALL", ordered: 16, unit: "CA", promisedOn: "2026-03-09" }];
    const parties = [
      ["DTM", "002", "20260309"],
      ["N1", "ST", "", "92", "HALL"],
    ];
    const placed = read("850", ["BEG", "00", "SA", "PO-1", "", "20260301"], ...parties, line, ["CTT", "1"]);
    expect(commandsOf(placed)).toEqual([{ kind: "purchaseOrder", order: { ...order, status: "PENDING", lines } }]);
    const change = (purpose: string) =>
      read("860", ["BCH", purpose, "SA", "PO-1", "", "", "20260301"], ...parties, [
        ...["POC", "1", "QI", "16", "16", "CA", "9", "", "BP", "SKU-1"],
      ]);
    expect(commandsOf(change("05"))).toEqual([
      { kind: "purchaseOrder", order: { ...order, status: "PENDING", lines } },
    ]);
    expect(commandsOf(change("01"))).toMatchObject([{ order: { status: "CANCELLED" } }]);
    expect(rejectionOf(change("04"))).toEqual(["PURPOSE_UNSUPPORTED", "BCH01"]);
    const counted = read("850", ["BEG", "00", "SA", "PO-1", "", "20260301"], ...parties, line, ["CTT", "2"]);
    expect(rejectionOf(counted)).toEqual(["TOTAL_MISMATCH", "CTT01"]);
  });

  it("855 approves what the supplier agrees to, and rejects an order of which nothing is left", () => {
    const head = ["BAK", "00", "AC", "PO-1", "20260301"];
    const other = ["PO1", "2", "4", "EA", "9", "", "BP", "SKU-2"];
    const ship = ["N1", "ST", "", "92", "HALL"];
    const items = read("855", head, ship, line, ["ACK", "IQ", "10", "CA"], other, ["ACK", "IR", "4", "EA"]);
    expect(commandsOf(items)).toMatchObject([
      { order: { status: "APPROVED", supplierId: "SENDER", lines: [{ sku: "SKU-1", ordered: 10 }] } },
    ]);
    const none = read("855", head, ship, line, ["ACK", "IR", "16", "CA"]);
    expect(commandsOf(none)).toMatchObject([{ order: { status: "REJECTED", lines: [{ ordered: 16 }] } }]);
    expect(outcomeOf(read("855", ["BAK", "00", "AK", "PO-1", "20260301"]))).toBe("ack");
  });

  it("856 and 943 say that the goods of an order have left", () => {
    const progress = {
      purchaseOrderId: "PO-1",
      locationId: "HALL",
      step: "SHIPPED",
      occurredAt: "2026-03-01T08:15:00Z",
    };
    const levels = [
      ["HL", "1", "", "S"],
      ["N1", "ST", "", "92", "HALL"],
      ["HL", "2", "1", "O"],
      ["PRF", "PO-1"],
    ];
    const notice = read("856", ["BSN", "00", "S-1", "20260301", "0815"], ...levels, ["CTT", "2"]);
    expect(commandsOf(notice)).toEqual([{ kind: "receiptProgress", progress }]);
    const sent = read(
      "943",
      ["W06", "N", "PO-1", "20260301", "S-1"],
      hall,
      ["W04", "5", "EA", "", "VN", "A"],
      ["W03", "5"],
    );
    expect(commandsOf(sent)).toEqual([
      { kind: "receiptProgress", progress: { ...progress, occurredAt: "2026-03-01T00:00:00Z" } },
    ]);
    const nobody = read("856", ["BSN", "00", "S-1", "20260301", "0815"], ...levels.slice(0, 2));
    expect(rejectionOf(nobody)).toEqual(["ORDER_REFERENCE_MISSING", "PRF"]);
  });

  it("861 receives; what is damaged lies apart", () => {
    const received = [
      ["RCD", "1", "10", "EA", "", "", "2", "EA", "01"],
      ["LIN", "", "BP", "A"],
    ];
    const items = read(
      "861",
      ["BRA", "R-1", "20260301", "00", "1"],
      ["PRF", "PO-1"],
      ["N1", "ST", "", "92", "HALL"],
      ...received,
    );
    const documentRef = { type: "PURCHASE_ORDER", id: "PO-1", line: "1" };
    expect(commandsOf(items)).toMatchObject([
      {
        events: [
          { type: "RECEIPT", sku: "A", quantity: 8, documentRef },
          { type: "RECEIPT", sku: "A", quantity: 2, toBucket: "DAMAGED", documentRef },
        ],
      },
    ]);
  });

  it("940 allocates an order or gives it back, 945 ships it", () => {
    const lines = [
      ["LX", "1"],
      ["W01", "12", "CA", "", "VN", "A"],
      ["LX", "2"],
      ["W01", "3", "CA", "", "VN", "B"],
    ];
    const order = read("940", ["W05", "N", "SO-1"], hall, ...lines, ["W76", "15"]);
    expect(commandsOf(order)).toMatchObject([
      {
        kind: "allocation",
        allocation: { orderId: "SO-1", lines: [{ line: "1", sku: "A", quantity: 12 }, { line: "2" }] },
      },
    ]);
    expect(commandsOf(read("940", ["W05", "F", "SO-1"], hall))).toEqual([{ kind: "deallocation", orderId: "SO-1" }]);
    const sent = [
      ["LX", "1"],
      ["W12", "CC", "12", "12", "0", "CA", "", "VN", "A"],
      ["LX", "2"],
      ["W12", "CS", "3", "0", "3", "CA", "", "VN", "B"],
    ];
    const shipped = read("945", ["W06", "F", "SO-1", "20260301"], hall, ...sent, ["W03", "12"]);
    expect(commandsOf(shipped)).toMatchObject([
      { events: [{ type: "SHIPMENT", sku: "A", quantity: 12, documentRef: { type: "ORDER", id: "SO-1", line: "1" } }] },
    ]);
    expect(rejectionOf(read("945", ["W06", "F", "SO-1", "20260301"], hall, ...sent, ["W03", "15"]))).toEqual([
      "TOTAL_MISMATCH",
      "W0301",
    ]);
  });

  it("947 corrects, 180 announces a return; what nobody knows is refused", () => {
    const adjustment = read("947", ["W15", "20260301", "A-1"], hall, ["W19", "05", "-3", "EA", "", "VN", "A"]);
    expect(commandsOf(adjustment)).toMatchObject([
      { events: [{ type: "ADJUSTMENT", quantity: -3, reasonCode: "05" }] },
    ]);
    const back = [
      ["RDR", "", "DAMAGED"],
      ["PRF", "SO-1"],
      ["N1", "RC", "", "92", "HALL"],
      ["BLI", "VN", "A", "2", "EA"],
    ];
    expect(commandsOf(read("180", ["BGN", "00", "RMA-1", "20260301"], ...back))).toMatchObject([
      { authorization: { id: "RMA-1", orderId: "SO-1", lines: [{ sku: "A", quantity: 2, reasonCode: "DAMAGED" }] } },
    ]);
    expect(rejectionOf(read("810", ["BIG", "20260301", "1"]))).toEqual(["MESSAGE_TYPE_UNKNOWN", "ST"]);
  });

  it("names the segment and the value that cannot be taken", () => {
    const adjust = (...values: readonly string[]) =>
      read("947", ["W15", "20260301", "A-1"], hall, ["W19", "05", ...values]);
    expect(rejectionOf(adjust("1.5", "EA", "", "VN", "A"))).toEqual(["QUANTITY_NOT_WHOLE", "W1902"]);
    expect(rejectionOf(adjust("many", "EA", "", "VN", "A"))).toEqual(["QUANTITY_INVALID", "W1902"]);
    expect(rejectionOf(adjust("9999999999", "EA", "", "VN", "A"))).toEqual(["QUANTITY_OUT_OF_RANGE", "W1902"]);
    expect(rejectionOf(adjust("1", "EA", "", "VN", "A|B"))).toEqual(["CODE_INVALID", "W1906"]);
    expect(rejectionOf(adjust("1", "EA"))).toEqual(["VALUE_MISSING", "W1906"]);
    expect(rejectionOf(read("947", ["W15", "20260231", "A-1"], hall, ["W19", "05", "1", "EA", "", "VN", "A"]))).toEqual(
      ["DATE_INVALID", "W1501"],
    );
    expect(rejectionOf(read("947", ["W15", "20260301", "A-1"], hall))).toEqual(["LINES_MISSING", "ST"]);
    const many = Array.from({ length: 1_001 }, () => ["W19", "05", "1", "EA", "", "VN", "A"]);
    expect(rejectionOf(read("947", ["W15", "20260301", "A-1"], hall, ...many))).toEqual(["MESSAGE_TOO_LARGE", "ST"]);
  });
});

describe("an interchange", () => {
  const set = (n: number) => ({
    type: "947",
    segments: [["W15", "20260301", "A-1"], hall, ["W19", "05", String(n), "EA", "", "VN", "A"]],
  });

  it("that comes again counts once; its number with other content is refused", () => {
    const first = writeX12([set(1)]);
    expect(outcomeOf(readAll("x12", first + first))).toBe("ADJUSTMENT dup");
    expect(outcomeOf(readAll("x12", first + writeX12([set(2)])))).toBe("ADJUSTMENT !IDENTITY_REUSED");
    const other = { ...usualX12, element: "|", terminator: "!" };
    expect(outcomeOf(readAll("x12", first + writeX12([set(1)], { style: other })))).toBe("ADJUSTMENT dup");
  });

  it("marked as a test is read, checked, and changes nothing", () => {
    expect(outcomeOf(readAll("x12", writeX12([set(1)], { usage: "T" })))).toBe("ack");
    expect(outcomeOf(readAll("x12", writeX12([set(0)], { usage: "T" })))).toBe("!QUANTITY_OUT_OF_RANGE");
  });

  it("without a sender is refused, unless somebody says who it is", () => {
    const nobody = writeX12([set(1)], { sender: "" });
    expect(outcomeOf(readAll("x12", nobody))).toBe("!PARTNER_MISSING");
    expect(messagesOf(readAll("x12", nobody, { partner: "north" }))[0]?.partner).toBe("north");
  });

  it("whose trailers do not agree is reported by trailer; a set without its own is lost", () => {
    const whole = writeX12([set(1), set(2)]);
    expect(outcomeOf(readAll("x12", whole.replace("SE*5*0001", "SE*6*0001")))).toBe("!COUNT_MISMATCH ADJUSTMENT");
    expect(outcomeOf(readAll("x12", whole.replace("SE*5*0001", "SE*5*0009")))).toBe(
      "!CONTROL_NUMBER_MISMATCH ADJUSTMENT",
    );
    expect(outcomeOf(readAll("x12", whole.replace("SE*5*0001~\n", "")))).toBe("!TRAILER_MISSING ADJUSTMENT");
    expect(outcomeOf(readAll("x12", whole.replace("GE*2*1", "GE*3*1")))).toBe("ADJUSTMENT*2 !COUNT_MISMATCH");
    expect(outcomeOf(readAll("x12", whole.replace("ST*947*0001", "XX*947*0001")))).toBe(
      "!SEGMENT_MISPLACED ADJUSTMENT !COUNT_MISMATCH",
    );
  });

  it("is acknowledged set by set, with its own separators, and an acknowledgement is not", () => {
    const document = writeX12([set(1), set(0)]);
    const answer = (acknowledge: "997" | "999", text: string) =>
      readAll("x12", text, { acknowledge }).flatMap((item) => (item.kind === "acknowledgement" ? [item.text] : []));
    expect(answer("997", document)).toEqual([
      [
        "ISA*00*          *00*          *ZZ*RECEIVER       *ZZ*SENDER         *260504*0302*U*00401*000000001*0*P*>~",
        "GS*FA*RECEIVER*SENDER*20260504*0302*000000001*X*004010~",
        ...[
          "ST*997*0001~",
          "AK1*XX*1~",
          "AK2*947*0001~",
          "AK5*A~",
          "AK2*947*0002~",
          "AK5*R*5~",
          "AK9*P*2*2*1~",
          "SE*8*0001~",
        ],
        ...["GE*1*000000001~", "IEA*1*000000001~", ""],
      ].join("\n"),
    ]);
    const [strict] = answer("999", document.replace("GE*2*1", "GE*7*1"));
    expect(strict).toContain("IK5*R*5~\nAK9*P*7*2*1*5~\n");
    // What we write is read as sound, and asks for no answer.
    expect(outcomeOf(readAll("x12", strict ?? "", { acknowledge: "997" }))).toBe("ack");
    const functional = { functional: "FA" };
    expect(
      answer(
        "997",
        writeX12(
          [
            {
              type: "997",
              segments: [
                ["AK1", "XX", "1"],
                ["AK9", "A", "1", "1", "1"],
              ],
            },
          ],
          functional,
        ),
      ),
    ).toEqual([]);
  });
});
