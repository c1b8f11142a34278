/**
 * A document of a named format as a stream of items: the one place that knows every reader and what it has to be told.
 *
 * What is asked for and cannot be had (an unknown format, a mapping that is none) fails before the first byte is read.
 */
import {
  type Acknowledgement,
  acknowledgementsOf,
  createDocumentReader,
  type DocumentFormat,
  documentFormats,
} from "../ingest/formats.ts";
import type { IntakeItem } from "../ingest/intake-message.ts";
import { type TableMapping, toTableMapping } from "../ingest/table-rows.ts";
import { AppError } from "../shared/errors.ts";
import { parseCode } from "../shared/ids.ts";
import { limits } from "../shared/limits.ts";
import { readTable } from "./csv-rows.ts";
import { readDocument } from "./receive.ts";

export const intakeFormats = [...documentFormats, "csv"] as const;

export interface DocumentOptions {
  readonly format: string;
  /** Who sends it, where the document does not say so. */
  readonly partner?: string | undefined;
  /** Which answer about form to write: 997, 999 or contrl. */
  readonly acknowledge?: string | undefined;
  /** Of csv: what its columns mean, as JSON. */
  readonly mapping?: string | undefined;
}

export type Items = (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<IntakeItem>;

/** `nowMs`: the date of an acknowledgement. Fails with INVALID_INPUT. */
export function openFormat({ format, mapping, ...wanted }: DocumentOptions, nowMs: number): Items {
  const known = intakeFormats.find((name) => name === format);
  if (!known) throw invalid(`No such format: ${format}. Known: ${intakeFormats.join(", ")}.`);
  const partner = wanted.partner === undefined ? null : parseCode(wanted.partner, limits.personLengthMax, ["partner"]);
  if (known === "csv") {
    const columns = toMapping(mapping);
    return (bytes) => readTable(bytes, columns, partner);
  }
  const acknowledge = wanted.acknowledge === undefined ? null : toAcknowledgement(known, wanted.acknowledge);
  const options = { partner, acknowledge, nowIso: new Date(nowMs).toISOString() };
  return (bytes) => readDocument(bytes, createDocumentReader(known, options));
}

function toMapping(text: string | undefined): TableMapping {
  if (text === undefined) throw invalid("csv needs a mapping: which column holds what.");
  try {
    return toTableMapping(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(`The mapping is not JSON: ${error.message}`);
    throw error;
  }
}

function toAcknowledgement(format: DocumentFormat, wanted: string): Acknowledgement {
  const kinds = acknowledgementsOf[format];
  const kind = kinds.find((name) => name === wanted.toLowerCase());
  if (!kind) throw invalid(`${format} has no acknowledgement ${wanted}. It has: ${kinds.join(", ") || "none"}.`);
  return kind;
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { message });
}
