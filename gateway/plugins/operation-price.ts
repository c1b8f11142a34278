/**
 * Refuses an operation that costs more than one operation may, over whichever transport it came.
 *
 * Runs when the document is known to be valid and before anything is executed. What an event costs its subscribers is
 * counted once, when they subscribe.
 */
import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError } from "graphql";
import type { AppError } from "../../shared/errors.ts";
import { assertAffordable, type OperationCosts } from "../admission/operation-costs.ts";
import type { OperationContext } from "../context.ts";

export function createOperationPrice(costs: OperationCosts): ApolloServerPlugin<OperationContext> {
  return {
    async requestDidStart({ contextValue: { change } }) {
      if (change) return;
      return {
        async didResolveOperation({ schema, document, operation, request }) {
          if (!operation) return;
          const cost = costs.of({ schema, document, operation }, request.variables ?? {});
          if (cost === null) return;
          try {
            assertAffordable(cost);
          } catch (error) {
            throw refused(error as AppError);
          }
        },
      };
    },
  };
}

function refused({ code, message, details }: AppError): GraphQLError {
  const { message: _, ...shown } = details;
  return new GraphQLError(message, { extensions: { ...shown, code, http: { status: 400 } } });
}
