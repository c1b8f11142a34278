/**
 * The warehouse as a process of its own.
 *
 * Port 4002 unless PORT says otherwise; everything else is in `subgraph.ts`.
 */
import { runSubgraph } from "../../shared/graphql/serve.ts";
import { createWms } from "./subgraph.ts";

await runSubgraph(4002, createWms);
