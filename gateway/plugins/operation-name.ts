/**
 * Refuses a request whose document holds no operation of the name it gives, or several and no name.
 *
 * The caller can put that right, so it is BAD_USER_INPUT; further down it would count as a defect of the gateway.
 */
import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError } from "graphql";
import type { RequestContext } from "../../shared/command.ts";

export const operationName: ApolloServerPlugin<RequestContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation, request }) {
        if (operation) return;
        const message = request.operationName
          ? `The document holds no operation named ${JSON.stringify(request.operationName)}.`
          : "The document holds several operations: operationName must name one.";
        throw new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", http: { status: 400 } } });
      },
    };
  },
};
