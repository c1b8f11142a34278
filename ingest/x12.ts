/**
 * X12: interchanges, groups and transaction sets, each counted and numbered as its envelope says.
 *
 * A set is a unit: it counts when its trailer agrees, whatever becomes of the envelope around it, which is reported by
 * itself. A set that was there before under the same numbers is a duplicate. Test interchanges are read and checked,
 * and change nothing. Which set becomes what stands in `x12-orders.ts` and `x12-stock.ts`.
 */
import { limits } from "../shared/limits.ts";
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
import {
  type AcknowledgementKind,
  type GroupOutcome,
  type SetOutcome,
  writeAcknowledgement,
} from "./x12-acknowledgement.ts";
import {
  readOrderAcknowledgement,
  readOrderChange,
  readPurchaseOrder,
  readReturn,
  readShipNotice,
  readShippingOrder,
  readStockTransferShipment,
} from "./x12-orders.ts";
import { type X12Segment, X12Segments, type X12Separators, type X12Token } from "./x12-segments.ts";
import type { X12Set } from "./x12-set.ts";
import {
  readAdjustment,
  readInventory,
  readReceivingAdvice,
  readShippingAdvice,
  readStockTransferReceipt,
} from "./x12-stock.ts";

/** What each set becomes; null: it is known, and there is nothing to apply. */
const readers: Readonly<Record<string, ((set: X12Set) => readonly IntakeCommand[]) | null>> = {
  "180": readReturn,
  "846": readInventory,
  "850": readPurchaseOrder,
  "855": readOrderAcknowledgement,
  "856": readShipNotice,
  "860": readOrderChange,
  "861": readReceivingAdvice,
  "940": readShippingOrder,
  "943": readStockTransferShipment,
  "944": readStockTransferReceipt,
  "945": readShippingAdvice,
  "947": readAdjustment,
  "824": null,
  "997": null,
  "999": null,
};

export interface X12Options {
  /** In place of what the interchange says of its sender. */
  readonly partner: string | null;
  readonly acknowledge: AcknowledgementKind | null;
  /** RFC 3339, for the acknowledgement. */
  readonly nowIso: string;
}

interface Interchange {
  readonly header: X12Segment;
  readonly separators: X12Separators;
  readonly partner: string;
  readonly control: string;
  readonly test: boolean;
  /** Refused as a whole: what is in it is passed over. */
  refused: boolean;
  readonly groups: GroupOutcome[];
  groupCount: number;
}

interface Group {
  readonly segment: X12Segment;
  readonly control: string;
  readonly sets: SetOutcome[];
  readonly faults: RejectionCode[];
}

interface OpenSet {
  readonly segment: X12Segment;
  readonly type: string;
  readonly control: string;
  readonly segments: X12Segment[];
  /** Segments between header and trailer, and their characters; those beyond the limit are counted and not kept. */
  count: number;
  length: number;
}

export class X12Reader implements IntakeReader {
  readonly #options: X12Options;
  readonly #tokens = new X12Segments();
  readonly #see = createSeenMessages();
  #interchange: Interchange | null = null;
  #group: Group | null = null;
  #set: OpenSet | null = null;
  #items: IntakeItem[] = [];
  #strayReported = false;

