/**
 * The documents that Apollo Server has admitted: parsed, validated and within every limit, by its own rules.
 *
 * Where only trusted documents are answered, no other gets in. Nothing is decided here a second time. The first request with a document goes the long way; when Apollo Server has
 * found it good, it is remembered under its text and operation name, and whoever finds it here need not ask again.
 * Bounded by the size of what is remembered.
 */
import type { ApolloServerPlugin } from "@apollo/server";
import type { DocumentNode, OperationDefinitionNode } from "graphql";
import { LRUCache } from "lru-cache";
import { AppError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { OperationContext } from "../context.ts";
import { toGraphqlError } from "../refusal.ts";
import type { TrustedDocuments } from "./trusted-documents.ts";

export interface Admitted {
  /** In this process, of this text and operation name. */
  readonly id: number;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
}

export interface Admissions {
  readonly plugin: ApolloServerPlugin<OperationContext>;
  /** Absent: Apollo Server has not seen it yet, has refused it, or it has been forgotten. */
  find(text: string, operationName: string | undefined): Admitted | undefined;
  /** The text that Apollo Server knows by this SHA-256, as far as it has been admitted here. */
  textOf(sha256: string): string | undefined;
}

export interface AdmissionsParts {
  /** The only documents that are admitted; absent: every one that Apollo Server finds good. */
  readonly trusted?: TrustedDocuments | null;
  readonly bytesMax?: number;
}

export function createAdmissions(parts: AdmissionsParts = {}): Admissions {
  const { trusted = null, bytesMax = limits.admittedBytesMax } = parts;
  const admitted = new LRUCache<string, Admitted>({
    maxSize: bytesMax,
    // Of a character of text: what it becomes when it is parsed, planned and compiled.
    sizeCalculation: (_, key) => key.length * 64,
  });
  const texts = new LRUCache<string, string>({
    maxSize: bytesMax / 8,
    sizeCalculation: (text) => text.length * 2 + 100,
  });
  let count = 0;
  return {
    plugin: {
      async requestDidStart() {
        return {
          async didResolveOperation({ source, document, operation, request, contextValue }) {
            if (trusted && !contextValue.own && !trusted.has(source)) {
              throw toGraphqlError(new AppError("DOCUMENT_NOT_TRUSTED"));
            }
            const { operationName } = request;
            const hash = persistedHashOf(request.extensions);
            if (hash !== undefined) texts.set(hash, source);
            const key = keyOf(source, operationName);
            if (!operation || admitted.has(key)) return;
            count += 1;
            admitted.set(key, { id: count, document, operation, operationName });
          },
        };
      },
    },
    textOf: (sha256) => texts.get(sha256),
    find(text, operationName) {
      const found = admitted.get(keyOf(text, operationName));
      // A name may be any text, a piece of the document too, as long as nobody has looked at it.
      return found && found.operationName === operationName ? found : undefined;
    },
  };
}

/** Of a request that names its document by hash. */
export function persistedHashOf(extensions: unknown): string | undefined {
  const persisted = (extensions as { persistedQuery?: { version?: unknown; sha256Hash?: unknown } } | null | undefined)
    ?.persistedQuery;
  const hash = persisted?.version === 1 ? persisted.sha256Hash : undefined;
  return typeof hash === "string" ? hash : undefined;
}

function keyOf(text: string, operationName: string | undefined): string {
  return operationName === undefined ? text : `${operationName}\n${text}`;
}
