/**
 * Who may use which field of `control`.
 *
 * What went wrong is for those who put it right, and for auditors; the story of an event names people, so it is for the
 * same.
 */
import type { AccessNotes, AccessTable } from "../../shared/access.ts";

const watchers = ["planner", "warehouse", "returns-desk", "supervisor", "manager", "controller", "auditor"] as const;

/** Those of them who change something. */
const handlers = ["planner", "warehouse", "returns-desk", "supervisor", "manager", "controller"] as const;

export const access: AccessTable = {
  "Query.exceptions": watchers,
  "Query.exception": watchers,
  "Query.exceptionPolicy": watchers,
  "Query.eventLineage": watchers,
  "Query.journalEvents": ["planner", "manager", "controller", "auditor"],
  "Query.replay": watchers,
  "Query.deadLetter": watchers,
  "Query.deadLetters": watchers,
  "Query.partnerMappings": watchers,
  "Query.reconciliation": watchers,
  "Query.reconciliationPolicy": watchers,
  "Query.varianceCase": watchers,
  "Query.varianceCases": watchers,
  "Query.kpis": watchers,
  "Query.auditTrail": ["auditor"],
  "Query.auditVerification": ["auditor"],
  "Query.controlAuditChain": ["auditor"],
  "Subscription.exceptionRaised": watchers,
  "Mutation.assignException": handlers,
  "Mutation.resolveException": handlers,
  "Mutation.setExceptionPolicy": ["manager", "controller"],
  "Mutation.replayEvents": ["planner", "supervisor", "manager", "controller"],
  "Mutation.redriveDeadLetters": ["planner", "supervisor", "manager", "controller"],
  "Mutation.savePartnerMappings": ["planner", "manager", "controller"],
  "Mutation.approveReplay": ["supervisor", "manager", "controller"],
  "Mutation.rejectReplay": ["supervisor", "manager", "controller"],
  "Mutation.startReconciliation": ["planner", "supervisor", "manager", "controller"],
  "Mutation.setReconciliationPolicy": ["manager", "controller"],
  "Mutation.requestRecount": handlers,
  "Mutation.proposeVarianceCorrection": handlers,
  "Mutation.decideVarianceCase": ["supervisor", "manager", "controller"],
};

const anotherPerson = "somebody else than who asked for it";

export const notes: AccessNotes = {
  "Mutation.approveReplay": anotherPerson,
  "Mutation.rejectReplay": anotherPerson,
  "Mutation.decideVarianceCase": "of the case's tier or above, and neither who proposed it nor who counted",
};