  constructor(options: X12Options) {
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

  #take(token: X12Token): void {
    if (token.kind === "problem") {
      if (this.#interchange) this.#abandon(token.code, token.place);
      else this.#fault(token.code, token.place, token.subject);
      return;
    }
    if (token.kind === "interchange") this.#begin(token.header, token.separators);
    else if (this.#interchange && !this.#interchange.refused) this.#step(token.segment, this.#interchange);
    else if (token.segment.tag === "IEA") this.#interchange = null;
  }

  #begin(header: X12Segment, separators: X12Separators): void {
    this.#abandon("TRAILER_MISSING");
    this.#strayReported = false;
    const at = (n: number) => header.elements[n]?.trim() ?? "";
    const place = { line: header.line, segment: "ISA" };
    const interchange = {
      ...{ header, separators, control: at(13), test: at(15) === "T", refused: false, groups: [], groupCount: 0 },
      partner: this.#options.partner ?? "",
    };
    const refusals = orRejected(place, null, () => {
      if (!["P", "I", "T"].includes(at(15))) {
        throw new Refusal("TEST_INDICATOR_INVALID", at(15), { segment: "ISA15" });
      }
      if (interchange.partner === "" && at(6) === "") throw new Refusal("PARTNER_MISSING", "", { segment: "ISA06" });
      interchange.partner ||= codeOf(`${at(5)}:${at(6)}`, "sender", limits.personLengthMax, { segment: "ISA06" });
      return [];
    });
    this.#items.push(...refusals);
    this.#interchange = { ...interchange, refused: refusals.length > 0 };
  }

  #step(segment: X12Segment, interchange: Interchange) {
    switch (segment.tag) {
      case "GS":
        return this.#openGroup(segment, interchange);
      case "ST":
        return this.#openSet(segment);
      case "SE":
        return this.#closeSet(segment, interchange);
      case "GE":
        return this.#closeGroup(segment, interchange);
      case "IEA":
        return this.#closeInterchange(segment, interchange);
      default:
        if (this.#set) this.#add(this.#set, segment);
        else if (segment.tag !== "TA1") this.#stray(segment);
    }
  }

  #openGroup(segment: X12Segment, interchange: Interchange): void {
    this.#loseGroup("TRAILER_MISSING");
    interchange.groupCount += 1;
    // Only plain elements here: a component separator means that it is no such thing, or stands where none belongs.
    if (segment.text.includes(interchange.separators.component)) {
      interchange.refused = true;
      this.#fault("SEPARATORS_AMBIGUOUS", placeOf(segment), interchange.separators.component);
      return;
    }
    this.#group = { segment, control: segment.elements[6]?.trim() ?? "", sets: [], faults: [] };
  }

