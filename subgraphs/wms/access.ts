/**
 * Who may use which field of `wms`.
 *
 * Physical stock is for everybody who is somebody; facts come from the warehouse and its connector. That nobody decides
 * on their own adjustment, and which tier decides, is `domain/adjustment.ts`: roles alone cannot say it.
 */
import type { AccessNotes, AccessTable } from "../../shared/access.ts";

export const access: AccessTable = {
  "Query.stockMovement": "person",
  "Query.adjustment": ["warehouse", "supervisor", "planner", "manager", "controller", "auditor"],
  "Query.adjustments": ["warehouse", "supervisor", "planner", "manager", "controller", "auditor"],
  "Query.stockCount": ["warehouse", "supervisor", "planner", "manager", "controller", "auditor"],
  "Query.receipt": "person",
  "Query.receipts": "person",
  "Query.wmsAuditChain": ["auditor"],
  "StockPosition.physical": "person",
  "StockPosition.movements": "person",
  "Mutation.recordStockEvents": ["connector-wms", "warehouse"],
  "Mutation.changeStockStatus": ["connector-wms", "warehouse", "supervisor"],
  "Mutation.shipTransfer": ["warehouse", "connector-wms"],
  "Mutation.receiveTransfer": ["warehouse", "connector-wms"],
  "Mutation.requestAdjustment": ["warehouse", "supervisor", "planner"],
  "Mutation.approveAdjustment": ["supervisor", "manager", "controller"],
  "Mutation.rejectAdjustment": ["supervisor", "manager", "controller"],
  "Mutation.recordCount": ["warehouse", "supervisor", "manager"],
  "Mutation.recordReceiptProgress": ["connector-wms", "connector-erp", "warehouse"],
};

const anotherPerson = "somebody else than who asked for it or counted";

export const notes: AccessNotes = {
  "Mutation.receiveTransfer": "somebody else than who shipped any of it; a connector reports what has happened",
  "Mutation.recordStockEvents": "corrections and snapshots only from connector-wms",
  "Mutation.approveAdjustment": `${anotherPerson}; of the tier that its value asks for`,
  "Mutation.rejectAdjustment": anotherPerson,
};
