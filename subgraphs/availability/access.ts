/**
 * Who may use which field of `availability`.
 *
 * Which channels a caller may ask for is decided per question, in `answers.ts`; whose reservation is whose, in
 * `domain/reservation.ts`.
 */
import type { AccessTable } from "../../shared/access.ts";

const policyReaders = ["planner", "supervisor", "manager", "controller", "auditor"] as const;

const buyers = ["storefront", "portal", "crm"] as const;

export const access: AccessTable = {
  "Query.availability": "anyone",
  "Query.stockPosition": "anyone",
  "Query.stockPositions": "anyone",
  "Query.stockCursor": "anyone",
  "Query.promise": "anyone",
  "Query.channels": "anyone",
  "Query.channelPolicies": policyReaders,
  "ChannelPolicy.effect": policyReaders,
  "Query.reservation": [...buyers, "planner", "auditor"],
  "Query.availabilityAuditChain": ["auditor"],
  "Subscription.stockChanged": "anyone",
  "Mutation.reserveStock": buyers,
  "Mutation.confirmReservation": [...buyers, "planner"],
  "Mutation.releaseReservation": [...buyers, "planner"],
  "Mutation.setChannelPolicy": ["planner", "manager", "controller"],
  "Mutation.approveChannelPolicy": ["manager", "controller"],
};
