/**
 * Refuses an operation that costs more than one operation may, or than is left of its caller's budget, over whichever
 * transport it came.
 *
 * Runs when the document is known to be valid and before anything is executed. What an event costs its subscribers is
 * counted once, when they subscribe.
 */
import type { ApolloServerPlugin } from "@apollo/server";
import type { AppError } from "../../shared/errors.ts";
import { assertAffordable, type OperationCosts } from "../admission/operation-costs.ts";
import type { OperationContext } from "../context.ts";
import { toGraphqlError } from "../refusal.ts";

export function createOperationPrice(costs: OperationCosts): ApolloServerPlugin<OperationContext> {
  return {
    async requestDidStart({ contextValue: { change, till } }) {
      if (change) return;
      return {
        async didResolveOperation({ schema, document, operation, request }) {
          if (!operation) return;
          const cost = costs.of({ schema, document, operation }, request.variables ?? {});
          if (cost === null) return;
          try {
            assertAffordable(cost);
            if (till && !till.pays(cost)) throw till.refusal();
          } catch (error) {
            throw toGraphqlError(error as AppError);
          }
        },
      };
    },
  };
}
