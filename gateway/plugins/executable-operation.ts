/**
 * Refuses a request that names no operation of its document, or one that is not served over HTTP.
 *
 * The caller can put that right, so it is BAD_USER_INPUT; further down it would count as a defect of the gateway.
 */
import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError, type OperationDefinitionNode } from "graphql";
import type { RequestContext } from "../../shared/command.ts";

export const executableOperation: ApolloServerPlugin<RequestContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation, request }) {
        const message = objection(operation, request.operationName);
        if (message === null) return;
        throw new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", http: { status: 400 } } });
      },
    };
  },
};

function objection(operation: OperationDefinitionNode | undefined, operationName: string | undefined): string | null {
  if (operation) return operation.operation === "subscription" ? "Subscriptions are not served over HTTP." : null;
  return operationName
    ? `The document holds no operation named ${JSON.stringify(operationName)}.`
    : "The document holds several operations: operationName must name one.";
}
