/**
 * EDIFACT: interchanges and messages, each counted and numbered as its envelope says.
 *
 * A message is a unit: it counts when its trailer agrees, whatever becomes of the envelope around it, which is reported
 * by itself. A message that was there before under the same references is a duplicate. Test interchanges are read and
 * checked, and change nothing. Which message becomes what stands in `edifact-message.ts`.
 */
import { limits } from "../shared/limits.ts";
import { type MessageOutcome, writeContrl } from "./edifact-acknowledgement.ts";
import {
  type EdifactMessage,
  readDespatchAdvice,
  readInventoryReport,
  readOrder,
  readReceivingAdvice,
} from "./edifact-message.ts";
import { type EdifactSegment, EdifactSegments, type EdifactToken, isKnownSyntax } from "./edifact-segments.ts";
import {
  codeOf,
  type IntakeCommand,
  type IntakeItem,
  type IntakeReader,
  orRejected,
  type Place,
  Refusal,
  type RejectionCode,
  rejected,
} from "./intake-message.ts";
import { createSeenMessages } from "./seen-messages.ts";

/** What each message becomes; null: it is known, and there is nothing to apply. */
const readers: Readonly<Record<string, ((message: EdifactMessage) => readonly IntakeCommand[]) | null>> = {
  ORDERS: readOrder,
  ORDRSP: readOrder,
  DESADV: readDespatchAdvice,
  RECADV: readReceivingAdvice,
  INVRPT: readInventoryReport,
  CONTRL: null,
  APERAK: null,
};

export interface EdifactOptions {
  /** In place of what the interchange says of its sender. */
  readonly partner: string | null;
  /** Write a CONTRL? */
  readonly acknowledge: boolean;
  /** RFC 3339, for the acknowledgement. */
  readonly nowIso: string;
}

interface Interchange {
  readonly header: EdifactSegment;
  readonly partner: string;
  readonly reference: string;
  readonly test: boolean;
  /** Refused as a whole: what is in it is passed over. */
  readonly refused: boolean;
  readonly messages: MessageOutcome[];
  readonly faults: RejectionCode[];
  messageCount: number;
  groupCount: number;
}

interface OpenMessage {
  readonly segment: EdifactSegment;
  readonly segments: EdifactSegment[];
  count: number;
  length: number;
}

export class EdifactReader implements IntakeReader {
  readonly #options: EdifactOptions;
  readonly #tokens = new EdifactSegments();
  readonly #see = createSeenMessages();
  #interchange: Interchange | null = null;
  #message: OpenMessage | null = null;
  #items: IntakeItem[] = [];
  #strayReported = false;

  constructor(options: EdifactOptions) {
    this.#options = options;
  }

  push(bytes: Uint8Array): readonly IntakeItem[] {
    for (const token of this.#tokens.push(bytes)) this.#take(token);
    return this.#flush();
  }

  end(): readonly IntakeItem[] {
    for (const token of this.#tokens.end()) this.#take(token);
    this.#abandon("DOCUMENT_TRUNCATED");
    return this.#flush();
  }

  #flush(): readonly IntakeItem[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  #take(token: EdifactToken): void {
    if (token.kind === "problem") {
      if (this.#interchange) this.#abandon(token.code, token.place);
      else this.#fault(token.code, token.place, token.subject);
      return;
    }
    const { segment } = token;
    const interchange = this.#interchange;
    if (segment.tag === "UNB") this.#begin(segment);
    else if (!interchange) this.#stray(segment);
    else if (!interchange.refused) this.#step(segment, interchange);
    else if (segment.tag === "UNZ") this.#interchange = null;
  }

  #begin(header: EdifactSegment): void {
    this.#abandon("TRAILER_MISSING");
    this.#strayReported = false;
    const at = (n: number, c = 0) => header.elements[n]?.[c]?.trim() ?? "";
    const place = { line: header.line, segment: "UNB" };
    let partner = this.#options.partner ?? "";
    const refusals = orRejected(place, null, () => {
      if (!isKnownSyntax(at(1)) || !header.decoded) throw new Refusal("CHARACTER_SET", at(1), place);
      if (partner === "" && at(2) === "") throw new Refusal("PARTNER_MISSING", "", place);
      const named = at(2, 1) === "" ? at(2) : `${at(2, 1)}:${at(2)}`;
      partner ||= codeOf(named, "sender", limits.personLengthMax, place);
      return [];
    });
    this.#items.push(...refusals);
    this.#interchange = {
      ...{ header, partner, reference: at(5), test: at(11) === "1", refused: refusals.length > 0 },
      ...{ messages: [], faults: [], messageCount: 0, groupCount: 0 },
    };
  }

  #step(segment: EdifactSegment, interchange: Interchange): void {
    const { tag } = segment;
    if (tag === "UNH") {
      this.#loseMessage("TRAILER_MISSING");
      interchange.messageCount += 1;
      this.#message = { segment, segments: [], count: 0, length: 0 };
    } else if (tag === "UNT") this.#closeMessage(segment, interchange);
    else if (tag === "UNZ") this.#closeInterchange(segment, interchange);
    else if (this.#message) this.#add(this.#message, segment);
    else if (tag === "UNG") interchange.groupCount += 1;
    else if (tag !== "UNE") this.#stray(segment);
  }

