/**
 * The returns desk as a process of its own.
 */
import { runSubgraph } from "../../shared/graphql/serve.ts";
import { createReturns } from "./subgraph.ts";

await runSubgraph(4003, createReturns);
