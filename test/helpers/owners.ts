/**
 * Several subgraphs as one process, each a server of its own as in production: for suites that end none of them, because
 * five processes take five times as long to start.
 *
 * OWNERS names them. Each says `NAME URL` on stdout, then comes the line `ready` with the first one's URL.
 */

import { readEnv, type SystemName, toConfig } from "../../shared/config.ts";
import { createSubgraphServer } from "../../shared/graphql/serve.ts";
import { createLifecycle, runMain, stopOnSignal } from "../../shared/lifecycle.ts";
import { createLogger } from "../../shared/logging.ts";
import { createAvailability } from "../../subgraphs/availability/subgraph.ts";
import { createControl } from "../../subgraphs/control/subgraph.ts";
import { createErp } from "../../subgraphs/erp/subgraph.ts";
import { createReturns } from "../../subgraphs/returns/subgraph.ts";
import { createWms } from "../../subgraphs/wms/subgraph.ts";

const factories = {
  erp: createErp,
  wms: createWms,
  returns: createReturns,
  availability: createAvailability,
  control: createControl,
};

runMain(async () => {
  const config = toConfig({ PORT: "0", DEMO: "off", ...readEnv() });
  const log = createLogger(config.logLevel);
  const names = (process.env["OWNERS"] ?? "").split(",") as SystemName[];
  const servers = await Promise.all(names.map((name) => createSubgraphServer(config, factories[name])));
  const all = createLifecycle(
    servers.map((server, i) => ({ name: names[i] as string, start: server.start, stop: server.stop })),
    log,
  );
  stopOnSignal(all, log, config);
  await all.start();
  for (const [i, server] of servers.entries()) process.stdout.write(`${names[i]} ${server.url()}\n`);
  process.stdout.write(`ready ${servers[0]?.url()}\n`);
});
