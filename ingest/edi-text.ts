/**
 * Bytes of an EDI document as text in which one character is one byte, and back to the characters that were meant.
 *
 * Separators are bytes, so a document is cut before anybody knows its character set. Pure; throws nothing.
 */
export function bytesAsText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Null: the bytes are not text in this character set. */
export function decodeText(text: string, charset: "ascii" | (string & {})): string | null {
  if (!/[\x80-\xff]/.test(text)) return text;
  if (charset === "ascii") return null;
  try {
    return new TextDecoder(charset, { fatal: true }).decode(Buffer.from(text, "latin1"));
  } catch {
    return null;
  }
}

/** X12 does not say its character set: UTF-8 where the bytes are that, else what most systems mean by eight bits. */
export function decodeGuessed(text: string): string {
  return decodeText(text, "utf-8") ?? decodeText(text, "windows-1252") ?? text;
}

export function countLines(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
