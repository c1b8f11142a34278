/**
 * X12 bytes → segments, with the separators that each interchange's own header declares.
 *
 * The header has a fixed layout of 106 characters; whoever breaks it is passed over until the next one that does not.
 * Gives the same however the bytes are cut, and holds one segment. Knows nothing of envelopes beyond the header.
 */
import { limits } from "../shared/limits.ts";
import { bytesAsText, countLines, decodeGuessed } from "./edi-text.ts";
import type { Place, RejectionCode } from "./intake-message.ts";

export interface X12Segment {
  readonly tag: string;
  /** `elements[0]` is the tag, so that W0301 is `elements[1]`. Absent ones are empty. */
  readonly elements: readonly string[];
  readonly line: number;
  readonly text: string;
}

export interface X12Separators {
  readonly element: string;
  readonly component: string;
  readonly terminator: string;
  /** Null: the version has none. */
  readonly repetition: string | null;
}

export type X12Token =
  | { readonly kind: "interchange"; readonly header: X12Segment; readonly separators: X12Separators }
  | { readonly kind: "segment"; readonly segment: X12Segment }
  /** What was open before is lost. */
  | { readonly kind: "problem"; readonly code: RejectionCode; readonly place: Place; readonly subject: string };

const headerLength = 106;
/** Where the fixed layout has its element separators. */
const separatorsAt = [3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103];

export class X12Segments {
  #text = "";
  #line = 1;
  #separators: X12Separators | null = null;
  /** Passing over what is no interchange; it has been reported. */
  #lost = false;

  push(bytes: Uint8Array): readonly X12Token[] {
    this.#text += bytesAsText(bytes);
    return this.#read(false);
  }

  end(): readonly X12Token[] {
    const tokens = this.#read(true);
    const left = this.#text.trim();
    this.#text = "";
    if (left === "" || this.#lost) return tokens;
    // Some writers leave out the very last terminator; whether the rest of it is there its control number tells.
    const separators = this.#separators;
    if (separators && left.startsWith(`IEA${separators.element}`)) {
      return [...tokens, { kind: "segment", segment: this.#segment(left, separators) }];
    }
    return [...tokens, this.#problem("DOCUMENT_TRUNCATED", left.slice(0, 3))];
  }

  #read(ended: boolean): X12Token[] {
    const tokens: X12Token[] = [];
    let at = 0;
    for (;;) {
      at = this.#skipBlanks(at);
      const next = this.#lost ? this.#seek(at, ended, tokens) : this.#readOne(at, ended, tokens);
      if (next === null) break;
      at = next;
    }
    this.#text = this.#text.slice(this.#consumed);
    this.#consumed = 0;
    return tokens;
  }

  /** How much of the text is done with. */
  #consumed = 0;

  #advance(to: number): number {
    this.#line += countLines(this.#text, this.#consumed, to);
    this.#consumed = to;
    return to;
  }

  #skipBlanks(at: number): number {
    let to = at;
    while (to < this.#text.length && isBlank(this.#text.charCodeAt(to))) to += 1;
    return this.#advance(to);
  }

  /** From the beginning of a segment to that of the next one; null: more has to arrive first. */
  #readOne(at: number, ended: boolean, tokens: X12Token[]): number | null {
    const text = this.#text;
    const available = text.length - at;
    if (available === 0 || (available < 3 && !ended)) return null;
    if (text.startsWith("ISA", at)) {
      if (available < headerLength && !ended) return null;
      const separators = separatorsOf(text, at);
      if (separators) return this.#begin(at, separators, tokens);
      if (!this.#separators) return this.#lose(at, "INTERCHANGE_MALFORMED", "ISA", tokens);
    }
    const separators = this.#separators;
    if (!separators) return this.#lose(at, "SEGMENT_MISPLACED", "", tokens);
    const to = text.indexOf(separators.terminator, at);
    const length = (to < 0 ? text.length : to) - at;
    if (length > limits.intakeSegmentLengthMax) return this.#lose(at, "MESSAGE_TOO_LARGE", "segment", tokens);
    if (to < 0) return null;
    const segment = this.#segment(text.slice(at, to), separators);
    tokens.push({ kind: "segment", segment });
    if (segment.tag === "IEA") this.#separators = null;
    return this.#advance(to + separators.terminator.length);
  }

  #begin(at: number, separators: X12Separators, tokens: X12Token[]): number {
    const header = this.#segment(this.#text.slice(at, at + headerLength - 1), separators);
    this.#separators = separators;
    tokens.push({ kind: "interchange", header, separators });
    return this.#advance(at + headerLength);
  }

  #lose(at: number, code: RejectionCode, subject: string, tokens: X12Token[]): number {
    tokens.push(this.#problem(code, subject));
    this.#lost = true;
    this.#separators = null;
    return this.#advance(at + 1);
  }

  /** To the next header with the right layout. */
  #seek(from: number, ended: boolean, tokens: X12Token[]): number | null {
    const text = this.#text;
    for (let at = text.indexOf("ISA", from); at >= 0; at = text.indexOf("ISA", at + 1)) {
      if (text.length - at < headerLength && !ended) {
        this.#advance(at);
        return null;
      }
      const separators = separatorsOf(text, at);
      if (!separators) continue;
      this.#lost = false;
      this.#advance(at);
      return this.#begin(at, separators, tokens);
    }
    // The beginning of a header may be the end of what has arrived.
    this.#advance(Math.max(from, text.length - (ended ? 0 : 2)));
    return null;
  }

  #segment(text: string, { element }: X12Separators): X12Segment {
    const elements = text
      .replace(/[\r\n]+$/, "")
      .split(element)
      .map(decodeGuessed);
    return { tag: elements[0] ?? "", elements, line: this.#line, text };
  }

  #problem(code: RejectionCode, subject: string): X12Token & { kind: "problem" } {
    return { kind: "problem", code, place: { line: this.#line, segment: null }, subject };
  }
}

/** Null: this is no header of the fixed layout, or its separators cannot be told apart. */
function separatorsOf(text: string, at: number): X12Separators | null {
  if (text.length - at < headerLength) return null;
  const element = text[at + 3] as string;
  if (separatorsAt.some((offset) => text[at + offset] !== element)) return null;
  const component = text[at + 104] as string;
  const terminator = text[at + 105] as string;
  const own = [element, component, terminator];
  if (new Set(own).size < own.length || own.some((char) => /[A-Za-z0-9 ]/.test(char))) return null;
  // A line end may end a segment, and nothing less.
  if (/[\r\n]/.test(element + component)) return null;
  // Since 00402 ISA11 is the repetition separator; before, the letter U of a standards body.
  const eleventh = text[at + 82] as string;
  const repetition = /[A-Za-z0-9 ]/.test(eleventh) || own.includes(eleventh) ? null : eleventh;
  return { element, component, terminator, repetition };
}

function isBlank(code: number): boolean {
  return code === 10 || code === 13 || code === 32 || code === 9;
}
