/**
 * Hand-typed warehouse notes → reason codes, by a small table that is read from the top; the first match counts.
 *
 * What the words do not plainly say is UNCLASSIFIED, never a guess; the note itself always travels with the movement.
 * The words are chosen so that no name of a product matches ("HOT WATER BOTTLE" is not water damage).
 */
const reasons: readonly (readonly [code: string, words: RegExp])[] = [
  ["SCRAPPED", /\bthrown? away\b/i],
  ["DAMAGED", /\b(damag(ed?|es)|broken|crushed|smashed|faulty|mouldy|rusty)\b|^cracked$/i],
  ["FOUND", /\bfound\b/i],
  ["LOST", /\b(lost|missing|mia)\b/i],
  ["MISCODED", /\b(wrong(ly)? (bar)?code|barcode|mix[ -]?up|came coded|wrongly marked|sold as \d{5})\b/i],
  ["SOLD_AS_SET", /\b(sold|dotcom) (\w+ )?sets?\b|\bsold (as|in) \d/i],
  ["CREDIT_CORRECTION", /\bcredit(ted|ed|s)?\b/i],
  ["SAMPLE", /\bsamples\b|\bshow ?room\b|^display$/i],
  ["GIVEN_AWAY", /\bgiven away\b|^mailout$/i],
  ["WEB_CHANNEL", /^(amazon|ebay|fba|dotcom)( sales)?$/i],
  ["RETURNED", /^returned$/i],
  ["COUNTED", /^(check|counted)$/i],
  ["CORRECTION", /\badjust(ment)?\b/i],
];

export const unclassified = "UNCLASSIFIED";

export function reasonCodeOf(note: string): string {
  return reasons.find(([, words]) => words.test(note.trim()))?.[0] ?? unclassified;
}
