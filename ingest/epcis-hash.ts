/**
 * The EPCIS event hash id (CBV 2.0, 8.9): the same event has the same identity in whatever notation it is written.
 *
 * Members in the order of the standard, values in their canonical form, lists sorted, extensions of users at the end of
 * what they extend; `eventID`, `recordTime`, `errorDeclaration` and comments are not part of what happened. Pure.
 */
import { hashOf } from "../shared/canonical-json.ts";
import { expanded, type Namespaces, namespacesOf, vocabularyUri } from "./epcis-names.ts";
import { canonicalUri } from "./gs1-ids.ts";
import { isObject, type JsonObject } from "./json-values.ts";

/** Hex SHA-256, without the `ni:///sha-256;` around it. */
export function eventHash(event: JsonObject, namespaces: Namespaces): string {
  return hashOf(preHashText(event, namespaces));
}

/** The text that is hashed. */
export function preHashText(event: JsonObject, namespaces: Namespaces): string {
  const names = namespacesOf(event["@context"], namespaces);
  const type = expanded(String(event["type"]), names).replace(/^https:\/\/ref\.gs1\.org\/epcis\//, "");
  return `eventType=${type}${ordered(event, eventOrder, names)}${rest(event, eventOrder, names, ignored)}`;
}

const ignored: ReadonlySet<string> = new Set([
  ...["type", "eventID", "recordTime", "errorDeclaration", "@context", "rdfs:comment", "comment", "id"],
]);

/** A member's text, nothing where it is empty; and of what users have put into it, the text that goes to the end. */
interface Write {
  (value: unknown, names: Namespaces): string;
  readonly left?: (value: unknown, names: Namespaces) => string;
}
type Order = readonly (readonly [member: string, write: Write])[];

const eventOrder: Order = [
  ["eventTime", scalar("eventTime")],
  ["eventTimeZoneOffset", scalar("eventTimeZoneOffset")],
  ["certificationInfo", scalar("certificationInfo")],
  ["parentID", scalar("parentID")],
  ["epcList", list("epcList", scalar("epc"))],
  ["inputEPCList", list("inputEPCList", scalar("epc"))],
  ["childEPCs", list("childEPCs", scalar("epc"))],
  ["quantityList", quantities("quantityList")],
  ["childQuantityList", quantities("childQuantityList")],
  ["inputQuantityList", quantities("inputQuantityList")],
  ["outputEPCList", list("outputEPCList", scalar("epc"))],
  ["outputQuantityList", quantities("outputQuantityList")],
  ["action", scalar("action")],
  ["transformationID", scalar("transformationID")],
  ["bizStep", scalar("bizStep")],
  ["disposition", scalar("disposition")],
  [
    "persistentDisposition",
    member("persistentDisposition", [
      ["set", scalar("set")],
      ["unset", scalar("unset")],
    ]),
  ],
  ["readPoint", member("readPoint", [["id", scalar("id")]])],
  ["bizLocation", member("bizLocation", [["id", scalar("id")]])],
  ["bizTransactionList", typed("bizTransactionList", "bizTransaction")],
  ["sourceList", typed("sourceList", "source")],
  ["destinationList", typed("destinationList", "destination")],
  ["sensorElementList", list("", sensorElement())],
];

function sensorElement(): Write {
  const metadata = ["time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod"];
  const report = [
    ...["type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time", "microorganism"],
    ...["chemicalSubstance", "value", "component", "stringValue", "booleanValue", "hexBinaryValue", "uriValue"],
    ...["minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue", "uom", "coordinateReferenceSystem"],
  ];
  const scalars = (names: readonly string[], inside = ""): Order => names.map((name) => [name, scalar(name, inside)]);
  return member("sensorElement", [
    ["sensorMetadata", member("sensorMetadata", scalars([...metadata, "bizRules"]))],
    ["sensorReport", member("sensorReport", scalars(report, "sensorReport."))],
  ]);
}

function quantities(name: string): Write {
  return list(
    name,
    member("quantityElement", [
      ["epcClass", scalar("epcClass")],
      ["quantity", scalar("quantity")],
      ["uom", scalar("uom")],
    ]),
  );
}

/** `bizTransactionList`, `sourceList`, `destinationList`: of which type, then what it is. */
function typed(listName: string, name: string): Write {
  return list(
    listName,
    member("", [
      ["type", scalar("type", `${listName}.`)],
      [name, scalar(name)],
    ]),
  );
}

function list(name: string, write: Write): Write {
  const each = (value: unknown, one: (item: unknown) => string) => {
    const text = (Array.isArray(value) ? value : [value]).map(one).sort().join("");
    return text === "" ? "" : `${name}${text}`;
  };
  return Object.assign((value: unknown, names: Namespaces) => each(value, (item) => write(item, names)), {
    left: (value: unknown, names: Namespaces) => each(value, (item) => write.left?.(item, names) ?? ""),
  });
}

function member(name: string, order: Order): Write {
  const each = (value: unknown, one: (object: JsonObject) => string) => {
    const texts = (Array.isArray(value) ? value : [value]).map((item) => (isObject(item) ? one(item) : ""));
    return texts
      .map((text) => (text === "" ? "" : `${name}${text}`))
      .sort()
      .join("");
  };
  return Object.assign((value: unknown, names: Namespaces) => each(value, (item) => ordered(item, order, names)), {
    left: (value: unknown, names: Namespaces) => each(value, (item) => rest(item, order, names)),
  });
}

function scalar(name: string, inside = ""): Write {
  return (value, names) => {
    if (Array.isArray(value))
      return value
        .map((one) => scalar(name, inside)(one, names))
        .sort()
        .join("");
    if (value === undefined || value === null || isObject(value)) return "";
    const isTime = /time/i.test(name) && !/offset/i.test(name);
    const text = isTime ? timeText(String(value)) : valueText(String(value), `${inside}${name}`, names);
    return text === "" ? "" : `${name}=${text}`;
  };
}

function ordered(object: JsonObject, order: Order, names: Namespaces): string {
  return order.map(([name, write]) => (name in object ? write(object[name], names) : "")).join("");
}

/** Everything that the standard does not name, here and inside of what it names, sorted as text. */
function rest(object: JsonObject, order: Order, names: Namespaces, left: ReadonlySet<string> = ignoredBelow): string {
  const known = new Map(order);
  const inside = order.map(([name, write]) => (name in object ? (write.left?.(object[name], names) ?? "") : ""));
  const others = Object.entries(object).filter(([name]) => !known.has(name) && !left.has(name));
  return [...inside, ...extensions(others, names)].sort().join("");
}

const ignoredBelow: ReadonlySet<string> = new Set(["rdfs:comment", "comment", "@context"]);

function extensions(members: readonly (readonly [string, unknown])[], names: Namespaces): string[] {
  return members.flatMap(([name, value]) => {
    const key = bracedName(name, names);
    return (Array.isArray(value) ? value : [value]).map((one: unknown) => {
      if (isObject(one)) {
        const within = namespacesOf(one["@context"], names);
        const text = typeof one["#text"] === "string" ? `=${valueText(one["#text"], "", within)}` : "";
        const inner = Object.entries(one).filter(([n]) => n !== "#text" && !n.startsWith("@") && !ignoredBelow.has(n));
        return `${key}${text}${extensions(inner, within).sort().join("")}`;
      }
      if (Array.isArray(one))
        return `${key}${extensions([[name, one]], names)
          .sort()
          .join("")}`;
      return one === null || one === "" ? key : `${key}=${valueText(String(one), "", names)}`;
    });
  });
}

/** `example:myField` → `{http://ns.example.com/epcis/}myField`. */
function bracedName(name: string, names: Namespaces): string {
  const colon = name.indexOf(":");
  const prefix = name.slice(0, Math.max(colon, 0));
  if (prefix === "" || !Object.hasOwn(names, prefix)) return name;
  // JSON-LD ends a URN with a colon where XML does not.
  return `{${names[prefix]?.replace(/:$/, "")}}${name.slice(colon + 1)}`;
}

function valueText(value: string, memberName: string, names: Namespaces): string {
  const text = vocabularyUri(value.trim(), memberName, names);
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return String(Number(text));
  return canonicalUri(text);
}

/** UTC, to the millisecond, rounded; what is no time stays as it is. */
function timeText(value: string): string {
  const match = /^(.*T\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.exec(value.trim());
  const ms = match
    ? Date.parse(`${match[1]}${match[3]}`) + Math.round(Number(`0${match[2] ?? ""}`) * 1000)
    : Number.NaN;
  return Number.isNaN(ms) ? value.trim() : new Date(ms).toISOString();
}
