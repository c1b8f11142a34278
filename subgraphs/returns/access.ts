/**
 * Who may use which field of `returns`.
 *
 * Reading is for any person who has shown a token: returns name orders, and orders are nobody else's business.
 */
import type { AccessNotes, AccessTable } from "../../shared/access.ts";

export const access: AccessTable = {
  "Query.return": "person",
  "Query.returns": "person",
  "Query.returnsAuditChain": ["auditor"],
  "StockPosition.returns": "person",
  "Mutation.authorizeReturn": ["returns-desk", "storefront", "portal"],
  "Mutation.receiveReturn": ["returns-desk", "warehouse"],
  "Mutation.inspectReturn": ["returns-desk"],
  "Mutation.proposeDisposition": ["returns-desk"],
  "Mutation.approveDisposition": ["supervisor", "manager", "controller"],
  "Mutation.rejectDisposition": ["supervisor", "manager", "controller"],
};

const anotherPerson = "somebody else than who proposed it";

export const notes: AccessNotes = {
  "Mutation.approveDisposition": anotherPerson,
  "Mutation.rejectDisposition": anotherPerson,
};
