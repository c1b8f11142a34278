/**
 * Hive Gateway on `node:http`, over the subgraphs in SUPERGRAPH_FILE; with HIVE_ROUTER=1 planned by its router runtime.
 *
 * Nothing tuned. Passes the caller's token on, as our gateway does.
 */
import { createServer, type RequestListener } from "node:http";
import { importPeer } from "./installed.ts";
import { servePeer } from "./serve.ts";

interface HiveModule {
  readonly createGatewayRuntime: (options: object) => RequestListener;
}
interface RouterModule {
  readonly unifiedGraphHandler: unknown;
}

const { createGatewayRuntime } = await importPeer<HiveModule>("@graphql-hive/gateway-runtime");
const router =
  process.env["HIVE_ROUTER"] === "1" ? await importPeer<RouterModule>("@graphql-hive/router-runtime") : null;

const gateway = createGatewayRuntime({
  supergraph: process.env["SUPERGRAPH_FILE"] ?? "",
  logging: "error",
  propagateHeaders: {
    fromClientToSubgraphs({ request }: { request: Request }) {
      const authorization = request.headers.get("authorization");
      return authorization === null ? {} : { authorization };
    },
  },
  ...(router ? { unifiedGraphHandler: router.unifiedGraphHandler } : {}),
});
servePeer(createServer(gateway));
