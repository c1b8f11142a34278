/**
 * 997 and 999: what a reader of X12 tells the sender about form, set by set.
 *
 * Form only: whether items are known and stock is there is said by the receipt. Written with the separators that were
 * read, to whoever sent it, under the number of what it acknowledges. Never written about an acknowledgement.
 */
import type { RejectionCode } from "./intake-message.ts";
import type { X12Segment, X12Separators } from "./x12-segments.ts";

export type AcknowledgementKind = "997" | "999";

export interface SetOutcome {
  readonly type: string;
  readonly control: string;
  /** Null: taken. */
  readonly rejectedWith: string | null;
}

export interface GroupOutcome {
  readonly functionalId: string;
  readonly control: string;
  readonly version: string;
  /** As its sender counts them; null where the group was never closed. */
  readonly setsSaid: string | null;
  readonly sets: readonly SetOutcome[];
  readonly faults: readonly RejectionCode[];
}

/** Codes of AK502 and of AK905, by what was wrong; 5: a segment is in error. */
const setFaults: Readonly<Record<string, string>> = {
  MESSAGE_TYPE_UNKNOWN: "1",
  TRAILER_MISSING: "2",
  CONTROL_NUMBER_MISMATCH: "3",
  COUNT_MISMATCH: "4",
};
const groupFaults: Readonly<Record<string, string>> = {
  TRAILER_MISSING: "3",
  CONTROL_NUMBER_MISMATCH: "4",
  COUNT_MISMATCH: "5",
};

/** `nowIso`: RFC 3339, UTC. Empty where there is nothing to acknowledge. */
export function writeAcknowledgement(
  kind: AcknowledgementKind,
  header: X12Segment,
  separators: X12Separators,
  groups: readonly GroupOutcome[],
  nowIso: string,
): string {
  const told = groups.filter(({ functionalId }) => functionalId !== "FA");
  if (told.length === 0) return "";
  const { element, terminator } = separators;
  const isa = header.elements;
  const [date, time] = [nowIso.slice(0, 10).replaceAll("-", ""), nowIso.slice(11, 16).replace(":", "")];
  const control = isa[13] ?? "";
  const version = kind === "999" ? "005010X231A1" : (told[0]?.version ?? "004010");
  const sets = told.map((group, i) => segmentsOf(kind, group, String(i + 1).padStart(4, "0")));
  const receiver = (isa[8] ?? "").trim();
  const lines = [
    // The parties change places; every other element keeps its width.
    [
      "ISA",
      ...isa.slice(1, 5),
      isa[7],
      isa[8],
      isa[5],
      isa[6],
      date.slice(2),
      time,
      ...isa.slice(11, 14),
      "0",
      isa[15],
    ],
    ["GS", "FA", receiver, (isa[6] ?? "").trim(), date, time, control, "X", version],
    ...sets.flat(),
    ["GE", String(sets.length), control],
    ["IEA", "1", control],
  ];
  const text = lines.map((line, i) => line.join(element) + (i === 0 ? element + separators.component : ""));
  const end = terminator === "\n" ? terminator : `${terminator}\n`;
  return text.map((line) => line + end).join("");
}

function segmentsOf(kind: AcknowledgementKind, group: GroupOutcome, control: string): readonly (readonly string[])[] {
  const set = kind === "999" ? "IK5" : "AK5";
  const bad = group.sets.filter(({ rejectedWith }) => rejectedWith !== null).length;
  const body = group.sets.flatMap(({ type, control: own, rejectedWith }) => [
    ["AK2", type, own],
    rejectedWith === null ? [set, "A"] : [set, "R", setFaults[rejectedWith] ?? "5"],
  ]);
  const faults = [...new Set(group.faults)].map((code) => groupFaults[code] ?? "5");
  const verdict = bad === 0 ? (faults.length > 0 ? "E" : "A") : bad < group.sets.length ? "P" : "R";
  const received = String(group.sets.length);
  const lines = [
    ["ST", kind, control, ...(kind === "999" ? ["005010X231A1"] : [])],
    ["AK1", group.functionalId, group.control, ...(kind === "999" ? [group.version] : [])],
    ...body,
    ["AK9", verdict, group.setsSaid ?? received, received, String(group.sets.length - bad), ...faults.slice(0, 5)],
  ];
  return [...lines, ["SE", String(lines.length + 1), control]];
}
