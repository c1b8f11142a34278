/**
 * Names in EPCIS JSON-LD, in any of their notations → the full web URI of the vocabulary.
 *
 * Bare words (`shipping`), CURIEs (`cbv:BizStep-shipping`, `example:x`) and URNs of earlier versions mean the same.
 * What a document's own context declares counts before what EPCIS declares; unknown prefixes stay as they are.
 */
import { isObject } from "./json-values.ts";

export type Namespaces = Readonly<Record<string, string>>;

const cbv = "https://ref.gs1.org/cbv/";
const voc = "https://ref.gs1.org/voc/";

const standard: Namespaces = {
  epcis: "https://ref.gs1.org/epcis/",
  cbv,
  gs1: voc,
  cbvmda: "urn:epcglobal:cbv:mda:",
  rdfs: "http://www.w3.org/2000/01/rdf-schema#",
  owl: "http://www.w3.org/2002/07/owl#",
  xsd: "http://www.w3.org/2001/XMLSchema#",
  dcterms: "http://purl.org/dc/terms/",
};

/** What a `@context` declares as prefixes, upon `base`. */
export function namespacesOf(context: unknown, base: Namespaces = standard): Namespaces {
  const declared = (Array.isArray(context) ? context : [context])
    .filter(isObject)
    .flatMap((one) => Object.entries(one));
  const prefixes = declared.flatMap(([prefix, uri]) => (typeof uri === "string" ? [[prefix, uri] as const] : []));
  return prefixes.length === 0 ? base : { ...base, ...Object.fromEntries(prefixes) };
}

/** A value or the name of a member with its prefix written out. */
export function expanded(text: string, namespaces: Namespaces): string {
  const colon = text.indexOf(":");
  if (colon <= 0 || text.startsWith("//", colon + 1)) return text;
  const prefix = text.slice(0, colon);
  return Object.hasOwn(namespaces, prefix) ? `${namespaces[prefix]}${text.slice(colon + 1)}` : text;
}

/** Which vocabulary a bare word belongs to, by the member it is the value of. */
const vocabularies: Readonly<Record<string, string>> = {
  bizStep: `${cbv}BizStep-`,
  disposition: `${cbv}Disp-`,
  set: `${cbv}Disp-`,
  unset: `${cbv}Disp-`,
  "bizTransactionList.type": `${cbv}BTT-`,
  "sourceList.type": `${cbv}SDT-`,
  "destinationList.type": `${cbv}SDT-`,
  "sensorReport.type": voc,
  "sensorReport.exception": voc,
  "sensorReport.component": `${cbv}Comp-`,
};

const urns: readonly (readonly [urn: string, web: string])[] = [
  ["urn:epcglobal:cbv:bizstep:", `${cbv}BizStep-`],
  ["urn:epcglobal:cbv:disp:", `${cbv}Disp-`],
  ["urn:epcglobal:cbv:btt:", `${cbv}BTT-`],
  ["urn:epcglobal:cbv:sdt:", `${cbv}SDT-`],
  ["urn:epcglobal:cbv:er:", `${cbv}ER-`],
  ["https://ns.gs1.org/cbv/", cbv],
  ["https://gs1.org/voc/", voc],
];

/** The value of `member` as a web URI. */
export function vocabularyUri(text: string, member: string, namespaces: Namespaces): string {
  const full = expanded(text, namespaces);
  const urn = urns.find(([old]) => full.startsWith(old));
  if (urn) return `${urn[1]}${full.slice(urn[0].length)}`;
  const vocabulary = vocabularies[member];
  return vocabulary && /^\w+$/.test(full) ? `${vocabulary}${full}` : full;
}

/** The bare word of a vocabulary URI of the CBV; null: it is not one of its words. */
export function cbvWord(uri: string, kind: "BizStep" | "Disp" | "BTT"): string | null {
  const start = `${cbv}${kind}-`;
  return uri.startsWith(start) ? uri.slice(start.length) : null;
}
