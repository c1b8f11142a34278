/**
 * Documents that others published, every file of them, at the door of a running system: what of each folder counts,
 * what is refused and why.
 *
 * A document counts once, sent twice, or cut in half and then whole: the state is the one of a system that was sent
 * each of them once. Skipped by name where the files are missing. docs/published-documents.md has the table.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DocumentFormat, detectFormat } from "../../ingest/formats.ts";
import type { IntakeItem } from "../../ingest/intake-message.ts";
import { openFormat } from "../../intake/documents.ts";
import { cloudEventsDir, ediDir, epcisDir, isAbsent, openboxesDir } from "../helpers/data-sets.ts";
import { type Answer, makeKnown, postDocument, takenIn } from "../helpers/taken-in.ts";
import { settled, startTarget, type Target } from "../helpers/target.ts";

interface Published {
  readonly name: string;
  readonly folder: string;
  readonly format: DocumentFormat | "csv";
  readonly options: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

/** Who counted nothing is asked under this name. */
const partner = "publisher";
const counted = {
  type: "SNAPSHOT",
  columns: { sku: "Product code", quantity: "Physical QOH" },
  values: { locationId: "MAIN", occurredAt: "2026-03-01" },
};

function publishedIn(dir: string): readonly Published[] {
  const names = (readdirSync(dir, { recursive: true }) as string[]).sort();
  const files = names.filter((name) => statSync(join(dir, name)).isFile());
  const top = relative(dirname(dir), dir);
  return files.map((name) => {
    const bytes = readFileSync(join(dir, name));
    const format = formatOf(top, name, bytes);
    const folder = join(top, dirname(name) === "." ? "" : dirname(name));
    const mapping = { ...counted, values: { ...counted.values, locationId: `MAIN ${name}` } };
    const options = format === "csv" ? { partner, mapping: JSON.stringify(mapping) } : {};
    return { name: join(top, name), folder, format, options, bytes };
  });
}

/** What it shows, or else what its folder says. */
function formatOf(top: string, name: string, bytes: Uint8Array): Published["format"] {
  if (top === "openboxes") return "csv";
  if (top === "edi") return name.startsWith("edifact") ? "edifact" : "x12";
  return detectFormat(bytes) ?? (top === "epcis" ? "epcis" : "cloudevents");
}

async function readOnly({ format, options, bytes }: Published): Promise<readonly IntakeItem[]> {
  const items: IntakeItem[] = [];
  for await (const item of openFormat({ format, ...options }, 0)(inOnePiece(bytes))) items.push(item);
  return items;
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** `files → accepted (events), duplicate, acknowledged; CODE times` of one folder. */
function toRow(files: readonly Answer[]): string {
  const sum = (of: (answer: Answer) => number) => files.reduce((all, answer) => all + of(answer), 0);
  const codes = new Map<string, number>();
  for (const { code } of files.flatMap(({ body }) => body.rejected)) codes.set(code, (codes.get(code) ?? 0) + 1);
  const counts = [
    sum(({ body }) => body.accepted),
    sum(({ body }) => body.events),
    sum(({ body }) => body.duplicate),
    sum(({ body }) => body.acknowledged),
  ];
  const refused = [...codes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, times]) => `${code} ${times}`);
  return [files.length, ...counts, refused.join(", ") || "none"].join(" | ");
}

/** The same two events in other documents, orders of members, offsets and with comments. */
const sameEvents = [
  "gs1-json/Example_9.6.1-ObjectEvent.jsonld",
  "gs1-json/Example_9.6.1-with-comment.jsonld",
  "gs1-json/EPCISQueryDocument.jsonld",
  "gs1-json/Example_9.6.1-ObjectEvent-with-pseudo-SBDH-headers.jsonld",
  "2.0/EPCIS/JSON/Capture/Documents/ObjectEvent.json",
  "2.0/EPCIS/JSON/Query/QueryDocumentWithMultipleEvents.json",
  "2.0/EPCIS/JSON/Capture/Events/ObjectEvent.json",
];

