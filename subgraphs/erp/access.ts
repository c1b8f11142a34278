/**
 * Who may use which field of the ERP.
 *
 * Master data is public; what things cost, what is in the books and what was bought is for people we know.
 */
import type { AccessNotes, AccessTable } from "../../shared/access.ts";

export const access: AccessTable = {
  "Query.product": "anyone",
  "Query.products": "anyone",
  "Query.location": "anyone",
  "Query.locations": "anyone",
  "Query.purchaseOrder": "person",
  "Query.purchaseOrders": "person",
  "Query.transferOrder": "person",
  "Query.transferOrders": "person",
  "Query.erpAuditChain": ["auditor"],
  "Product.unitCost": "person",
  "Location.accounts": "person",
  "StockPosition.book": "person",
  "Mutation.saveProducts": ["connector-erp", "planner"],
  "Mutation.saveLocations": ["connector-erp", "planner"],
  "Mutation.savePurchaseOrder": ["connector-erp", "planner"],
  "Mutation.saveBookBalances": ["connector-erp", "planner"],
  "Mutation.allocateOrder": ["connector-erp", "planner", "storefront", "portal"],
  "Mutation.deallocateOrder": ["connector-erp", "planner", "storefront", "portal"],
  "Mutation.requestTransfer": ["portal", "planner"],
  "Mutation.approveTransfer": ["planner", "supervisor", "manager", "controller"],
  "Mutation.rejectTransfer": ["planner", "supervisor", "manager", "controller"],
  // A portal only what it asked for itself: `commands/decide-transfer.ts`.
  "Mutation.cancelTransfer": ["portal", "planner", "supervisor", "manager", "controller"],
  "Mutation.closeTransfer": ["planner", "supervisor", "manager", "controller"],
  "Mutation.resolveTransferDiscrepancy": ["manager", "controller"],
};

export const notes: AccessNotes = {
  "Mutation.saveLocations": "no token that names accounts",
  "Location.accounts": "a token that names accounts sees its own",
  "Mutation.approveTransfer": "above the value limit somebody else than who asked for it",
  "Mutation.cancelTransfer": "a portal only what it asked for itself",
  "Mutation.resolveTransferDiscrepancy": "somebody else than who shipped or received any of it",
};
