/**
 * npm run schema -- [FILE]: writes the supergraph SDL (default supergraph.graphql), for SUPERGRAPH_FILE and for tools.
 *
 * Composes from the subgraphs' schema files; needs no database and no running process. `URL`s are where the subgraphs
 * listen by default; `<NAME>_URL` says otherwise.
 */
import { writeFileSync } from "node:fs";
import { composeSupergraph } from "../gateway/compose.ts";
import { readEnv, systemNames, toConfig } from "../shared/config.ts";
import { readSdl } from "../shared/graphql/subgraph.ts";
import { runMain } from "../shared/lifecycle.ts";

const defaultPorts = { erp: 4001, wms: 4002, returns: 4003, availability: 4004, control: 4005 } as const;

runMain(async () => {
  const { subgraphUrls } = toConfig(readEnv());
  const file = process.argv[2] ?? "supergraph.graphql";
  const services = systemNames.map((name) => ({
    name,
    url: subgraphUrls[name] ?? `http://127.0.0.1:${defaultPorts[name]}/graphql`,
    sdl: readSdl(new URL(`../subgraphs/${name}/`, import.meta.url).href),
  }));
  writeFileSync(file, `${composeSupergraph(services)}\n`);
  process.stdout.write(`${file}\n`);
});
