/**
 * Refuses a request that names no operation of its document, and a subscription that nobody keeps.
 *
 * The caller can put that right, so it is BAD_USER_INPUT; further down it would count as a defect of the gateway. A
 * subscription is executed for one event at a time, by whoever admitted it; here it is only handed over.
 */
import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError, type OperationDefinitionNode } from "graphql";
import type { OperationContext } from "../context.ts";

export const executableOperation: ApolloServerPlugin<OperationContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation, request, contextValue }) {
        const message = objection(operation, request.operationName, contextValue);
        if (message === null) return;
        throw new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", http: { status: 400 } } });
      },
      async responseForOperation({ operation, document, request, schema, contextValue, response }) {
        if (operation.operation !== "subscription" || !contextValue.admit) return null;
        contextValue.admit({ schema, document, operation, variables: request.variables ?? {} });
        return { http: response.http, body: { kind: "single", singleResult: { data: null } } };
      },
    };
  },
};

function objection(
  operation: OperationDefinitionNode | undefined,
  operationName: string | undefined,
  { admit, change }: OperationContext,
): string | null {
  if (operation) {
    const isKept = operation.operation !== "subscription" || admit || change;
    return isKept ? null : "Subscriptions are not served over HTTP.";
  }
  return operationName
    ? `The document holds no operation named ${JSON.stringify(operationName)}.`
    : "The document holds several operations: operationName must name one.";
}
