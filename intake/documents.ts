/**
 * A document of a named format as a stream of items: the one place that knows every reader and what it has to be told.
 *
 * What is asked for and cannot be had (an unknown format, a mapping that is none) fails before the first byte is read.
 */
import { createDocumentReader, type DocumentFormat, documentFormats } from "../ingest/formats.ts";
import type { IntakeItem } from "../ingest/intake-message.ts";
import { AppError } from "../shared/errors.ts";
import { readDocument } from "./receive.ts";

export const intakeFormats = [...documentFormats] as const;
export type IntakeFormat = DocumentFormat;

export interface DocumentOptions {
  readonly format: string;
}

export type Items = (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<IntakeItem>;

/** Fails with INVALID_INPUT. */
export function openFormat({ format }: DocumentOptions): Items {
  const known = documentFormats.find((name) => name === format);
  if (!known) {
    throw new AppError("INVALID_INPUT", { message: `No such format: ${format}. Known: ${intakeFormats.join(", ")}.` });
  }
  return (bytes) => readDocument(bytes, createDocumentReader(known));
}
