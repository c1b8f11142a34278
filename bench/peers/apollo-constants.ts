/**
 * Apollo Server as its documentation starts it, with a resolver that returns the constant reply in REPLY.
 *
 * No federation and no database: the least that a GraphQL API on Apollo Server costs.
 */
import { importPeer } from "./installed.ts";
import { announce } from "./serve.ts";

interface ApolloServerModule {
  readonly ApolloServer: new (options: object) => object;
}
interface StandaloneModule {
  readonly startStandaloneServer: (server: object, options: object) => Promise<{ url: string }>;
}

const { ApolloServer } = await importPeer<ApolloServerModule>("@apollo/server");
const { startStandaloneServer } = await importPeer<StandaloneModule>("@apollo/server/standalone");

const { data } = JSON.parse(process.env["REPLY"] ?? "{}") as { data: { availability: object[] } };
const typeDefs = `#graphql
  type Query { availability(skus: [ID!]!, locationIds: [ID!], channel: ID): [Availability!]! }
  type Availability {
    sku: ID! locationId: ID! availableToSell: Int net: Int version: Int! policyVersion: Int!
  }
`;
const server = new ApolloServer({ typeDefs, resolvers: { Query: { availability: () => data.availability } } });
const { url } = await startStandaloneServer(server, { listen: { port: 0, host: "127.0.0.1" } });
announce(url);
