/**
 * Subscribers by what they share: one execution per event for all with the same document, variables and audience.
 *
 * Whoever joins while being brought up to date is held: what comes meanwhile waits beside the queue. Does not know where
 * events come from.
 */
import type { LoggedEvent, OperationResult } from "../../shared/graphql/execute.ts";
import type { Identity } from "../../shared/identity.ts";
import type { Admission, SubscriptionRequest } from "./admission.ts";
import type { ChangeQueue, QueuedChange } from "./change-queue.ts";

export interface Member {
  readonly admission: Admission;
  readonly identity: Identity;
  readonly queue: ChangeQueue;
  /** What came while it was brought up to date; null: it goes to the queue at once. */
  held: QueuedChange[] | null;
}

/** For whoever is left of them when its turn comes. */
export type Execute = (
  request: SubscriptionRequest,
  identityOf: () => Identity | undefined,
  change: LoggedEvent,
) => Promise<OperationResult>;

export interface Groups {
  join(member: Member): void;
  leave(member: Member): void;
  /** Hands a change to everybody it concerns; the executions that this takes. */
  give(change: LoggedEvent, execute: Execute): Promise<OperationResult>[];
  /** Everybody's subscription ends with this error. */
  failAll(error: unknown): void;
}

export function createGroups(): Groups {
  const groups = new Map<string, { readonly admission: Admission; readonly members: Set<Member> }>();
  return {
    join(member) {
      const { admission } = member;
      const group = groups.get(admission.shareKey) ?? { admission, members: new Set() };
      groups.set(admission.shareKey, group);
      group.members.add(member);
    },
    leave(member) {
      const group = groups.get(member.admission.shareKey);
      group?.members.delete(member);
      if (group?.members.size === 0) groups.delete(member.admission.shareKey);
    },
    give(change, execute) {
      const results: Promise<OperationResult>[] = [];
      for (const { admission, members } of groups.values()) {
        if (!admission.matches(change.event)) continue;
        const result = execute(admission.request, () => members.values().next().value?.identity, change);
        results.push(result);
        for (const { held, queue } of members) {
          const queued = { position: change.event.partitionKey, result };
          if (held) held.push(queued);
          else queue.push(queued);
        }
      }
      return results;
    },
    failAll(error) {
      for (const { members } of groups.values()) for (const { queue } of members) queue.fail(error);
    },
  };
}
