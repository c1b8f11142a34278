/**
 * Who may use which field of `returns`.
 */
import type { AccessTable } from "../../shared/access.ts";

export const access: AccessTable = {
  "Query.return": "person",
  "Query.returns": "person",
  "StockPosition.returns": "person",
  "Mutation.authorizeReturn": ["returns-desk", "storefront", "portal"],
  "Mutation.receiveReturn": ["returns-desk", "warehouse"],
};
