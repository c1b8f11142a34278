/**
 * GS1 identifiers in any of their notations → the one canonical GS1 Digital Link, at the finest level they name.
 *
 * EPC URNs, EPC class and pattern URNs and Digital Links of any domain mean the same thing and become the same text
 * (GS1 EPC Tag Data Standard, GS1 Digital Link URI Syntax). What is none of them stays as it is.
 */
const canonicalDomain = "https://id.gs1.org";

export function canonicalUri(uri: string): string {
  if (uri.startsWith("urn:epc:")) return ofUrn(uri) ?? uri;
  return /^https?:\/\//.test(uri) ? (ofDigitalLink(uri) ?? uri) : uri;
}

/** The trade item that an identifier is an instance, a lot or a class of: 14 digits; null: it is no trade item. */
export function gtinOf(uri: string): string | null {
  return /^https:\/\/id\.gs1\.org\/01\/(\d{14})(\/|$)/.exec(canonicalUri(uri))?.[1] ?? null;
}

/** Does the identifier name one thing, and not a class of them? */
export function isInstance(uri: string): boolean {
  return /\/01\/\d{14}\/(21|235)\//.test(canonicalUri(uri));
}

export function isGs1Key(uri: string): boolean {
  return canonicalUri(uri).startsWith(`${canonicalDomain}/`);
}

/** A place as one short code: its GLN, with a point and the extension where it has one; anything else as it is. */
export function placeCodeOf(uri: string): string {
  const match = /^https:\/\/id\.gs1\.org\/41[47]\/(\d{13})(?:\/254\/(.+))?$/.exec(canonicalUri(uri));
  if (!match) return uri;
  return match[2] === undefined ? (match[1] as string) : `${match[1]}.${decodeURIComponentSafe(match[2])}`;
}

/** Schemes whose key is `company prefix . reference`, with so many digits together, before a check digit. */
interface Numeric {
  readonly ai: string;
  readonly digits: number;
  /** The first digit of the reference goes before the company prefix. */
  readonly indicatorFirst?: boolean;
  readonly prefix?: string;
  /** What follows after one more point: an AI of its own, or simply behind the key. */
  readonly serial?: { readonly ai: string | null; readonly none?: string };
}

const numeric: Readonly<Record<string, Numeric>> = {
  "id:sgtin": { ai: "01", digits: 13, indicatorFirst: true, serial: { ai: "21" } },
  "id:upui": { ai: "01", digits: 13, indicatorFirst: true, serial: { ai: "235" } },
  "class:lgtin": { ai: "01", digits: 13, indicatorFirst: true, serial: { ai: "10" } },
  "idpat:sgtin": { ai: "01", digits: 13, indicatorFirst: true, serial: { ai: "21", none: "*" } },
  "id:sscc": { ai: "00", digits: 17, indicatorFirst: true },
  "id:sgln": { ai: "414", digits: 12, serial: { ai: "254", none: "0" } },
  "id:pgln": { ai: "417", digits: 12 },
  "id:grai": { ai: "8003", digits: 12, prefix: "0", serial: { ai: null } },
  "idpat:grai": { ai: "8003", digits: 12, prefix: "0", serial: { ai: null, none: "*" } },
  "id:gdti": { ai: "253", digits: 12, serial: { ai: null } },
  "idpat:gdti": { ai: "253", digits: 12, serial: { ai: null, none: "*" } },
  "id:sgcn": { ai: "255", digits: 12, serial: { ai: null } },
  "idpat:sgcn": { ai: "255", digits: 12, serial: { ai: null, none: "*" } },
  "id:gsrn": { ai: "8018", digits: 17 },
  "id:gsrnp": { ai: "8017", digits: 17 },
  "id:gsin": { ai: "402", digits: 16 },
};

/** Schemes whose key is prefix and reference as they are. */
const plain: Readonly<Record<string, string>> = { "id:giai": "8004", "id:ginc": "401" };

function ofUrn(uri: string): string | null {
  const [, , kind, scheme, ...rest] = uri.split(":");
  const name = `${kind}:${scheme}`;
  const key = rest.join(":");
  const [company = "", reference = "", ...more] = key.split(".");
  if (!/^\d{6,12}$/.test(company)) return null;
  if (name in plain)
    return `${canonicalDomain}/${plain[name]}/${company}${percentEncoded(key.slice(company.length + 1))}`;
  if (name === "id:cpi" && more.length > 0) {
    return `${canonicalDomain}/8010/${percentEncoded(company + reference)}/8011/${more.join(".")}`;
  }
  const form = numeric[name];
  if (!form || !/^\d*$/.test(reference) || company.length + reference.length !== form.digits) return null;
  if (more.length > 0 !== (form.serial !== undefined)) return null;
  const digits = form.indicatorFirst
    ? `${reference.slice(0, 1)}${company}${reference.slice(1)}`
    : `${form.prefix ?? ""}${company}${reference}`;
  const base = `${canonicalDomain}/${form.ai}/${digits}${checkDigit(digits)}`;
  const serial = more.join(".");
  if (!form.serial || serial === form.serial.none) return base;
  return form.serial.ai === null
    ? `${base}${percentEncoded(serial)}`
    : `${base}/${form.serial.ai}/${percentEncoded(serial)}`;
}

const keyAis: ReadonlySet<string> = new Set([
  ...["00", "01", "253", "255", "401", "402", "414", "415", "417"],
  ...["8003", "8004", "8006", "8010", "8013", "8017", "8018"],
]);
/** Qualifiers from the finest level to the coarsest; the finest that is there is kept. */
const finest: Readonly<Record<string, readonly string[]>> = {
  "01": ["21", "235", "10"],
  "8006": ["21", "10"],
  "414": ["254"],
  "8010": ["8011"],
};

function ofDigitalLink(uri: string): string | null {
  const path = uri
    .replace(/[?#;].*$/, "")
    .replace(/^https?:\/\/[^/]+\/?/, "")
    .split("/");
  const at = path.findLastIndex(
    (part, i) => keyAis.has(part) && /\d/.test(path[i + 1] ?? "") && (path.length - i) % 2 === 0,
  );
  const ai = path[at];
  const key = path[at + 1];
  if (ai === undefined || key === undefined) return null;
  if (ai === "01" && !/^\d{8}$|^\d{12,14}$/.test(key)) return null;
  const value = ai === "01" ? key.padStart(14, "0") : key;
  const base = `${canonicalDomain}/${ai}/${value}`;
  for (const wanted of finest[ai] ?? []) {
    for (let i = at + 2; i + 1 < path.length; i += 2) {
      if (path[i] === wanted) return `${base}/${wanted}/${path[i + 1]}`;
    }
  }
  return base;
}

/** GS1 General Specifications, 7.9.1: weights 3 and 1 from the right. */
export function checkDigit(digits: string): string {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) sum += Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 3 : 1);
  return String((10 - (sum % 10)) % 10);
}

/** What a Digital Link must not have plainly; what is encoded in the URN already stays so. */
function percentEncoded(text: string): string {
  return text.replace(/[!()*+,:]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decodeURIComponentSafe(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
