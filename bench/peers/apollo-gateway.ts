/**
 * Apollo Server with `@apollo/gateway` as its documentation starts it, over the subgraphs in SUPERGRAPH_FILE.
 *
 * Stock: its own data source and HTTP client, nothing tuned. Passes the caller's token on, as our gateway does.
 */
import { readFileSync } from "node:fs";
import { importPeer } from "./installed.ts";
import { announce } from "./serve.ts";

interface Outgoing {
  readonly request: { readonly http: { readonly headers: Map<string, string> } };
  readonly context: { readonly authorization?: string };
}
interface ApolloServerModule {
  readonly ApolloServer: new (options: object) => object;
}
interface StandaloneModule {
  readonly startStandaloneServer: (server: object, options: object) => Promise<{ url: string }>;
}
interface GatewayModule {
  readonly ApolloGateway: new (options: object) => object;
  readonly RemoteGraphQLDataSource: new (options: object) => object;
}
interface Incoming {
  readonly req: { readonly headers: { readonly authorization?: string } };
}

const { ApolloServer } = await importPeer<ApolloServerModule>("@apollo/server");
const { startStandaloneServer } = await importPeer<StandaloneModule>("@apollo/server/standalone");
const { ApolloGateway, RemoteGraphQLDataSource } = await importPeer<GatewayModule>("@apollo/gateway");

const gateway = new ApolloGateway({
  supergraphSdl: readFileSync(process.env["SUPERGRAPH_FILE"] ?? "", "utf8"),
  buildService: ({ url }: { url: string }) =>
    new RemoteGraphQLDataSource({
      url,
      willSendRequest: ({ request, context }: Outgoing) => {
        if (context.authorization) request.http.headers.set("authorization", context.authorization);
      },
    }),
});
const { url } = await startStandaloneServer(new ApolloServer({ gateway }), {
  listen: { port: 0, host: "127.0.0.1" },
  context: async ({ req }: Incoming) => ({ authorization: req.headers.authorization }),
});
announce(url);
