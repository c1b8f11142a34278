/**
 * `control` as a process of its own, on port 4005.
 *
 * Everything but the port is what every subgraph's process does.
 */
import { runSubgraph } from "../../shared/graphql/serve.ts";
import { createControl } from "./subgraph.ts";

await runSubgraph(4005, createControl);
