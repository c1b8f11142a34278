/**
 * Subscribers by what they share: one execution per event for all with the same document, variables and audience.
 *
 * Groups are found by the item that changed, so that what a change costs does not grow with those who wait for other
 * items. Whoever joins while being brought up to date is held: what comes meanwhile waits beside the queue. Does not
 * know where events come from.
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
  /** How many there are, and how many changes wait for each member. */
  state(): { readonly groups: number; readonly queued: readonly number[] };
}

interface Group {
  readonly admission: Admission;
  readonly members: Set<Member>;
}

export function createGroups(): Groups {
  const groups = new Map<string, Group>();
  const items = createItemIndex();
  return {
    join(member) {
      const { admission } = member;
      const known = groups.get(admission.shareKey);
      if (known) return void known.members.add(member);
      const group = { admission, members: new Set([member]) };
      groups.set(admission.shareKey, group);
      items.add(group);
    },
    leave(member) {
      const group = groups.get(member.admission.shareKey);
      group?.members.delete(member);
      if (group?.members.size !== 0) return;
      groups.delete(member.admission.shareKey);
      items.remove(group);
    },
    give(change, execute) {
      const results: Promise<OperationResult>[] = [];
      for (const { admission, members } of items.groupsOf(change.event.sku)) {
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
    state() {
      const members = [...groups.values()].flatMap((group) => [...group.members]);
      return { groups: groups.size, queued: members.map(({ queue, held }) => queue.waiting + (held?.length ?? 0)) };
    },
  };
}

/** Groups by the items they name; those that name none are concerned by all. */
function createItemIndex() {
  const everyItem = new Set<Group>();
  const byItem = new Map<string, Set<Group>>();
  return {
    add(group: Group): void {
      const { skus } = group.admission;
      if (!skus) everyItem.add(group);
      for (const sku of skus ?? []) {
        const named = byItem.get(sku) ?? new Set();
        byItem.set(sku, named.add(group));
      }
    },
    remove(group: Group): void {
      everyItem.delete(group);
      for (const sku of group.admission.skus ?? []) {
        const named = byItem.get(sku);
        named?.delete(group);
        if (named?.size === 0) byItem.delete(sku);
      }
    },
    *groupsOf(sku: string | null): Generator<Group> {
      yield* everyItem;
      yield* (sku !== null && byItem.get(sku)) || [];
    },
  };
}