  #openSet(segment: X12Segment): void {
    this.#loseSet("TRAILER_MISSING");
    if (!this.#group) {
      this.#stray(segment);
      return;
    }
    const [, type = "", control = ""] = segment.elements.map((value) => value.trim());
    this.#set = { segment, type, control, segments: [], count: 0, length: 0 };
  }

  #add(set: OpenSet, segment: X12Segment): void {
    set.count += 1;
    set.length += segment.text.length;
    if (set.length <= limits.intakeMessageLengthMax) set.segments.push(segment);
  }

  #closeSet(segment: X12Segment, interchange: Interchange): void {
    const set = this.#set;
    const group = this.#group;
    if (!set || !group) {
      this.#stray(segment);
      return;
    }
    this.#set = null;
    const number = `${interchange.control}/${group.control}/${set.control}`;
    const found = orRejected(placeOf(set.segment), `X12 ${set.type} ${number}`, () =>
      this.#read(set, segment, interchange, number),
    );
    const refusal = found.find((item) => item.kind === "rejected");
    group.sets.push({ type: set.type, control: set.control, rejectedWith: refusal?.rejection.code ?? null });
    this.#items.push(...found);
  }

  #read(set: OpenSet, trailer: X12Segment, interchange: Interchange, number: string): readonly IntakeItem[] {
    const { type, control, segments } = set;
    const counted = set.count + 2;
    if (Number(trailer.elements[1]) !== counted) {
      throw new Refusal("COUNT_MISMATCH", `${trailer.elements[1] ?? ""}, not ${counted}`, placeOf(trailer));
    }
    if (control === "" || trailer.elements[2]?.trim() !== control) {
      throw new Refusal("CONTROL_NUMBER_MISMATCH", `${control} and ${trailer.elements[2] ?? ""}`, placeOf(trailer));
    }
    if (set.length > limits.intakeMessageLengthMax) throw new Refusal("MESSAGE_TOO_LARGE", type);
    if (!Object.hasOwn(readers, type)) throw new Refusal("MESSAGE_TYPE_UNKNOWN", type, placeOf(set.segment));
    const { partner, header, separators, test } = interchange;
    const id = codeOf(`x12:${number}`, "control number", limits.eventIdLengthMax - 8, placeOf(set.segment));
    const receiver = header.elements[8]?.trim() ?? "";
    const sender = header.elements[6]?.trim() ?? "";
    const whole: X12Set = { type, segments, component: separators.component, sender, receiver, id };
    const commands = readers[type]?.(whole) ?? [];
    const identity = `X12 ${number}`;
    const place = placeOf(set.segment);
    const content = segments.map(({ elements }) => elements.join("\u001f")).join("\u001e");
    const verdict = this.#see(`${partner} ${identity}`, `${type}\u001e${content}`);
    if (verdict === "again") return [{ kind: "duplicate", identity, place }];
    if (verdict === "other") throw new Refusal("IDENTITY_REUSED", number, place);
    const message = { type: `X12 ${type}`, partner, identity, place, commands: test ? [] : commands };
    return [{ kind: "message", message }];
  }

  #closeGroup(segment: X12Segment, interchange: Interchange): void {
    this.#loseSet("TRAILER_MISSING");
    const group = this.#group;
    if (!group) {
      this.#stray(segment);
      return;
    }
    const [, count = "", control = ""] = segment.elements.map((value) => value.trim());
    this.#compare(count, group.sets.length, placeOf(segment), group.faults);
    if (control !== group.control) {
      group.faults.push("CONTROL_NUMBER_MISMATCH");
      this.#fault("CONTROL_NUMBER_MISMATCH", placeOf(segment), `${group.control} and ${control}`);
    }
    interchange.groups.push(outcomeOf(group, count));
    this.#group = null;
  }

  #closeInterchange(segment: X12Segment, interchange: Interchange): void {
    this.#loseGroup("TRAILER_MISSING");
    const [, count = "", control = ""] = segment.elements.map((value) => value.trim());
    this.#compare(count, interchange.groupCount, placeOf(segment), []);
    if (control !== interchange.control) {
      this.#fault("CONTROL_NUMBER_MISMATCH", placeOf(segment), `${interchange.control} and ${control}`);
    }
    this.#finish(interchange);
  }

  #finish(interchange: Interchange): void {
    const { acknowledge, nowIso } = this.#options;
    this.#interchange = null;
    if (acknowledge === null) return;
    const { header, separators, groups } = interchange;
    const text = writeAcknowledgement(acknowledge, header, separators, groups, nowIso);
    if (text !== "") this.#items.push({ kind: "acknowledgement", text });
  }

  #compare(said: string, actual: number, place: Place, faults: RejectionCode[]): void {
    if (said !== "" && Number(said) === actual) return;
    faults.push("COUNT_MISMATCH");
    this.#fault("COUNT_MISMATCH", place, `${said}, not ${actual}`);
  }

  /** Everything that is open is lost. */
  #abandon(code: RejectionCode, place?: Place): void {
    const interchange = this.#interchange;
    if (!interchange) return;
    this.#loseGroup(code);
    if (!interchange.refused) this.#fault(code, place ?? placeOf(interchange.header), interchange.control);
    this.#finish(interchange);
  }

  #loseGroup(code: RejectionCode): void {
    this.#loseSet(code);
    const group = this.#group;
    if (!group) return;
    this.#fault(code, placeOf(group.segment), group.control);
    this.#interchange?.groups.push(outcomeOf({ ...group, faults: [...group.faults, "TRAILER_MISSING"] }, null));
    this.#group = null;
  }

  #loseSet(code: RejectionCode): void {
    const set = this.#set;
    if (!set) return;
    const number = `${this.#interchange?.control}/${this.#group?.control}/${set.control}`;
    this.#items.push(rejected(code, set.control, placeOf(set.segment), `X12 ${set.type} ${number}`));
    this.#group?.sets.push({ type: set.type, control: set.control, rejectedWith: "TRAILER_MISSING" });
    this.#set = null;
  }

  /** Once in an interchange: after it nothing of the order is certain. */
  #stray(segment: X12Segment): void {
    if (this.#strayReported) return;
    this.#strayReported = true;
    this.#fault("SEGMENT_MISPLACED", placeOf(segment), segment.tag);
  }

  /** Of an envelope, not of a message. */
  #fault(code: RejectionCode, place: Place, subject: string): void {
    this.#items.push(rejected(code, subject, place));
  }
}

function placeOf({ line, tag }: X12Segment): Place {
  return { line, segment: tag };
}

function outcomeOf({ segment, control, sets, faults }: Group, setsSaid: string | null): GroupOutcome {
  const functionalId = segment.elements[1]?.trim() ?? "";
  return { functionalId, control, version: segment.elements[8]?.trim() ?? "", setsSaid, sets, faults };
}