/** Folder, files, messages accepted, stock events in them, known already, acknowledged only, refused by code. */
const expected = `
cloudevents/conformance | 4 | 0 | 0 | 0 | 0 | JSON_MALFORMED 4
cloudevents/spec | 2 | 0 | 0 | 0 | 0 | JSON_MALFORMED 1, VALUE_MISSING 1
edi/edifact/DESADV | 1 | 0 | 0 | 0 | 0 | PARTNER_MISSING 1
edi/edifact/ORDRSP | 1 | 0 | 0 | 0 | 0 | CONTROL_NUMBER_MISMATCH 1, COUNT_MISMATCH 1
edi/x12/850 | 1 | 0 | 0 | 0 | 1 | none
edi/x12/855 | 1 | 1 | 0 | 0 | 0 | none
edi/x12/856 | 7 | 0 | 0 | 0 | 0 | CONTROL_NUMBER_MISMATCH 1, COUNT_MISMATCH 4, DATE_INVALID 1, LOCATION_MISSING 3
edi/x12/940 | 2 | 2 | 0 | 0 | 0 | CONTROL_NUMBER_MISMATCH 2
edi/x12/944 | 1 | 1 | 5 | 0 | 0 | none
edi/x12/997 | 1 | 0 | 0 | 0 | 3 | none
edi/x12/invalid | 19 | 0 | 0 | 0 | 1 | COUNT_MISMATCH 2, DOCUMENT_TRUNCATED 1, INTERCHANGE_MALFORMED 12, SEGMENT_MISPLACED 1, SEPARATORS_AMBIGUOUS 2, TEST_INDICATOR_INVALID 1
epcis/gs1-json/AssociationEvent | 8 | 0 | 0 | 0 | 8 | none
epcis/gs1-json | 10 | 5 | 10 | 6 | 4 | QUANTITY_NOT_WHOLE 1
epcis/gs1-json/WithDigitalLinkID | 4 | 3 | 3 | 1 | 0 | QUANTITY_NOT_WHOLE 1
epcis/gs1-json/WithErrorDeclaration | 2 | 3 | 9 | 1 | 0 | none
epcis/gs1-json/WithFullCombinationOfFields | 5 | 3 | 13 | 0 | 1 | QUANTITY_NOT_WHOLE 1
epcis/gs1-json/WithSensorData | 18 | 1 | 2 | 0 | 17 | none
epcis/gs1-schema | 6 | 0 | 0 | 0 | 0 | DOCUMENT_UNSUPPORTED 5, JSON_MALFORMED 1
epcis/gs1-schema/JSON-LD-Context | 9 | 0 | 0 | 0 | 0 | DOCUMENT_UNSUPPORTED 9
epcis/gs1-schema/schemas | 15 | 0 | 0 | 0 | 0 | DOCUMENT_UNSUPPORTED 15
epcis/openepcis/1.2/EPCIS/XML/Capture/Documents | 10 | 0 | 0 | 0 | 0 | JSON_MALFORMED 10
epcis/openepcis/2.0/EPCIS/JSON/Capture/Documents | 31 | 5 | 8 | 15 | 29 | QUANTITY_NOT_WHOLE 3
epcis/openepcis/2.0/EPCIS/JSON/Capture/Events | 5 | 1 | 1 | 1 | 2 | VALUE_MISSING 1
epcis/openepcis/2.0/EPCIS/JSON/Query | 5 | 0 | 0 | 6 | 13 | none
epcis/openepcis/2.0/EPCIS/XML/Capture/Documents | 23 | 0 | 0 | 0 | 0 | JSON_MALFORMED 23
epcis/openepcis/2.0/EPCIS/XML/Capture/Events | 5 | 0 | 0 | 0 | 0 | JSON_MALFORMED 5
openboxes | 9 | 114 | 114 | 0 | 0 | COLUMN_MISSING 13
`;

const dirs = [cloudEventsDir, ediDir, epcisDir, openboxesDir];
const missing = dirs.some(isAbsent);

describe.skipIf(missing)(`published documents at the door${missing ? " (needs ../shared/data)" : ""}`, () => {
  let files: readonly Published[];
  let once: Target;
  let again: Target;
  const answers = new Map<string, Answer>();

  beforeAll(async () => {
    files = dirs.flatMap(publishedIn);
    const items = (await Promise.all(files.map(readOnly))).flat();
    [once, again] = await Promise.all([startTarget("embedded"), startTarget("embedded")]);
    await Promise.all([once, again].map(({ connector }) => makeKnown(connector, items)));
  }, 120_000);
  afterAll(async () => {
    await Promise.all([once?.stop(), again?.stop()]);
  });

  const send = async (target: Target, { format, options, bytes }: Published, end = bytes.length) =>
    postDocument(
      target.url,
      await target.token("partner", ["connector-erp", "connector-wms", "returns-desk"]),
      format,
      bytes.subarray(0, end),
      options,
    );

  it("each counts, is known, or is refused with its reason: the table by folder", async ({ annotate }) => {
    for (const file of files) answers.set(file.name, await send(once, file));
    const folders = new Map<string, Answer[]>();
    for (const { name, folder } of files) folders.set(folder, [...(folders.get(folder) ?? []), answerTo(name)]);
    const rows = [...folders].map(([folder, own]) => `${folder} | ${toRow(own)}`);
    await annotate(rows.join("\n"));
    expect(rows).toEqual(expected.trim().split("\n"));
    expect(files.filter(({ name }) => ![200, 422].includes(answerTo(name).status))).toEqual([]);
  }, 600_000);

  it("events that differ in notation only count once", () => {
    const notations = files.filter(({ name }) => sameEvents.some((same) => name.endsWith(same)));
    const sums = { files: 0, accepted: 0, duplicate: 0 };
    for (const { name } of notations) {
      const { accepted, duplicate } = answerTo(name).body;
      sums.files += 1;
      sums.accepted += accepted;
      sums.duplicate += duplicate;
    }
    expect(sums).toEqual({ files: 7, accepted: 2, duplicate: 11 });
  });

  it("cut in half, then whole, then once more, they leave what one of each leaves", async ({ annotate }) => {
    for (const file of files) {
      await send(again, file, Math.floor(file.bytes.length / 2));
      await send(again, file);
      const { body } = await send(again, file);
      expect(body, file.name).toMatchObject({ accepted: 0, rejectedCount: answerTo(file.name).body.rejectedCount });
    }
    const state = await takenIn(once.config);
    expect(state).toMatchObject({ units: 277_948, movements: 165, orders: 3 });
    expect(await takenIn(again.config)).toEqual(state);
    await annotate(`${files.length} files: ${JSON.stringify(state)}`);
    await Promise.all([settled(once), settled(again)]);
  }, 600_000);

  function answerTo(name: string): Answer {
    return answers.get(name) as Answer;
  }
});
