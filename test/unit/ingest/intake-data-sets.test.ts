/**
 * Documents that others published, and what each of them becomes here: the table of outcomes, by the name of the file.
 *
 * A file that is not in the table fails the test, so that none is read by chance. Skipped by name where they are missing.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DocumentFormat, detectFormat } from "../../../ingest/formats.ts";
import { cloudEventsDir, ediDir, epcisDir, isAbsent } from "../../helpers/data-sets.ts";
import { messagesOf, outcomeOf, readAll } from "../../helpers/intake.ts";

/** Outcome → the files, `*` standing for anything; the first that fits counts. */
type Outcomes = readonly (readonly [outcome: string, files: string])[];

const x12: Outcomes = [
  // A test interchange.
  ["ack", "850/x12types.edi"],
  ["purchaseOrder", "855/node-x12.edi"],
  // No party to which it goes.
  ["!LOCATION_MISSING !CONTROL_NUMBER_MISMATCH", "856/walmart-gozer.edi"],
  ["!LOCATION_MISSING", "856/node-x12.edi 856/x12types-004060.edi"],
  // DTM*011*200, and GE counts two sets where there is one.
  ["!DATE_INVALID !COUNT_MISMATCH", "856/x12types-embedded-856-3.edi"],
  ["!COUNT_MISMATCH", "856/x12types-embedded-856-*.edi invalid/x12types-embedded-856-1.edi"],
  // The set is sound; the numbers of group and interchange are not.
  ["allocation !CONTROL_NUMBER_MISMATCH*2", "940/x12types-embedded-940-1.edi"],
  ["allocation", "940/x12types-embedded-940-3.edi"],
  ["RECEIPT*5", "944/node-x12-edi.edi"],
  ["ack*3", "997/staedi-multi-interchange.edi"],
  ["ack", "invalid/staedi-extra-delimiter-997.edi"],
  ["!COUNT_MISMATCH", "invalid/x12types-embedded-940-29.edi"],
  ["!SEPARATORS_AMBIGUOUS", "invalid/x12types-embedded-940-33.edi invalid/x12types-embedded-940-5.edi"],
  ["!TEST_INDICATOR_INVALID", "invalid/x12types-embedded-940-35.edi"],
  ["!SEGMENT_MISPLACED !DOCUMENT_TRUNCATED", "invalid/x12types-embedded-940-37.edi"],
  ["!INTERCHANGE_MALFORMED", "invalid/*"],
];

const edifact: Outcomes = [
  ["!PARTNER_MISSING", "DESADV/vscode-edi-support.edi"],
  ["!COUNT_MISMATCH !CONTROL_NUMBER_MISMATCH", "ORDRSP/edinet.edi"],
];

const epcis: Outcomes = [
  ["!JSON_MALFORMED", "*.xml"],
  [
    "SHIPMENT RECEIPT",
    "*Example_9.6.1-ObjectEvent.jsonld *Example_9.6.1-with-comment.jsonld *pseudo-SBDH-headers.jsonld",
  ],
  [
    "SHIPMENT RECEIPT",
    "*EPCISQueryDocument.jsonld *9.6.1-ObjectEventWithDigitalLink.jsonld *Documents/ObjectEvent.json",
  ],
  ["SHIPMENT RECEIPT", "*Documents/ObjectEvent_with_comment.json *Query/QueryDocumentWithMultipleEvents.json"],
  [
    "SHIPMENT_VOID RECEIPT",
    "*Example_9.6.1-ObjectEvent-with-error-declaration.jsonld *ObjectEvent_with_error_declaration.json",
  ],
  ["SHIPMENT ack", "*Documents/ObjectEvent_with_userExtensions.json"],
  ["RECEIPT", "*Example_9.6.2-ObjectEvent*.jsonld *Documents/ObjectEvent_with_digitalLink.json"],
  ["RECEIPT", "*Events/AggregationEvent.json *Events/ObjectEvent.json"],
  ["RECEIPT ack", "*PersistentDisposition-example.jsonld *_with_persistentDisposition.json"],
  // 200.5 kg of a lot, whose stock is counted in whole units; a sensor's aggregation moves nothing.
  ["!QUANTITY_NOT_WHOLE", "*Example_9.6.3-AggregationEvent*.jsonld *aggregation_event_all_possible_fields.jsonld"],
  ["ack", "*AggregationEvent_with_sensorData.json"],
  ["!QUANTITY_NOT_WHOLE", "*Documents/AggregationEvent*.json"],
  ["ADJUSTMENT*6", "*Example_9.6.4-TransformationEvent*.jsonld *Documents/TransformationEvent.json"],
  ["ADJUSTMENT*6", "*Documents/TransformationEvent_with_digitalLink.json"],
  // What was declared in error is taken back, and what corrects it counts.
  ["ADJUSTMENT*4*2", "*ErrorDeclarationAndCorrectiveEvent.jsonld *TransformationEvent_with_error_declaration.json"],
  ["ADJUSTMENT*9", "*ransformation*vent_all_possible_fields.json*"],
  ["ADJUSTMENT*2", "*bject*vent_all_possible_fields.json* *ObjectEventWithAllPossibleFields.json"],
  ["ADJUSTMENT*2", "*SensorDataExample12.jsonld *TransformationEvent_with_*.json"],
  ["SHIPMENT_VOID*2", "*ransaction*vent_all_possible_fields.json*"],
  // A quantity that nobody named.
  ["!VALUE_MISSING", "*Events/TransformationEvent.json"],
  ["ack*11 ADJUSTMENT*2 ack", "*SensorData_with_combined_events.json"],
  ["ack*2", "*Example-TransactionEvents-*.jsonld *Documents/AssociationEvent.json *Documents/TransactionEvent.json"],
  ["ack", "*"],
];

