/**
 * CONTRL: what a reader of EDIFACT tells the sender about form, message by message (ISO 9735, version 4 of CONTRL).
 *
 * Form only: whether items are known and stock is there is said by the receipt. Written with the separators of the
 * standard, to whoever sent it, under the reference of what it acknowledges. Never written about a CONTRL.
 */
import { standardSeparators } from "./edifact-segments.ts";

export interface MessageOutcome {
  readonly reference: string;
  /** UNH's second element as its components. */
  readonly type: readonly string[];
  /** Null: taken. */
  readonly rejectedWith: string | null;
}

export interface InterchangeOutcome {
  /** UNB's elements as they came. */
  readonly sender: readonly string[];
  readonly recipient: readonly string[];
  readonly reference: string;
  readonly messages: readonly MessageOutcome[];
  readonly faults: readonly string[];
}

/** Codes of element 0085, by what was wrong; 18: an error that has no code of its own. */
const errorCodes: Readonly<Record<string, string>> = {
  CHARACTER_SET: "21",
  VALUE_MISSING: "13",
  VALUE_INVALID: "12",
  MESSAGE_TYPE_UNKNOWN: "17",
  TRAILER_MISSING: "13",
  DOCUMENT_TRUNCATED: "13",
  CONTROL_NUMBER_MISMATCH: "28",
  COUNT_MISMATCH: "29",
  IDENTITY_REUSED: "26",
};

/** `nowIso`: RFC 3339, UTC. Empty where there is nothing to acknowledge. */
export function writeContrl(outcome: InterchangeOutcome, nowIso: string): string {
  const { sender, recipient, reference, faults } = outcome;
  const told = outcome.messages.filter(({ type }) => type[0] !== "CONTRL");
  if (told.length === 0 && outcome.messages.length > 0) return "";
  const [fault] = faults;
  const date = [nowIso.slice(2, 10).replaceAll("-", ""), nowIso.slice(11, 16).replace(":", "")];
  const body: (readonly (string | readonly string[])[])[] = [
    ["UNH", "1", ["CONTRL", "4", "1", "UN"]],
    ["UCI", reference, sender, recipient, ...(fault === undefined ? ["7"] : ["8", errorCodes[fault] ?? "18"])],
    ...told.map(({ reference: own, type, rejectedWith }) =>
      rejectedWith === null ? ["UCM", own, type, "7"] : ["UCM", own, type, "4", errorCodes[rejectedWith] ?? "18"],
    ),
  ];
  const lines = [
    ["UNB", ["UNOC", "3"], recipient, sender, date, reference],
    ...body,
    ["UNT", String(body.length + 1), "1"],
    ["UNZ", "1", reference],
  ];
  return lines.map(writeSegment).join("");
}

/** A segment with its values released, its terminator and a line end. */
export function writeSegment(elements: readonly (string | readonly string[])[]): string {
  const { element, component, terminator } = standardSeparators;
  const texts = elements.map((one) => (typeof one === "string" ? [one] : one).map(released).join(component));
  return `${texts.join(element)}${terminator}\n`;
}

function released(value: string): string {
  const { element, component, release, terminator } = standardSeparators;
  return [...value]
    .map((char) => ([element, component, release, terminator].includes(char) ? `${release}${char}` : char))
    .join("");
}
