/**
 * One supergraph from the subgraphs' schemas, or the supergraph of a release from a file.
 *
 * What does not compose is told by subgraph, type and field, so that whoever changed a schema knows where to look. A
 * subgraph that is still starting is waited for, up to a limit. The only door to @apollo/composition.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { composeServices } from "@apollo/composition";
import { type ASTNode, type DocumentNode, type GraphQLError, parse } from "graphql";
import { type Clock, systemClock } from "../shared/clock.ts";
import { withinDeadline } from "../shared/deadline.ts";
import { AppError } from "../shared/errors.ts";
import { limits } from "../shared/limits.ts";
import { gatewayItself } from "../shared/signed-identity.ts";
import type { SubgraphClient } from "./endpoints.ts";

export interface SubgraphSdl {
  readonly name: string;
  readonly sdl: string;
  /** Where it is reached; written into the supergraph. Absent: in the gateway's own process. */
  readonly url?: string;
}

/** The supergraph's SDL. Fails with COMPOSITION_FAILED, one line an error. */
export function composeSupergraph(subgraphs: readonly SubgraphSdl[]): string {
  const services = subgraphs.map(({ name, sdl, url }) => ({
    name,
    url: url ?? `local:${name}`,
    typeDefs: parseSdl(name, sdl),
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (supergraphSdl !== undefined) return supergraphSdl;
  const documents = new Map(services.map(({ name, typeDefs }) => [name, typeDefs]));
  throw failed((errors ?? []).map((error) => describe(error, documents)).join("\n"));
}

/** Fails with CONFIG_INVALID. */
export async function readSupergraph(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new AppError("CONFIG_INVALID", { message: `SUPERGRAPH_FILE cannot be read: ${file}` }, { cause });
  }
}

export interface Waiting {
  /** Aborted when nobody wants the schema any more. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Asks a subgraph elsewhere for its schema until it answers. Fails with COMPOSITION_FAILED. */
export async function fetchSdl(name: string, client: SubgraphClient, waiting: Waiting): Promise<string> {
  const { clock = systemClock, pause = sleep, signal } = waiting;
  const request = { identity: gatewayItself, correlationId: `schema-of-${name}` };
  const untilMs = clock.now() + limits.compositionWaitMs;
  for (;;) {
    try {
      const { data, errors } = await withinDeadline(limits.subgraphQueryMs, (deadline) =>
        client.execute({ query: "{ _service { sdl } }" }, request, { signal: deadline, repeatable: true }),
      );
      const sdl = (data?.["_service"] as { sdl?: unknown } | null | undefined)?.sdl;
      if (typeof sdl === "string") return sdl;
      // It answers, so waiting will not help: it is not a subgraph, or does not want to be asked.
      throw failed(`${name} does not tell its schema: ${errors?.[0]?.message ?? "no _service.sdl in its answer"}`);
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "COMPOSITION_FAILED") throw error;
      if (clock.now() >= untilMs || signal.aborted) {
        const reason = error.cause instanceof Error ? error.cause.message : error.message;
        throw failed(`${name} did not answer within ${limits.compositionWaitMs / 1000} s: ${reason}`);
      }
      await pause(limits.compositionRetryMs);
    }
  }
}

function parseSdl(name: string, sdl: string): DocumentNode {
  try {
    return parse(sdl);
  } catch (error) {
    const { message, locations } = error as GraphQLError;
    throw failed(`- ${name}, line ${locations?.[0]?.line ?? "?"}: ${message}`);
  }
}

function failed(reasons: string): AppError {
  return new AppError("COMPOSITION_FAILED", { message: `The subgraphs do not compose.\n${reasons}` });
}

/** `- erp Product.name (FIELD_TYPE_MISMATCH): …`; the place is left out where the message itself says it. */
function describe(error: GraphQLError, documents: ReadonlyMap<string, DocumentNode>): string {
  const places = new Set<string>();
  for (const node of error.nodes ?? []) {
    const subgraph = (node as ASTNode & { subgraph?: string }).subgraph;
    const document = subgraph === undefined ? undefined : documents.get(subgraph);
    const coordinate = document && coordinateOf(node, document);
    if (coordinate && !error.message.includes(coordinate)) places.add(`${subgraph} ${coordinate}`);
  }
  const head = [...places, `(${error.extensions["code"]})`].join(" ");
  return `- ${head}: ${error.message.replaceAll("\n", "\n  ")}`;
}

/** `Type.field` or `Type`: where in its document a node stands. */
function coordinateOf(node: ASTNode, document: DocumentNode): string | undefined {
  const at = node.loc?.start;
  if (at === undefined) return undefined;
  const holds = ({ loc }: ASTNode) => loc !== undefined && loc.start <= at && at < loc.end;
  for (const definition of document.definitions) {
    if (!holds(definition) || !("name" in definition) || !definition.name) continue;
    const fields = "fields" in definition ? (definition.fields ?? []) : [];
    const field = fields.find(holds);
    return field ? `${definition.name.value}.${field.name.value}` : definition.name.value;
  }
  return undefined;
}
