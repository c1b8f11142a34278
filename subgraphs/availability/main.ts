/**
 * The availability subgraph as a process of its own, on port 4004.
 *
 * By default it runs inside the gateway's process instead: see `system.ts`.
 */
import { runSubgraph } from "../../shared/graphql/serve.ts";
import { createAvailability } from "./subgraph.ts";

runSubgraph(4004, createAvailability);
