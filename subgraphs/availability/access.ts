/**
 * Who may use which field of `availability`.
 *
 * Which channels a caller may ask for is decided per question, in `answers.ts`; whose reservation is whose, in
 * `domain/reservation.ts`.
 */
import type { AccessNotes, AccessTable } from "../../shared/access.ts";

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
  "Query.policyInForce": policyReaders,
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

const channelCovered = "a channel that is not public only where the token covers it";

const ownReservation = "only their own reservations, of channels the token covers; planners any";

export const notes: AccessNotes = {
  "Query.policyInForce": "null for a token that names accounts",
  "ChannelPolicy.effect": "null for a token that names accounts",
  "Query.availability": channelCovered,
  "Query.promise": channelCovered,
  "Query.channels": "lists the channels that the caller may ask for",
  "Query.reservation": "others' reservations only for planner and auditor; null for everybody else",
  "Subscription.stockChanged": channelCovered,
  "Mutation.reserveStock": "only for channels the token covers",
  "Mutation.confirmReservation": ownReservation,
  "Mutation.releaseReservation": `${ownReservation}; a confirmed one only planners`,
  "Mutation.approveChannelPolicy": "somebody else than who proposed it",
};
