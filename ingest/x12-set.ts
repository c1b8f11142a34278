/**
 * One X12 transaction set, looked at: elements by number, loops by their first segment, parties, items, dates.
 *
 * Every value that cannot be taken fails with a refusal that names the segment. Knows no transaction set.
 */

import { limits } from "../shared/limits.ts";
import { codeOf, locationOf, type Place, Refusal, skuOf, unitOf, utcOf, wholeOf } from "./intake-message.ts";
import type { X12Segment } from "./x12-segments.ts";

export interface X12Set {
  /** ST01, e.g. `850`. */
  readonly type: string;
  /** Between ST and SE. */
  readonly segments: readonly X12Segment[];
  readonly component: string;
  /** Who sends and who receives, as the interchange says. */
  readonly sender: string;
  readonly receiver: string;
  /** What every event of it is named after. */
  readonly id: string;
}

/** Element `n` without the white space around it; undefined where it is absent or empty. */
export function el(segment: X12Segment, n: number): string | undefined {
  const value = segment.elements[n]?.trim();
  return value === "" ? undefined : value;
}

export function placeOf(segment: X12Segment, n?: number): Place {
  return { line: segment.line, segment: n === undefined ? segment.tag : `${segment.tag}${String(n).padStart(2, "0")}` };
}

/** Fails with VALUE_MISSING. */
export function needed(segment: X12Segment, n: number): string {
  const value = el(segment, n);
  if (value === undefined) throw new Refusal("VALUE_MISSING", "", placeOf(segment, n));
  return value;
}

/** The first segment of this tag. Fails with VALUE_MISSING. */
export function firstOf(set: X12Set, tag: string): X12Segment {
  const segment = set.segments.find((one) => one.tag === tag);
  if (!segment) throw new Refusal("VALUE_MISSING", tag, { segment: tag });
  return segment;
}

/** What stands before the first of the tags, and each of them with what follows it. */
export function loopsOf(segments: readonly X12Segment[], ...tags: readonly string[]) {
  const before: X12Segment[] = [];
  const loops: [X12Segment, ...X12Segment[]][] = [];
  for (const segment of segments) {
    if (tags.includes(segment.tag)) loops.push([segment]);
    else (loops.at(-1) ?? before).push(segment);
  }
  return { before, loops };
}

/** The code of the first party with one of these roles, its name where it has no code; undefined: no such party. */
export function partyOf(segments: readonly X12Segment[], ...roles: readonly string[]): string | undefined {
  for (const role of roles) {
    const segment = segments.find(({ tag, elements }) => tag === "N1" && elements[1]?.trim() === role);
    const code = segment && (el(segment, 4) ?? el(segment, 2));
    if (code !== undefined) return code;
  }
  return undefined;
}

/** Fails with LOCATION_MISSING, CODE_INVALID. */
export function siteOf(segments: readonly X12Segment[], ...roles: readonly string[]): string {
  return locationOf(partyOf(segments, ...roles), { segment: "N1" });
}

/**
 * Product codes come in pairs of qualifier and code. Ours come before the vendor's, and these before what is printed on
 * the goods; of what is in none of the lists, the first.
 */
const qualifiers = ["SK", "BP", "IN", "CB", "VN", "VP", "VC", "VA", "UP", "UK", "UI", "UA", "UC", "EN"];

/** `pairsFrom`: the number of the first qualifier; `upc`: the number of a bare UPC. Fails with VALUE_MISSING. */
export function itemOf(segment: X12Segment, pairsFrom: number, upc?: number): string {
  const pairs: { qualifier: string; code: string }[] = [];
  for (let n = pairsFrom; n + 1 < segment.elements.length; n += 2) {
    const [qualifier, code] = [el(segment, n), el(segment, n + 1)];
    if (qualifier !== undefined && code !== undefined) pairs.push({ qualifier, code });
  }
  const known = qualifiers.flatMap((wanted) => pairs.find(({ qualifier }) => qualifier === wanted) ?? []);
  const code = known[0]?.code ?? (upc === undefined ? undefined : el(segment, upc)) ?? pairs[0]?.code;
  return skuOf(code, placeOf(segment, pairsFrom + 1));
}

export function quantityOf(segment: X12Segment, n: number, options?: { signed?: boolean; zero?: boolean }): number {
  return wholeOf(el(segment, n), placeOf(segment, n), options);
}

/** Of a composite unit, the code alone. */
export function uomOf(set: X12Set, segment: X12Segment, n: number) {
  return unitOf(el(segment, n)?.split(set.component)[0], placeOf(segment, n));
}

/** CCYYMMDD or YYMMDD, with HHMM or more beside it → RFC 3339; X12 names no zone, so it is read as UTC. */
export function momentOf(segment: X12Segment, dateAt: number, timeAt?: number): string {
  const date = needed(segment, dateAt);
  const time = (timeAt === undefined ? undefined : el(segment, timeAt)) ?? "0000";
  const parts = /^(\d{4}|\d\d)(\d\d)(\d\d)$/.exec(date);
  const clock = /^(\d\d)(\d\d)(\d\d)?\d{0,2}$/.exec(time);
  if (!parts || !clock) throw new Refusal("DATE_INVALID", `${date} ${time}`, placeOf(segment, dateAt));
  const [, year = "", month = "", day = ""] = parts;
  const [, hour = "", minute = "", second = "00"] = clock;
  return utcOf([century(year), month, day, hour, minute, second], date, placeOf(segment, dateAt));
}

export function dateOf(segment: X12Segment, n: number): string {
  return momentOf(segment, n).slice(0, 10);
}

/** Two digits mean the years 1970 to 2069. */
function century(year: string): string {
  if (year.length === 4) return year;
  return `${Number(year) >= 70 ? "19" : "20"}${year}`;
}

/** The date of the first segment `tag` whose first element is one of the qualifiers; undefined: none. */
export function datedOf(segments: readonly X12Segment[], tag: string, ...kinds: readonly string[]): string | undefined {
  for (const kind of kinds) {
    const segment = segments.find((one) => one.tag === tag && el(one, 1) === kind);
    if (segment && el(segment, 2) !== undefined) return momentOf(segment, 2);
  }
  return undefined;
}

export function documentOf(segment: X12Segment, n: number): string {
  const code = el(segment, n);
  if (code === undefined) throw new Refusal("ORDER_REFERENCE_MISSING", "", placeOf(segment, n));
  return codeOf(code, "order", limits.documentIdLengthMax, placeOf(segment, n));
}

/** Does the message's own count agree? Without one there is nothing to compare. Fails with TOTAL_MISMATCH. */
export function assertTotal(set: X12Set, tag: string, n: number, actual: number): void {
  const segment = set.segments.findLast((one) => one.tag === tag);
  const said = segment && el(segment, n);
  if (segment === undefined || said === undefined || Number(said) === actual) return;
  throw new Refusal("TOTAL_MISMATCH", `${said}, not ${actual}`, placeOf(segment, n));
}
