/**
 * Who may use which field of `wms`.
 *
 * Physical stock is for everybody who is somebody; facts come from the warehouse and its connector.
 */
import type { AccessTable } from "../../shared/access.ts";

export const access: AccessTable = {
  "Query.stockMovement": "person",
  "StockPosition.physical": "person",
  "StockPosition.movements": "person",
  "Mutation.recordStockEvents": ["connector-wms", "warehouse"],
  "Mutation.changeStockStatus": ["connector-wms", "warehouse", "supervisor"],
};
