/**
 * The queue of exceptions as the facts of a recorded day make it, and how urgent what is in it is under each policy.
 *
 * What the facts alone raise and clear. What a person has settled is no fact: until a later one clears it, it is open
 * here. Silence of a system is none either.
 */
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { ProductReplica } from "../../shared/master-data.ts";
import { type ExceptionTopic, type ExceptionType, verdictOf } from "../../subgraphs/control/domain/exception.ts";
import type { ExceptionPolicy } from "../../subgraphs/control/domain/exception-policy.ts";
import { escalationLevelOf, rank, responsibleRoleOf } from "../../subgraphs/control/domain/ranking.ts";
import type { Both } from "./compare.ts";

export interface OpenException {
  readonly type: ExceptionType;
  readonly subject: string;
  readonly sku: string | null;
  readonly locationId: string | null;
  readonly quantity: number | null;
  readonly raisedAtMs: number;
}

export interface Queue {
  readonly exceptions: Map<string, OpenException>;
  /** Topics of open dead letters, by letter. */
  readonly letters: Map<string, string>;
}

export interface ExceptionDifference {
  readonly type: ExceptionType;
  readonly subject: string;
  readonly sku: string | null;
  readonly locationId: string | null;
  readonly priority: Both<number>;
  /** Who is to see to it, with what has been escalated by then. */
  readonly responsibleRole: Both<string>;
  /** RFC 3339. */
  readonly dueAt: Both<string>;
}

export function applyToQueue(queue: Queue, event: AnyEvent): void {
  const atMs = Date.parse(event.recordedAt);
  const { raised, cleared } = verdictOf(event);
  for (const finding of raised) raise(queue, finding, atMs);
  for (const topic of cleared) queue.exceptions.delete(keyOf(topic));
  if (event.type === "letter.set.aside") {
    const { letterId, topic, raises } = event.data;
    leave(queue, letterId, topic);
    queue.letters.set(letterId, topic);
    const { sku, locationId } = event;
    if (raises) raise(queue, { type: "DEAD_LETTER", subject: topic, sku, locationId, quantity: null }, atMs);
  } else if (event.type === "letter.settled") leave(queue, event.data.letterId, null);
}

/** Of those that are open at `nowMs`, those that the two policies rank, time or hand out differently. */
export function rerank(
  { exceptions }: Queue,
  products: ReadonlyMap<string, ProductReplica>,
  policies: Both<ExceptionPolicy>,
  nowMs: number,
): ExceptionDifference[] {
  return [...exceptions.values()].flatMap((open) => {
    const { type, subject, sku, locationId } = open;
    const under = (policy: ExceptionPolicy) => {
      const { priority, dueAtMs } = rank(policy, open, products.get(sku ?? "") ?? null, nowMs);
      const level = escalationLevelOf(policy, { ...open, escalationLevel: 0 }, nowMs);
      return { priority, dueAt: new Date(dueAtMs).toISOString(), role: responsibleRoleOf(policy, type, level) };
    };
    const [old, next] = [under(policies.before), under(policies.after)];
    if (old.priority === next.priority && old.dueAt === next.dueAt && old.role === next.role) return [];
    return [
      {
        ...{ type, subject, sku, locationId },
        priority: { before: old.priority, after: next.priority },
        responsibleRole: { before: old.role, after: next.role },
        dueAt: { before: old.dueAt, after: next.dueAt },
      },
    ];
  });
}

function raise({ exceptions }: Queue, finding: Omit<OpenException, "raisedAtMs">, atMs: number): void {
  const { type, subject, sku, locationId, quantity } = finding;
  const raisedAtMs = exceptions.get(keyOf(finding))?.raisedAtMs ?? atMs;
  exceptions.set(keyOf(finding), { type, subject, sku, locationId, quantity, raisedAtMs });
}

/** A letter waits for this no more: where none does, the exception is settled. */
function leave({ exceptions, letters }: Queue, letterId: string, next: string | null): void {
  const topic = letters.get(letterId);
  letters.delete(letterId);
  if (topic === undefined || topic === next || [...letters.values()].includes(topic)) return;
  exceptions.delete(keyOf({ type: "DEAD_LETTER", subject: topic }));
}

function keyOf({ type, subject }: ExceptionTopic): string {
  return `${type}|${subject}`;
}
