/**
 * GS1 EPCIS 2.0 in JSON-LD, as captured or as queried: the stock facts of a chain of places.
 *
 * An event is the same event in whatever notation it comes (`epcis-hash.ts`), and counts once. Its context may stand
 * anywhere in a short document; in a long one it has to come before the events. Nothing is fetched: terms of contexts
 * that only a URL names stay as they are.
 */
import { limits } from "../shared/limits.ts";
import { eventTypeOf, stockEventsOf } from "./epcis-event.ts";
import { eventHash } from "./epcis-hash.ts";
import { type Namespaces, namespacesOf } from "./epcis-names.ts";
import { type IntakeItem, type IntakeReader, orRejected, rejected } from "./intake-message.ts";
import { type JsonElement, JsonElements } from "./json-elements.ts";
import { isObject, type JsonObject } from "./json-values.ts";
import { createSeenMessages, type SeeMessage } from "./seen-messages.ts";

const lists: ReadonlySet<string> = new Set(["", "epcisBody.eventList", "epcisBody.queryResults.resultsBody.eventList"]);

/** `partner`: who sends it; EPCIS does not say so reliably. Null: whoever hands it to us. */
export function createEpcisReader(partner: string | null = null): IntakeReader {
  const elements = new JsonElements((path) => lists.has(path.join(".")));
  const see = createSeenMessages();
  let names: Namespaces | null = null;
  /** Events from before the context is known. */
  let waiting: JsonElement[] = [];
  let waitingLength = 0;

  const readAll = (some: readonly JsonElement[], known: Namespaces) =>
    some.flatMap((element) => readElement(element, known, partner, see));

  function take(found: readonly JsonElement[]): readonly IntakeItem[] {
    if (names === null && found.length > 0) {
      const { head } = elements;
      // A bare list of events has no context but those of its events.
      if (Array.isArray(head)) names = namespacesOf(undefined);
      else if (isObject(head) && "@context" in head) names = namespacesOf(head["@context"]);
    }
    if (names !== null) return readAll(found, names);
    waiting.push(...found);
    waitingLength += found.reduce((sum, { text }) => sum + text.length, 0);
    if (waitingLength <= limits.intakeMessageLengthMax) return [];
    names = namespacesOf(undefined);
    const late = waiting.map(({ line, index }) =>
      rejected("CONTEXT_LATE", "@context", { line, segment: pathOf(index) }),
    );
    waiting = [];
    return late;
  }

  return {
    push: (bytes) => take(elements.push(bytes)),
    end() {
      const ended = elements.end();
      if ("problem" in ended) {
        const early = readAll(waiting, names ?? namespacesOf(undefined));
        return [...early, rejected(ended.problem, "", { line: ended.line, segment: null })];
      }
      const { rest } = ended;
      if (Array.isArray(rest)) return [];
      const known = names ?? namespacesOf(isObject(rest) ? rest["@context"] : undefined);
      const single = isObject(rest) ? bareEvent(rest) : undefined;
      if (single) return readElement({ value: single, index: 0, line: 1, text: "" }, known, partner, see);
      if (!isObject(rest) || !hasList(rest)) {
        return [
          rejected("DOCUMENT_UNSUPPORTED", isObject(rest) ? String(rest["type"] ?? "") : "", {
            line: 1,
            segment: null,
          }),
        ];
      }
      return readAll(waiting, known);
    },
  };
}

/** A document that is one event, or has one where later versions have a list. */
function bareEvent(rest: JsonObject): JsonObject | undefined {
  const body = rest["epcisBody"];
  if (isObject(body) && isObject(body["event"])) return body["event"];
  return typeof rest["type"] === "string" && rest["type"].endsWith("Event") ? rest : undefined;
}

function hasList(rest: JsonObject): boolean {
  const body = rest["epcisBody"];
  if (!isObject(body)) return false;
  if (Array.isArray(body["eventList"])) return true;
  const results = body["queryResults"];
  return isObject(results) && isObject(results["resultsBody"]) && Array.isArray(results["resultsBody"]["eventList"]);
}

const pathOf = (index: number) => `eventList[${index}]`;

function readElement(
  { value, index, line, text }: JsonElement,
  documentNames: Namespaces,
  partner: string | null,
  see: SeeMessage,
): readonly IntakeItem[] {
  const place = { line, segment: pathOf(index) };
  if (value === undefined) return [rejected("JSON_MALFORMED", text, place)];
  if (!isObject(value)) return [rejected("DOCUMENT_UNSUPPORTED", text, place)];
  const declaredId = typeof value["eventID"] === "string" ? `EPCIS ${value["eventID"]}` : null;
  return orRejected(place, declaredId, () => {
    const names = namespacesOf(value["@context"], documentNames);
    const type = eventTypeOf(value, names);
    const hash = eventHash(value, documentNames);
    const events = stockEventsOf(value, type, names, hash);
    const identity = `${hash}${isObject(value["errorDeclaration"]) ? ":error" : ""}`;
    // The hash is of all that it says, so the same identity never has another content.
    if (see(identity, "") !== "new") return [{ kind: "duplicate", identity, place }];
    const commands = events.length > 0 ? [{ kind: "stockEvents", events } as const] : [];
    return [{ kind: "message", message: { type: `EPCIS ${type}`, partner, identity, place, commands } }];
  });
}
