/**
 * One subgraph as a process without Redis, for comparisons where no server is installed: SYSTEM says which.
 *
 * Reads only: nobody outside the process hears of its events. Where Redis answers, the subgraph's own `main.ts` runs.
 */
import { readEnv, type SystemName, toConfig } from "../shared/config.ts";
import { createSubgraphServer } from "../shared/graphql/serve.ts";
import type { Subgraph } from "../shared/graphql/subgraph.ts";
import type { Kernel } from "../shared/kernel.ts";
import { runMain, stopOnSignal } from "../shared/lifecycle.ts";
import { silentLogger } from "../shared/logging.ts";
import { createAvailability } from "../subgraphs/availability/subgraph.ts";
import { createControl } from "../subgraphs/control/subgraph.ts";
import { createErp } from "../subgraphs/erp/subgraph.ts";
import { createReturns } from "../subgraphs/returns/subgraph.ts";
import { createWms } from "../subgraphs/wms/subgraph.ts";

const factories: Readonly<Record<SystemName, (kernel: Kernel) => Promise<Subgraph>>> = {
  erp: createErp,
  wms: createWms,
  returns: createReturns,
  availability: createAvailability,
  control: createControl,
};

runMain(async () => {
  const create = factories[process.env["SYSTEM"] as SystemName];
  const config = toConfig(readEnv());
  const server = await createSubgraphServer(config, create);
  stopOnSignal(server, silentLogger, config);
  await server.start();
  process.stdout.write(`ready ${server.url()}\n`);
});
