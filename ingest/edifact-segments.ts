/**
 * EDIFACT bytes → segments, with the separators of the UNA that precedes an interchange, or those of the standard.
 *
 * A release character takes its meaning from what follows it. Values are in the character set that UNB declares. Gives
 * the same however the bytes are cut, and holds one segment. Knows nothing of envelopes.
 */
import { limits } from "../shared/limits.ts";
import { bytesAsText, countLines, decodeText } from "./edi-text.ts";
import type { Place, RejectionCode } from "./intake-message.ts";

export interface EdifactSeparators {
  readonly component: string;
  readonly element: string;
  readonly release: string;
  readonly terminator: string;
}

export interface EdifactSegment {
  readonly tag: string;
  /** `elements[0]` is the tag with its components; each element is its components. */
  readonly elements: readonly (readonly string[])[];
  readonly line: number;
  readonly text: string;
  /** False: its bytes are not text in the declared character set. */
  readonly decoded: boolean;
}

export type EdifactToken =
  | { readonly kind: "segment"; readonly segment: EdifactSegment; readonly separators: EdifactSeparators }
  /** What was open before is lost. */
  | { readonly kind: "problem"; readonly code: RejectionCode; readonly place: Place; readonly subject: string };

export const standardSeparators: EdifactSeparators = { component: ":", element: "+", release: "?", terminator: "'" };

/** Syntax identifiers of ISO 9735 → their character set. UNOA and UNOB are subsets of ASCII. */
const charsets: Readonly<Record<string, string>> = {
  UNOA: "ascii",
  UNOB: "ascii",
  UNOC: "iso-8859-1",
  UNOD: "iso-8859-2",
  UNOE: "iso-8859-5",
  UNOF: "iso-8859-7",
  UNOG: "iso-8859-3",
  UNOH: "iso-8859-4",
  UNOI: "iso-8859-6",
  UNOJ: "iso-8859-8",
  UNOK: "windows-1254",
  UNOW: "utf-8",
  UNOX: "iso-2022-jp",
  UNOY: "utf-8",
};

export class EdifactSegments {
  #text = "";
  #line = 1;
  #consumed = 0;
  #separators = standardSeparators;
  #charset: string | null = "ascii";
  /** Between interchanges: what comes has to be UNA or UNB. */
  #outside = true;
  /** Passing over what is no interchange; it has been reported. */
  #lost = false;

  push(bytes: Uint8Array): readonly EdifactToken[] {
    this.#text += bytesAsText(bytes);
    return this.#read(false);
  }

