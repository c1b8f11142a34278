/**
 * A JSON document of any length → the elements of one list in it, each parsed as soon as it is complete.
 *
 * Holds one element and what stands around the list, never the list, and gives the same however the bytes are cut. An
 * element that is not JSON is given as such and the next one goes on; what cannot be gone on from (broken nesting, the
 * end in the middle) is said once, at the end.
 */
import { limits } from "../shared/limits.ts";

export interface JsonElement {
  /** Undefined: the text is not JSON. */
  readonly value: unknown;
  /** From 0. */
  readonly index: number;
  readonly line: number;
  readonly text: string;
}

export type JsonProblem = "JSON_MALFORMED" | "DOCUMENT_TRUNCATED" | "MESSAGE_TOO_LARGE";

interface Level {
  readonly close: "}" | "]";
  /** Of an object: the member that is being read. */
  key: string;
}

export class JsonElements {
  readonly #isList: (path: readonly string[]) => boolean;
  readonly #decoder = new TextDecoder("utf-8");
  readonly #stack: Level[] = [];
  /** What has not been given or kept yet, and how far it has been looked at. */
  #text = "";
  #at = 0;
  /** The document outside of the list; of `text`, it goes on from `keptFrom`. */
  #kept = "";
  #keptFrom = 0;
  /** Depth of the list whose elements are wanted; 0 outside of it. */
  #listDepth = 0;
  #element = { from: 0, line: 0, started: false };
  #index = 0;
  #line = 1;
  #inString = false;
  #stringFrom = 0;
  #lastString = "";
  #rootSeen = false;
  #head: unknown = undefined;
  #problem: { problem: JsonProblem; line: number } | null = null;

  /** `isList`: is the list at this path of keys the one whose elements are wanted? The root's path is empty. */
  constructor(isList: (path: readonly string[]) => boolean) {
    this.#isList = isList;
  }

