/**
 * What holds of every document, for readers of every format: however its bytes are cut, wherever it ends, whatever is
 * broken in it.
 *
 * BYTES=10000000 reads that many mutated bytes instead of a few; the suite's own share takes about a second.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeSegment } from "../../../ingest/edifact-acknowledgement.ts";
import { EdifactSegments } from "../../../ingest/edifact-segments.ts";
import type { DocumentFormat } from "../../../ingest/formats.ts";
import { X12Segments } from "../../../ingest/x12-segments.ts";
import { ediDir, epcisDir } from "../../helpers/data-sets.ts";
import { fuzzBytes, messagesOf, readAll, usualX12, writeX12 } from "../../helpers/intake.ts";

const adjusted = {
  type: "947",
  segments: [
    ["W15", "20260301", "A-1"],
    ["N1", "WH", "", "92", "HALL"],
  ],
};
const adjustment = (n: number) => ({
  type: "947",
  segments: [...adjusted.segments, ["W19", "05", String(n), "EA", "", "VN", `SKU-${n}`]],
});

const unb = (reference: string) => ["UNB", ["UNOC", "3"], "SENDER", "US", ["260301", "0800"], reference];
const report = (n: number, reference: string) => [
  ["UNH", reference, ["INVRPT", "D", "96A", "UN"]],
  ["BGM", "35", `R${n}`, "9"],
  ["DTM", ["366", "202603010800", "203"]],
  ["NAD", "WH", ["HALL+WEST", "", "92"]],
  ["LIN", "1", "", [`IT'EM?${n}`, "IN"]],
  ["QTY", ["145", String(n), "PCE"]],
  ["UNT", "7", reference],
];
const edifact = [unb("R1"), ...report(1, "1"), ...report(2, "2"), ["UNZ", "2", "R1"]].map(writeSegment).join("");

const event = (n: number, more: object = {}) => ({
  ...{ type: "ObjectEvent", eventTime: "2026-03-01T08:00:00Z", eventTimeZoneOffset: "+01:00", action: "OBSERVE" },
  ...{ bizStep: "receiving", readPoint: { id: "urn:epc:id:sgln:4012345.00001.0" } },
  ...{ epcList: [`urn:epc:id:sgtin:4012345.011111.${n}`], "example:note": 'a "quoted" ] } \\ ü 🌎' },
  ...more,
});
const context = ["https://ref.gs1.org/standards/epcis/epcis-context.jsonld", { example: "http://example.org/" }];
const epcis = JSON.stringify(
  { "@context": context, type: "EPCISDocument", epcisBody: { eventList: [event(1), event(2), event(1)] } },
  null,
  1,
);
const fact = (id: string) => ({
  ...{ specversion: "1.0", id, source: "//wms", type: "receipt.recorded", time: "2026-03-01T08:00:00Z" },
  data: { sku: "PEN ü", locationId: "HALL", quantity: 3 },
});

const samples: readonly [DocumentFormat, string, number][] = [
  ["x12", writeX12([adjustment(1), adjustment(2)]) + writeX12([adjustment(3)], { control: "000000002" }), 3],
  ["edifact", edifact, 2],
  ["epcis", epcis, 2],
  ["cloudevents", JSON.stringify([fact("a"), fact("b")], null, 2), 2],
];

describe.each(samples)("%s", (format, document, messages) => {
  const bytes = Buffer.from(document);
  const whole = readAll(format, bytes);

  it("is read as it was written", () => {
    expect(messagesOf(whole)).toHaveLength(messages);
    expect(whole.filter(({ kind }) => kind === "rejected")).toEqual([]);
  });

  it("gives the same however its bytes are cut", () => {
    const cuts = fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (at) => {
        expect(readAll(format, bytes, { cuts: at })).toEqual(whole);
      }),
      { numRuns: 60 },
    );
    expect(readAll(format, bytes, { cuts: [...bytes.keys()] })).toEqual(whole);
  });

  it("gives no half message wherever it ends, and says that it ends too early", () => {
    const known = messagesOf(whole).map((message) => JSON.stringify(message));
    for (let end = 0; end < bytes.toString().trimEnd().length; end++) {
      const items = readAll(format, bytes.subarray(0, end));
      const found = messagesOf(items).map((message) => JSON.stringify(message));
      expect(found).toEqual(known.slice(0, found.length));
      const missing = found.length < known.length && end > 0;
      // Between two interchanges nothing is missing that anybody could know of.
      const between =
        format === "x12" &&
        bytes
          .subarray(0, end)
          .toString()
          .trimEnd()
          .match(/IEA\*1\*000000001~?$/) !== null;
      if (missing && !between)
        expect(
          items.some(({ kind }) => kind === "rejected"),
          `${end}`,
        ).toBe(true);
    }
  });
});

describe("a broken document", () => {
  it("cut twice gives what it gives whole: problems, their places and their number", () => {
    const cuts = fc.array(fc.nat({ max: 2_000 }), { maxLength: 6 });
    const broken = fc.record({
      sample: fc.constantFrom(...samples),
      at: fc.nat({ max: 2_000 }),
      byte: fc.nat({ max: 255 }),
    });
    fc.assert(
      fc.property(broken, cuts, ({ sample: [format, document], at, byte }, some) => {
        const bytes = Buffer.from(document);
        bytes[at % bytes.length] = byte;
        expect(readAll(format, bytes, { cuts: some })).toEqual(readAll(format, bytes));
      }),
      { numRuns: 400 },
    );
  });

  it("made from published ones by chance ends in messages or rejections, never in a crash", () => {
    const seeds = [...samples.map(([format, text]) => [format, Buffer.from(text)] as const), ...published()];
    let random = 20_260_301;
    const next = (below: number) => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((random / 2 ** 32) * below);
    };
    let read = 0;
    for (let n = 0; read < fuzzBytes; n++) {
      const [format, seed] = seeds[n % seeds.length] as (typeof seeds)[number];
      const bytes = mutated(seed, next);
      const startedMs = performance.now();
      const acknowledge = format === "x12" ? "999" : null;
      const items = readAll(format, bytes, { acknowledge, cuts: [next(bytes.length + 1), next(bytes.length + 1)] });
      expect(items).toEqual(readAll(format, bytes, { acknowledge }));
      read += bytes.length + 1;
      for (const item of items) if (item.kind === "rejected") expect(item.rejection.line).toBeGreaterThan(0);
      expect(performance.now() - startedMs).toBeLessThan(2_000);
    }
    expect(read).toBeGreaterThanOrEqual(fuzzBytes);
  }, 600_000);
});

describe("segments", () => {
  const separator = fc.constantFrom(..."*|^~!>:\\;+\u001d\u001e\u001f{}@#$%&");
  // A line end may end segments, as it often does.
  const separators = fc
    .uniqueArray(separator, { minLength: 3, maxLength: 3 })
    .chain((three) => fc.boolean().map((lines) => (lines ? [...three.slice(0, 2), "\n"] : three)));
  const plain = fc.string({ unit: fc.constantFrom(..."ABCabc019 .,-/ü€"), maxLength: 12 });

  it("of X12 come back as they were written, with any separators", () => {
    const rows = fc.array(fc.array(plain, { maxLength: 6 }), { maxLength: 8 });
    fc.assert(
      fc.property(separators, rows, ([element, component, terminator], values) => {
        const style = { ...usualX12, element, component, terminator } as typeof usualX12;
        const written = values.map((row) => ["ZZZ", ...row]);
        const document = writeX12([{ type: "997", segments: written }], { style });
        const reader = new X12Segments();
        const tokens = [...reader.push(Buffer.from(document)), ...reader.end()];
        const read = tokens.flatMap((token) => (token.kind === "segment" ? [token.segment.elements] : []));
        expect(read.filter(([tag]) => tag === "ZZZ")).toEqual(written);
      }),
    );
  });

  it("of EDIFACT come back as they were written, released where they need it", () => {
    const value = fc.string({ unit: fc.constantFrom(..."AB12 +:'?é"), maxLength: 8 });
    const rows = fc.array(fc.array(fc.array(value, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(rows, (values) => {
        const written = values.map((row) => [["ZZZ"], ...row]);
        const document = Buffer.from([unb("R1"), ...written].map(writeSegment).join(""), "latin1");
        const reader = new EdifactSegments();
        const tokens = [...reader.push(document), ...reader.end()];
        const read = tokens.flatMap((token) => (token.kind === "segment" ? [token.segment.elements] : []));
        expect(read.slice(1)).toEqual(written);
      }),
    );
  });
});

/** Real documents of others, where they are. */
function published(): readonly (readonly [DocumentFormat, Buffer])[] {
  const sources = [
    ["x12", join(ediDir, "x12")],
    ["edifact", join(ediDir, "edifact")],
    ["epcis", join(epcisDir, "gs1-json")],
  ] as const;
  return sources.flatMap(([format, dir]) => {
    if (!statSync(dir, { throwIfNoEntry: false })) return [];
    const names = readdirSync(dir, { recursive: true }) as string[];
    const files = names.map((name) => join(dir, name)).filter((path) => statSync(path).isFile());
    return files.map((path) => [format, readFileSync(path)] as const);
  });
}

/** A few bytes changed, and a piece of it left out or said twice. */
function mutated(seed: Buffer, next: (below: number) => number): Buffer {
  const bytes = Buffer.from(seed);
  const interesting = Buffer.from("*~:+'?{}[]\",\\\n\u0000ISAUNBST");
  for (let i = next(6); i >= 0; i--) {
    const byte = next(2) === 0 ? next(256) : (interesting[next(interesting.length)] as number);
    if (bytes.length > 0) bytes[next(bytes.length)] = byte;
  }
  const [a, b] = [next(bytes.length + 1), next(bytes.length + 1)].sort((x, y) => x - y) as [number, number];
  const piece = bytes.subarray(a, b);
  const kind = next(4);
  if (kind === 0) return Buffer.concat([bytes.subarray(0, a), bytes.subarray(b)]);
  if (kind === 1) return Buffer.concat([bytes.subarray(0, b), piece, bytes.subarray(b)]);
  return bytes;
}
