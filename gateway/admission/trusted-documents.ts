/**
 * The documents that a gateway answers, where it answers no others: written down by whoever releases its clients.
 *
 * A JSON file, each document under its SHA-256; a hash that is not its document's is refused at start. Not read again
 * while the gateway runs.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { AppError } from "../../shared/errors.ts";

export interface TrustedDocuments {
  has(text: string): boolean;
  /** The document that this SHA-256 names. */
  textOf(sha256: string): string | undefined;
}

/** Null: no file, and so every document. Fails with CONFIG_INVALID. */
export async function readTrustedDocuments(file: string | null): Promise<TrustedDocuments | null> {
  if (file === null) return null;
  const refuse = (what: string, cause?: unknown) =>
    new AppError("CONFIG_INVALID", { message: `TRUSTED_DOCUMENTS: ${file} ${what}.` }, { cause });
  let map: unknown;
  try {
    map = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw refuse("cannot be read as JSON", cause);
  }
  if (typeof map !== "object" || map === null || Array.isArray(map)) throw refuse("is not a map from hash to document");
  const byHash = new Map<string, string>();
  for (const [sha256, text] of Object.entries(map)) {
    const isDocument = typeof text === "string" && hashOf(text) === sha256.toLowerCase();
    if (!isDocument) throw refuse(`has something under ${sha256} that is not the document of this SHA-256`);
    byHash.set(sha256.toLowerCase(), text);
  }
  const texts = new Set(byHash.values());
  return { has: (text) => texts.has(text), textOf: (sha256) => byHash.get(sha256) };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
