/**
 * Documents of partners for tests: read whole or in pieces, told in a line each, and written with any separators.
 */
import { createDocumentReader, type DocumentFormat, type ReaderOptions } from "../../ingest/formats.ts";
import type { IntakeItem, IntakeMessage } from "../../ingest/intake-message.ts";

/** How many bytes the fuzzing reads, e.g. BYTES=10000000, and the volume test writes, e.g. MEGABYTES=100; 0: none. */
export const fuzzBytes = Number(process.env["BYTES"] ?? 2_000_000);
export const volumeMegabytes = Number(process.env["MEGABYTES"] ?? 0);

export function readAll(
  format: DocumentFormat,
  document: string | Uint8Array,
  { cuts = [], ...options }: Partial<ReaderOptions> & { readonly cuts?: readonly number[] } = {},
): readonly IntakeItem[] {
  const bytes = typeof document === "string" ? Buffer.from(document) : document;
  const reader = createDocumentReader(format, {
    ...{ partner: null, acknowledge: null, nowIso: "2026-05-04T03:02:01.000Z" },
    ...options,
  });
  const ends = [...new Set(cuts)].filter((cut) => cut > 0 && cut < bytes.length).sort((a, b) => a - b);
  const items: IntakeItem[] = [];
  let from = 0;
  for (const to of [...ends, bytes.length]) {
    items.push(...reader.push(bytes.subarray(from, to)));
    from = to;
  }
  return [...items, ...reader.end()];
}

export function messagesOf(items: readonly IntakeItem[]): readonly IntakeMessage[] {
  return items.flatMap((item) => (item.kind === "message" ? [item.message] : []));
}

/** What became of each message, in order: what it moves, `ack`, `dup`, or `!CODE`. */
export function outcomeOf(items: readonly IntakeItem[]): string {
  const words = items.map((item) => {
    if (item.kind === "rejected") return `!${item.rejection.code}`;
    if (item.kind === "duplicate") return "dup";
    if (item.kind === "acknowledgement") return "answer";
    return counted(item.message.commands.flatMap(wordsOf)).join("+") || "ack";
  });
  return counted(words).join(" ");
}

function wordsOf(command: IntakeMessage["commands"][number]): readonly string[] {
  return command.kind === "stockEvents" ? command.events.map(({ type }) => type) : [command.kind];
}

/** Runs of the same word as one, with their number. */
function counted(words: readonly string[]): readonly string[] {
  const runs: { word: string; count: number }[] = [];
  for (const word of words) {
    const last = runs.at(-1);
    if (last?.word === word) last.count += 1;
    else runs.push({ word, count: 1 });
  }
  return runs.map(({ word, count }) => (count === 1 ? word : `${word}*${count}`));
}

export interface X12Style {
  readonly element: string;
  readonly component: string;
  readonly terminator: string;
  readonly lineEnd: string;
}

export const usualX12: X12Style = { element: "*", component: ">", terminator: "~", lineEnd: "\n" };

/** An interchange with one group of these sets, each given without ST and SE; counts and numbers are right. */
export function writeX12(
  sets: readonly { readonly type: string; readonly segments: readonly (readonly string[])[] }[],
  { style = usualX12, control = "000000001", usage = "P", sender = "SENDER", functional = "XX" } = {},
): string {
  const pad = (text: string, width: number) => text.padEnd(width).slice(0, width);
  const blank = pad("", 10);
  const parties = ["ZZ", pad(sender, 15), "ZZ", pad("RECEIVER", 15)];
  const isa = ["ISA", "00", blank, "00", blank, ...parties, "260504", "0302", "U", "00401", control, "0", usage];
  const body = sets.flatMap(({ type, segments }, i) => {
    const number = String(i + 1).padStart(4, "0");
    return [["ST", type, number], ...segments, ["SE", String(segments.length + 2), number]];
  });
  const lines = [
    [...isa, style.component],
    ["GS", functional, sender, "RECEIVER", "20260504", "0302", "1", "X", "004010"],
    ...body,
    ["GE", String(sets.length), "1"],
    ["IEA", "1", control],
  ];
  return lines.map((line) => line.join(style.element) + style.terminator + style.lineEnd).join("");
}
