/**
 * Long documents in little memory: MEGABYTES=100 writes an X12 846 and an EPCIS document of that size and reads them.
 *
 * Says on stderr how many events a second that was and how much the process grew. Without MEGABYTES nothing is written.
 */
import { describe, expect, it } from "vitest";
import { createDocumentReader, type DocumentFormat } from "../../../ingest/formats.ts";
import { volumeMegabytes, writeX12 } from "../../helpers/intake.ts";

const chunkBytes = 65_536;

function* inChunks(parts: Iterable<string>): Generator<Uint8Array> {
  let held = "";
  for (const part of parts) {
    held += part;
    if (held.length < chunkBytes) continue;
    yield Buffer.from(held);
    held = "";
  }
  yield Buffer.from(held);
}

function* inventory(bytes: number): Generator<string> {
  const empty = writeX12([]);
  yield empty.slice(0, empty.indexOf("GE*"));
  let sets = 0;
  for (let written = 0; written < bytes; ) {
    sets += 1;
    const number = String(sets).padStart(4, "0");
    const lines = Array.from({ length: 100 }, (_, i) => `LIN*${i}*VN*SKU-${sets}-${i}~\nQTY*17*${i}*EA~\n`).join("");
    const head = `ST*846*${number}~\nBIA*00*MM*R*20260301~\nN1*WH**92*HALL~\n`;
    const set = `${head}${lines}SE*${4 + 200}*${number}~\n`;
    written += set.length;
    yield set;
  }
  yield `GE*${sets}*1~\nIEA*1*000000001~\n`;
}

function* capture(bytes: number): Generator<string> {
  yield '{"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"],"type":"EPCISDocument","epcisBody":{"eventList":[';
  const event = { type: "ObjectEvent", eventTimeZoneOffset: "+01:00", action: "OBSERVE", bizStep: "receiving" };
  for (let written = 0, n = 0; written < bytes; n++) {
    const eventTime = new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
    const readPoint = { id: "urn:epc:id:sgln:4012345.00001.0" };
    const quantityList = [{ epcClass: "urn:epc:class:lgtin:4012345.022222.L1", quantity: 1 + (n % 9) }];
    const text = JSON.stringify({ ...event, eventTime, readPoint, quantityList });
    written += text.length + 1;
    yield n === 0 ? text : `,${text}`;
  }
  yield "]}}";
}

describe.skipIf(volumeMegabytes === 0)("a long document", () => {
  const documents: readonly [DocumentFormat, (bytes: number) => Generator<string>][] = [
    ["x12", inventory],
    ["epcis", capture],
  ];

  it.each(documents)(
    "of %s is read in little memory",
    (format, write) => {
      const reader = createDocumentReader(format, { partner: null, acknowledge: null, nowIso: "" });
      const before = process.memoryUsage().rss;
      const startedMs = performance.now();
      let [events, bytes, peak] = [0, 0, 0];
      const take = (items: ReturnType<typeof reader.push>) => {
        for (const item of items) {
          expect(item.kind).toBe("message");
          if (item.kind !== "message") continue;
          for (const command of item.message.commands)
            if (command.kind === "stockEvents") events += command.events.length;
        }
      };
      for (const chunk of inChunks(write(volumeMegabytes * 1_048_576))) {
        bytes += chunk.length;
        take(reader.push(chunk));
        peak = Math.max(peak, process.memoryUsage().rss);
      }
      take(reader.end());
      const seconds = (performance.now() - startedMs) / 1000;
      const grownMb = Math.round((peak - before) / 1_048_576);
      process.stderr.write(
        `${format}: ${bytes} bytes, ${events} events, ${Math.round(events / seconds)}/s, +${grownMb} MB\n`,
      );
      expect(bytes).toBeGreaterThanOrEqual(volumeMegabytes * 1_048_576);
      expect(grownMb).toBeLessThan(200);
    },
    600_000,
  );
});
