/**
 * Which formats are read, by whom, and how a document shows which one it is.
 *
 * The beginning of a document decides; what does not show itself plainly is not guessed. Rows of a table never show
 * themselves: they need a mapping that somebody declares (`table-rows.ts`).
 */
import { createCloudEventsReader } from "./cloudevents.ts";
import { EdifactReader } from "./edifact.ts";
import { createEpcisReader } from "./epcis.ts";
import type { IntakeReader } from "./intake-message.ts";
import { X12Reader } from "./x12.ts";
import type { AcknowledgementKind } from "./x12-acknowledgement.ts";

export const documentFormats = ["cloudevents", "epcis", "x12", "edifact"] as const;
export type DocumentFormat = (typeof documentFormats)[number];

export type Acknowledgement = AcknowledgementKind | "contrl";

/** The answers about form that each format has. */
export const acknowledgementsOf: Readonly<Record<DocumentFormat, readonly Acknowledgement[]>> = {
  cloudevents: [],
  epcis: [],
  x12: ["997", "999"],
  edifact: ["contrl"],
};

export interface ReaderOptions {
  /** Who sends the document, where it does not say so itself, or says it wrongly. */
  readonly partner: string | null;
  /** One of those of the format; null: none. */
  readonly acknowledge: Acknowledgement | null;
  /** RFC 3339, UTC: the date of that answer. */
  readonly nowIso: string;
}

export function createDocumentReader(format: DocumentFormat, options: ReaderOptions): IntakeReader {
  const { partner, acknowledge, nowIso } = options;
  switch (format) {
    case "cloudevents":
      return createCloudEventsReader();
    case "epcis":
      return createEpcisReader(partner);
    case "x12":
      return new X12Reader({ partner, acknowledge: acknowledge === "contrl" ? null : acknowledge, nowIso });
    case "edifact":
      return new EdifactReader({ partner, acknowledge: acknowledge !== null, nowIso });
  }
}

/** Characters of the beginning that are needed to tell. */
export const detectionLength = 65_536;

/** `beginning`: the first bytes. Null: it does not say. */
export function detectFormat(beginning: Uint8Array): DocumentFormat | null {
  const text = Buffer.from(beginning.subarray(0, detectionLength))
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trimStart();
  if (text.startsWith("ISA")) return "x12";
  if (text.startsWith("UNA") || text.startsWith("UNB")) return "edifact";
  if (!/^[[{]/.test(text)) return null;
  if (/"specversion"\s*:/.test(text)) return "cloudevents";
  return /"(epcisBody|schemaVersion|eventTimeZoneOffset)"\s*:/.test(text) ? "epcis" : null;
}
