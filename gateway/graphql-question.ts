/**
 * From a request to its question: query, operation, variables. Null for whatever is not quite ordinary.
 *
 * Decides nothing about what is unusual: that is passed on to Apollo Server as it came. A document may be named by its
 * hash, by clients that have sent it before.
 */
import { persistedHashOf } from "./admission/admissions.ts";
import type { Question } from "./short-path.ts";

/** The document of a SHA-256, where it is known. */
export type TextOf = (sha256: string) => string | undefined;

/** Of a parsed body. */
export function questionOf(body: unknown, textOf: TextOf): Question | null {
  if (!isRecord(body)) return null;
  const { query, operationName, variables, extensions, ...rest } = body;
  if (operationName != null && (typeof operationName !== "string" || operationName === "")) return null;
  if (variables != null && !isRecord(variables)) return null;
  if (Object.keys(rest).length > 0) return null;
  const text = documentOf(query, extensions, textOf);
  return text === null ? null : { query: text, operationName: operationName ?? undefined, variables: variables ?? {} };
}

/** Of a GET, whose parameters are texts. */
export function questionOfUrl(parameters: unknown, textOf: TextOf): Question | null {
  if (!isRecord(parameters)) return null;
  const { variables, extensions, ...rest } = parameters;
  try {
    return questionOf({ ...rest, ...parsed({ variables, extensions }) }, textOf);
  } catch {
    return null;
  }
}

function documentOf(query: unknown, extensions: unknown, textOf: TextOf): string | null {
  if (extensions == null) return typeof query === "string" && query !== "" ? query : null;
  // With both, Apollo Server looks whether they belong together.
  if (query !== undefined || !isRecord(extensions) || Object.keys(extensions).length !== 1) return null;
  const hash = persistedHashOf(extensions);
  return (hash !== undefined && textOf(hash)) || null;
}

/** Fails with SyntaxError. */
function parsed(texts: Record<string, unknown>): Record<string, unknown> {
  const given = Object.entries(texts).filter(([, text]) => text !== undefined && text !== "");
  return Object.fromEntries(given.map(([name, text]) => [name, JSON.parse(String(text))]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
