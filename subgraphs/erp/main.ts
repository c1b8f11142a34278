/**
 * The ERP as a process of its own, on port 4001 unless PORT says otherwise.
 *
 * Holds nothing but the start: the same subgraph runs inside `npm start`.
 */
import { runSubgraph } from "../../shared/graphql/serve.ts";
import { createErp } from "./subgraph.ts";

await runSubgraph(4001, createErp);