  push(bytes: Uint8Array): readonly JsonElement[] {
    const found: JsonElement[] = [];
    if (this.#problem !== null) return found;
    this.#text += this.#decoder.decode(bytes, { stream: true });
    this.#scan(found);
    if (this.#problem === null) this.#compact();
    return found;
  }

  /** The document without the elements of the list, or what is wrong with it. */
  end(): { readonly rest: unknown } | { readonly problem: JsonProblem; readonly line: number } {
    if (this.#problem === null) this.#text += this.#decoder.decode();
    if (this.#stack.length > 0 || this.#inString || !this.#rootSeen) this.#fail("DOCUMENT_TRUNCATED");
    const all = this.#kept + this.#text.slice(this.#keptFrom);
    if (all.length > limits.intakeMessageLengthMax) this.#fail("MESSAGE_TOO_LARGE", 1);
    const rest = this.#problem === null ? parsed(all) : undefined;
    if (rest === undefined) this.#fail("JSON_MALFORMED", 1);
    return this.#problem ?? { rest };
  }

  /** What stood before the list when it began; undefined before that, and where it is not JSON. */
  get head(): unknown {
    return this.#head;
  }

  /** The first problem is the one. */
  #fail(problem: JsonProblem, line = this.#line): void {
    this.#problem ??= { problem, line };
  }

  #scan(found: JsonElement[]): void {
    for (; this.#at < this.#text.length && this.#problem === null; this.#at++) {
      if (this.#inString) {
        if (this.#passString()) continue;
        return;
      }
      const code = this.#text.charCodeAt(this.#at);
      if (code === lineFeed) this.#line += 1;
      if (code <= 32) continue;
      if (this.#stack.length === 0 && (this.#rootSeen || (code !== openObject && code !== openList))) {
        this.#fail("JSON_MALFORMED");
        return;
      }
      if (this.#listDepth > 0 && this.#stack.length === this.#listDepth) {
        if (code === comma) {
          this.#endElement(found);
          this.#beginElement();
          continue;
        }
        if (!this.#element.started && code !== closeList) {
          this.#element.started = true;
          this.#element.line = this.#line;
        }
      }
      this.#step(code, found);
    }
  }

  #step(code: number, found: JsonElement[]): void {
    if (code === quote) {
      this.#inString = true;
      this.#stringFrom = this.#at;
    } else if (code === openObject) this.#open("}");
    else if (code === openList) this.#open("]");
    else if (code === closeObject) this.#shut("}", found);
    else if (code === closeList) this.#shut("]", found);
    else if (code === colon && this.#listDepth === 0) {
      const level = this.#stack.at(-1);
      if (level) level.key = this.#lastString;
    }
  }

  /** Leaves `at` on the closing quote, or at the end of what has arrived; a backslash waits for its partner. */
  #passString(): boolean {
    const text = this.#text;
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at);
      if (code === quote) {
        this.#inString = false;
        if (this.#listDepth === 0) this.#lastString = text.slice(this.#stringFrom + 1, this.#at);
        return true;
      }
      if (code === backslash) {
        if (this.#at + 1 >= text.length) return false;
        this.#at += 1;
      } else if (code === lineFeed) this.#line += 1;
    }
    return false;
  }

  #open(close: "}" | "]"): void {
    const stack = this.#stack;
    if (stack.length >= limits.intakeJsonDepthMax) {
      this.#fail("JSON_MALFORMED");
      return;
    }
    this.#rootSeen = true;
    const wanted =
      this.#listDepth === 0 &&
      close === "]" &&
      this.#isList(stack.map((level) => (level.close === "}" ? level.key : "*")));
    stack.push({ close, key: "" });
    if (!wanted) return;
    this.#listDepth = stack.length;
    this.#kept += this.#text.slice(this.#keptFrom, this.#at + 1);
    if (this.#kept.length > limits.intakeMessageLengthMax) this.#fail("MESSAGE_TOO_LARGE", 1);
    const closing = stack.map((level) => level.close).reverse();
    this.#head ??= parsed(this.#kept + closing.join(""));
    this.#beginElement();
  }

  #shut(close: string, found: JsonElement[]): void {
    if (this.#stack.at(-1)?.close !== close) {
      this.#fail("JSON_MALFORMED");
      return;
    }
    if (this.#stack.length === this.#listDepth) {
      this.#endElement(found);
      this.#listDepth = 0;
      this.#keptFrom = this.#at;
    }
    this.#stack.pop();
  }

  #beginElement(): void {
    this.#element = { from: this.#at + 1, line: this.#line, started: false };
  }

  #endElement(found: JsonElement[]): void {
    const { from, line, started } = this.#element;
    if (!started) return;
    const text = this.#text.slice(from, this.#at).trim();
    if (text.length > limits.intakeMessageLengthMax) {
      this.#fail("MESSAGE_TOO_LARGE", line);
      return;
    }
    found.push({ value: parsed(text), index: this.#index, line, text });
    this.#index += 1;
  }

  /** Forgets what has been given, and looks whether what is left is within bounds. */
  #compact(): void {
    let { from } = this.#element;
    if (this.#listDepth === 0) {
      from = this.#inString ? this.#stringFrom : this.#at;
      this.#kept += this.#text.slice(this.#keptFrom, from);
      this.#keptFrom = 0;
    }
    // Blanks before an element are nobody's; without this a megabyte of them would count as its text.
    if (this.#listDepth > 0 && !this.#element.started) from = this.#at;
    this.#text = this.#text.slice(from);
    this.#at -= from;
    this.#stringFrom -= from;
    this.#element.from = 0;
    const lengthMax = limits.intakeMessageLengthMax;
    if (this.#kept.length > lengthMax) this.#fail("MESSAGE_TOO_LARGE", 1);
    if (this.#text.length > lengthMax + 1) this.#fail("MESSAGE_TOO_LARGE", this.#listDepth ? this.#element.line : 1);
  }
}

const quote = 34;
const backslash = 92;
const comma = 44;
const colon = 58;
const openObject = 123;
const closeObject = 125;
const openList = 91;
const closeList = 93;
const lineFeed = 10;

/** U+FFFD is what is left of bytes that are no UTF-8. */
function parsed(text: string): unknown {
  if (text.includes("\ufffd")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
