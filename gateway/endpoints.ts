/**
 * Where a subgraph is: in this process, or behind a URL.
 *
 * The gateway never imports a subgraph; whoever starts the system hands it a list of these. What runs on either side
 * speaks the same operations and the same errors, so nothing above `data-source.ts` knows the difference.
 */
import type { RequestContext } from "../shared/command.ts";
import type { OperationRequest, OperationResult } from "../shared/graphql/execute.ts";
import type { Subgraph } from "../shared/graphql/subgraph.ts";

/** One that does not compile is asked the long way. */
export type LocalSubgraph = Pick<Subgraph, "sdl" | "execute"> & Partial<Pick<Subgraph, "schema" | "compile">>;

export type Endpoint =
  | { readonly name: string; readonly local: LocalSubgraph }
  | { readonly name: string; readonly url: string };

export interface CallOptions {
  /** Aborted when the deadline passes. */
  readonly signal: AbortSignal;
  /** May the operation be sent a second time without harm? */
  readonly repeatable: boolean;
  /** The variable `representations` as JSON, where it has been printed already. */
  readonly representationsText?: string | undefined;
}

/** A subgraph as the gateway calls it. Fails with SOURCE_UNAVAILABLE when nothing usable comes back. */
export interface SubgraphClient {
  execute(operation: OperationRequest, request: RequestContext, options: CallOptions): Promise<OperationResult>;
}

export function createLocalClient(local: LocalSubgraph): SubgraphClient {
  return { execute: (operation, request) => local.execute(operation, request) };
}