  end(): readonly EdifactToken[] {
    const tokens = this.#read(true);
    const left = this.#text.trim();
    this.#text = "";
    if (left === "" || this.#lost) return tokens;
    // Some writers leave out the very last terminator; whether the rest of it is there its reference tells.
    if (!this.#outside && left.startsWith(`UNZ${this.#separators.element}`)) {
      return [...tokens, { kind: "segment", segment: this.#segment(left), separators: this.#separators }];
    }
    return [...tokens, this.#problem("DOCUMENT_TRUNCATED", left.slice(0, 3))];
  }

  #read(ended: boolean): EdifactToken[] {
    const tokens: EdifactToken[] = [];
    let at = 0;
    for (;;) {
      at = this.#skipBlanks(at);
      const next = this.#lost ? this.#seek(at, ended) : this.#readOne(at, ended, tokens);
      if (next === null) break;
      at = next;
    }
    this.#text = this.#text.slice(this.#consumed);
    this.#consumed = 0;
    return tokens;
  }

  #advance(to: number): number {
    this.#line += countLines(this.#text, this.#consumed, to);
    this.#consumed = to;
    return to;
  }

  #skipBlanks(at: number): number {
    let to = at;
    while (to < this.#text.length && " \t\r\n".includes(this.#text[to] as string)) to += 1;
    return this.#advance(to);
  }

  /** From the beginning of a segment to that of the next one; null: more has to arrive first. */
  #readOne(at: number, ended: boolean, tokens: EdifactToken[]): number | null {
    const text = this.#text;
    const available = text.length - at;
    if (available === 0 || (available < 9 && !ended)) return null;
    if (text.startsWith("UNA", at) && available >= 9) {
      const separators = declaredIn(text.slice(at + 3, at + 9));
      if (!separators) return this.#lose(at, "SEPARATORS_AMBIGUOUS", text.slice(at + 3, at + 9), tokens);
      this.#separators = separators;
      this.#outside = true;
      return this.#advance(at + 9);
    }
    const isHeader = text.startsWith(`UNB${this.#separators.element}`, at);
    if (this.#outside && !isHeader) return this.#lose(at, "SEGMENT_MISPLACED", "", tokens);
    const to = this.#endOfSegment(at);
    if ((to < 0 ? text.length : to) - at > limits.intakeSegmentLengthMax) {
      return this.#lose(at, "MESSAGE_TOO_LARGE", "segment", tokens);
    }
    if (to < 0) return null;
    const segment = this.#segment(text.slice(at, to));
    if (isHeader) this.#charset = charsets[segment.elements[1]?.[0] ?? ""] ?? null;
    tokens.push({ kind: "segment", segment, separators: this.#separators });
    this.#outside = segment.tag === "UNZ";
    // The next interchange may have none of its own.
    if (this.#outside) this.#separators = standardSeparators;
    return this.#advance(to + 1);
  }

  /** The first terminator that no release character stands before; -1: it has not arrived. */
  #endOfSegment(from: number): number {
    const { release, terminator } = this.#separators;
    for (let at = this.#text.indexOf(terminator, from); at >= 0; at = this.#text.indexOf(terminator, at + 1)) {
      if (!isReleased(this.#text, at, release, from)) return at;
    }
    return -1;
  }

  #lose(at: number, code: RejectionCode, subject: string, tokens: EdifactToken[]): number {
    tokens.push(this.#problem(code, subject));
    this.#lost = true;
    this.#outside = true;
    this.#separators = standardSeparators;
    return this.#advance(at + 1);
  }

  /** To the next UNA, or UNB with the separators of the standard. */
  #seek(from: number, ended: boolean): number | null {
    const match = /UNA[^A-Za-z0-9]|UNB\+/g;
    match.lastIndex = from;
    const found = match.exec(this.#text);
    if (!found) {
      // The beginning of a header may be the end of what has arrived.
      this.#advance(Math.max(from, this.#text.length - (ended ? 0 : 3)));
      return null;
    }
    this.#lost = false;
    return this.#advance(found.index);
  }

  #segment(text: string): EdifactSegment {
    const { element, component, release } = this.#separators;
    let decoded = true;
    const elements = splitReleased(text, element, release).map((one) =>
      splitReleased(one, component, release).map((value) => {
        const characters = decodeText(unreleased(value, release), this.#charset ?? "ascii");
        if (characters === null) decoded = false;
        return characters ?? value;
      }),
    );
    return { tag: elements[0]?.[0]?.trim() ?? "", elements, line: this.#line, text, decoded };
  }

  #problem(code: RejectionCode, subject: string): EdifactToken & { kind: "problem" } {
    return { kind: "problem", code, place: { line: this.#line, segment: null }, subject };
  }
}

/** Is this syntax identifier one that is read? */
export function isKnownSyntax(identifier: string): boolean {
  return Object.hasOwn(charsets, identifier);
}

/** Null: they cannot be told apart. The fourth place, decimal notation, is either a point or a comma. */
function declaredIn(una: string): EdifactSeparators | null {
  const [component, element, , release, , terminator] = [...una] as [string, string, string, string, string, string];
  const own = [component, element, terminator];
  // A blank release character: there is none.
  const all = release === " " ? own : [...own, release];
  if (new Set(all).size < all.length || own.some((char) => /[A-Za-z0-9 ]/.test(char))) return null;
  return { component, element, release, terminator };
}

/** An odd number of release characters before it. */
function isReleased(text: string, at: number, release: string, from: number): boolean {
  if (release === " ") return false;
  let before = at;
  while (before > from && text[before - 1] === release) before -= 1;
  return (at - before) % 2 === 1;
}

function splitReleased(text: string, separator: string, release: string): string[] {
  if (!text.includes(separator)) return [text];
  const parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, at + 1)) {
    if (isReleased(text, at, release, from)) continue;
    parts.push(text.slice(from, at));
    from = at + 1;
  }
  parts.push(text.slice(from));
  return parts;
}

function unreleased(text: string, release: string): string {
  if (release === " " || !text.includes(release)) return text;
  let value = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] === release && i + 1 < text.length) i += 1;
    value += text[i];
  }
  return value;
}
