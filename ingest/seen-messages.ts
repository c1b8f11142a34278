/**
 * Which messages of a document were there before: the same number with the same content counts once.
 *
 * Remembers the last of them only, so that memory stays small; what comes again after very many others is recognised
 * by the API, which knows the ids for longer.
 */
import { limits } from "../shared/limits.ts";

export type SeenVerdict = "new" | "again" | "other";

/** `content`: what the message says, as text. */
export type SeeMessage = (identity: string, content: string) => SeenVerdict;

export function createSeenMessages(rememberedMax: number = limits.intakeSeenMax): SeeMessage {
  const seen = new Map<string, number>();
  return (identity, content) => {
    const hash = fingerprint(content);
    const before = seen.get(identity);
    if (before !== undefined) return before === hash ? "again" : "other";
    seen.set(identity, hash);
    if (seen.size > rememberedMax) seen.delete(seen.keys().next().value as string);
    return "new";
  };
}

/** 52 bits of two FNV-1a sums: enough to tell a repeated message from a number that was used again. */
function fingerprint(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
  }
  return (a >>> 0) * 0x100000 + ((b >>> 0) & 0xfffff);
}