  #add(message: OpenMessage, segment: EdifactSegment): void {
    message.count += 1;
    message.length += segment.text.length;
    if (message.length <= limits.intakeMessageLengthMax) message.segments.push(segment);
  }

  #closeMessage(trailer: EdifactSegment, interchange: Interchange): void {
    const message = this.#message;
    if (!message) {
      this.#stray(trailer);
      return;
    }
    this.#message = null;
    const { segment } = message;
    const [, [reference = ""] = [], type = []] = segment.elements;
    const number = `${interchange.reference}/${reference.trim()}`;
    const found = orRejected(placeOf(segment), `EDIFACT ${type[0] ?? ""} ${number}`, () =>
      this.#read(message, trailer, interchange, number),
    );
    const refusal = found.find((item) => item.kind === "rejected");
    interchange.messages.push({ reference, type, rejectedWith: refusal?.rejection.code ?? null });
    this.#items.push(...found);
  }

  #read(message: OpenMessage, trailer: EdifactSegment, { header, ...interchange }: Interchange, number: string) {
    const { segment, segments } = message;
    const at = (of: EdifactSegment, n: number) => of.elements[n]?.[0]?.trim() ?? "";
    const reference = at(segment, 1);
    const counted = message.count + 2;
    if (Number(at(trailer, 1)) !== counted) {
      throw new Refusal("COUNT_MISMATCH", `${at(trailer, 1)}, not ${counted}`, placeOf(trailer));
    }
    if (reference === "" || at(trailer, 2) !== reference) {
      throw new Refusal("CONTROL_NUMBER_MISMATCH", `${reference} and ${at(trailer, 2)}`, placeOf(trailer));
    }
    if (message.length > limits.intakeMessageLengthMax) throw new Refusal("MESSAGE_TOO_LARGE", "");
    const undecoded = segments.find(({ decoded }) => !decoded);
    if (undecoded) throw new Refusal("CHARACTER_SET", at(header, 1), placeOf(undecoded));
    const type = at(segment, 2);
    if (!Object.hasOwn(readers, type)) throw new Refusal("MESSAGE_TYPE_UNKNOWN", type, placeOf(segment));
    const id = codeOf(`edifact:${number}`, "reference", limits.eventIdLengthMax - 8, placeOf(segment));
    const whole = { type, segments, sender: at(header, 2), receiver: at(header, 3), id };
    const commands = readers[type]?.(whole) ?? [];
    const { partner, test } = interchange;
    const identity = `EDIFACT ${number}`;
    const place = placeOf(segment);
    const said = segments.map(({ elements }) => elements.map((one) => one.join("\u001d")).join("\u001f"));
    const verdict = this.#see(`${partner} ${identity}`, `${type}\u001e${said.join("\u001e")}`);
    if (verdict === "other") throw new Refusal("IDENTITY_REUSED", number, place);
    if (verdict === "again") return [{ kind: "duplicate", identity, place } as const];
    const told = { type: `EDIFACT ${type}`, partner, identity, place, commands: test ? [] : commands };
    return [{ kind: "message", message: told } as const];
  }

  #closeInterchange(segment: EdifactSegment, interchange: Interchange): void {
    this.#loseMessage("TRAILER_MISSING");
    const [, [count = ""] = [], [reference = ""] = []] = segment.elements;
    const actual = interchange.groupCount > 0 ? interchange.groupCount : interchange.messageCount;
    if (Number(count) !== actual) {
      interchange.faults.push("COUNT_MISMATCH");
      this.#fault("COUNT_MISMATCH", placeOf(segment), `${count}, not ${actual}`);
    }
    if (reference.trim() !== interchange.reference) {
      interchange.faults.push("CONTROL_NUMBER_MISMATCH");
      this.#fault("CONTROL_NUMBER_MISMATCH", placeOf(segment), `${interchange.reference} and ${reference}`);
    }
    this.#finish(interchange);
  }

  #finish({ header, reference, messages, faults, refused }: Interchange): void {
    this.#interchange = null;
    if (!this.#options.acknowledge || refused) return;
    const [, , sender = [], recipient = []] = header.elements;
    const text = writeContrl({ sender, recipient, reference, messages, faults }, this.#options.nowIso);
    if (text !== "") this.#items.push({ kind: "acknowledgement", text });
  }

  /** Everything that is open is lost. */
  #abandon(code: RejectionCode, place?: Place): void {
    const interchange = this.#interchange;
    if (!interchange) return;
    this.#loseMessage(code);
    if (!interchange.refused) {
      interchange.faults.push(code);
      this.#fault(code, place ?? placeOf(interchange.header), interchange.reference);
    }
    this.#finish(interchange);
  }

  #loseMessage(code: RejectionCode): void {
    const message = this.#message;
    if (!message) return;
    const [, [reference = ""] = [], type = []] = message.segment.elements;
    const number = `${this.#interchange?.reference}/${reference}`;
    this.#items.push(rejected(code, reference, placeOf(message.segment), `EDIFACT ${type[0] ?? ""} ${number}`));
    this.#interchange?.messages.push({ reference, type, rejectedWith: code });
    this.#message = null;
  }

  /** Once in an interchange: after it nothing of the order is certain. */
  #stray(segment: EdifactSegment): void {
    if (this.#strayReported) return;
    this.#strayReported = true;
    this.#fault("SEGMENT_MISPLACED", placeOf(segment), segment.tag);
  }

  /** Of an envelope, not of a message. */
  #fault(code: RejectionCode, place: Place, subject: string): void {
    this.#items.push(rejected(code, subject, place));
  }
}

function placeOf({ line, tag }: EdifactSegment): Place {
  return { line, segment: tag };
}