function filesIn(dir: string, only: (name: string) => boolean): readonly string[] {
  const names = (readdirSync(dir, { recursive: true }) as string[]).sort();
  return names.filter((name) => statSync(join(dir, name)).isFile() && only(name));
}

function fits(name: string, patterns: string): boolean {
  const toPattern = (glob: string) => new RegExp(`^${glob.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
  return patterns.split(" ").some((glob) => toPattern(glob).test(name));
}

const suites: readonly [format: DocumentFormat, dir: string, outcomes: Outcomes, only: (name: string) => boolean][] = [
  ["x12", join(ediDir, "x12"), x12, () => true],
  ["edifact", join(ediDir, "edifact"), edifact, () => true],
  ["epcis", epcisDir, epcis, (name) => !name.startsWith("gs1-schema")],
];

for (const [format, dir, outcomes, only] of suites) {
  describe.skipIf(isAbsent(dir))(
    `published documents: ${format}${isAbsent(dir) ? " (not on this machine)" : ""}`,
    () => {
      it("each becomes what the table says", () => {
        const files = filesIn(dir, only);
        const expected = files.map((name) => `${name}: ${outcomes.find(([, files]) => fits(name, files))?.[0]}`);
        const actual = files.map((name) => `${name}: ${outcomeOf(readAll(format, readFileSync(join(dir, name))))}`);
        expect(files.length).toBeGreaterThan(1);
        expect(actual).toEqual(expected);
      });

      it("shows its format by how it begins", () => {
        const files = filesIn(dir, only).filter((name) => !name.endsWith(".xml"));
        const others = files.filter((name) => detectFormat(readFileSync(join(dir, name))) !== format);
        expect(others).toEqual([]);
      });
    },
  );
}

describe.skipIf(isAbsent(epcisDir))("published EPCIS events", () => {
  it("that differ in notation only are one event: other documents, order of members, offsets, comments", () => {
    const same = ["Example_9.6.1-ObjectEvent.jsonld", "Example_9.6.1-with-comment.jsonld", "EPCISQueryDocument.jsonld"];
    const documents = [
      ...[...same, "Example_9.6.1-ObjectEvent-with-pseudo-SBDH-headers.jsonld"].map((name) => `gs1-json/${name}`),
      "openepcis/2.0/EPCIS/JSON/Capture/Documents/ObjectEvent.json",
      "openepcis/2.0/EPCIS/JSON/Query/QueryDocumentWithMultipleEvents.json",
      "openepcis/2.0/EPCIS/JSON/Capture/Events/ObjectEvent.json",
    ];
    const messages = documents.flatMap((name) => messagesOf(readAll("epcis", readFileSync(join(epcisDir, name)))));
    expect(messages.length).toBe(13);
    // As the reference implementation of CBV 2.0 computes them.
    expect(new Set(messages.map(({ identity }) => identity))).toEqual(
      new Set([
        "df6523665bc5e5803d6c7b84f5a04e103694d8220f2abc4f2c74310e89f31bc6",
        "32547b2344d525ea60ab1b899d82a9011fd9c39bb26ed936e113066146f49941",
      ]),
    );
    const facts = new Map(messages.map(({ identity, commands }) => [identity, JSON.stringify(commands)]));
    expect(messages.filter(({ identity, commands }) => facts.get(identity) !== JSON.stringify(commands))).toEqual([]);
  });
});

describe.skipIf(isAbsent(cloudEventsDir))("published CloudEvents", () => {
  const text = () => readFileSync(join(cloudEventsDir, "spec/json-format.md"), "utf8");

  it("the examples of the specification are understood, and refused by version or by a type that is not ours", () => {
    const examples = [...text().matchAll(/```+\s*json\s*\n([\s\S]*?)```/gi)].map((match) => match[1] ?? "");
    const events = examples.filter((example) => example.includes('"specversion"'));
    const outcomes = new Set(events.map((example) => outcomeOf(readAll("cloudevents", example))));
    expect(events.length).toBeGreaterThan(3);
    expect([...outcomes].filter((outcome) => !/^!MESSAGE_TYPE_UNKNOWN(\*\d)?$/.test(outcome))).toEqual([]);
  });
});
