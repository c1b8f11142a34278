/**
 * The availability subgraph as a process of its own.
 */
import { runSubgraph } from "../../shared/graphql/serve.ts";
import { createAvailability } from "./subgraph.ts";

runSubgraph(4004, createAvailability);
