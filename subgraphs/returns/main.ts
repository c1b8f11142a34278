/**
 * The returns desk as a process of its own, on port 4003.
 *
 * Everything but the port is what every subgraph's process does.
 */
import { runSubgraph } from "../../shared/graphql/serve.ts";
import { createReturns } from "./subgraph.ts";

await runSubgraph(4003, createReturns);
