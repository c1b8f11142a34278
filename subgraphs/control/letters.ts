/**
 * What is told of dead letters: a view of all systems' letters, and exceptions over them.
 *
 * Letters that the same remedy settles are one exception; it is cleared when the last of them is settled. Tries nothing
 * again by itself: that is for the system whose letter it is.
 */
import type { Transaction } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { causeOf } from "../../shared/messaging/consumer.ts";
import type { Cause } from "../../shared/recorder.ts";
import { follow, type Letter, type LetterEvent } from "./domain/letter.ts";
import { type Change, openKeyOf } from "./exceptions.ts";
import { lockOpen } from "./store/exceptions.ts";
import { lockLetters, openTopics, saveLetters } from "./store/letters.ts";

/** Notes the letters, and says what that means for the queue of exceptions. */
export async function noteLetters(tx: Transaction, events: readonly AnyEvent[]): Promise<Change[]> {
  const news = events.filter(isAboutLetter);
  if (news.length === 0) return [];
  const letters = await lockLetters(
    tx,
    news.map(({ data }) => data.letterId),
  );
  const raised: Change[] = [];
  const settled = new Map<string, Cause>();
  for (const event of news) {
    const before = letters.get(event.data.letterId) ?? null;
    const after = follow(before, event);
    if (!after || after === before) continue;
    letters.set(after.id, after);
    const cause = causeOf("control", event);
    if (event.type === "letter.settled") settled.set(after.topic, cause);
    else {
      // What it waits for now may be another thing than before.
      if (before && before.topic !== after.topic) settled.set(before.topic, cause);
      if (event.data.raises) raised.push({ kind: "raise", finding: findingOf(after, event), cause });
    }
  }
  await saveLetters(tx, [...letters.values()]);
  return [...raised, ...(await cleared(tx, settled))];
}

function isAboutLetter(event: AnyEvent): event is AnyEvent & LetterEvent {
  return event.type === "letter.set.aside" || event.type === "letter.settled";
}

const topicOf = (subject: string) => ({ type: "DEAD_LETTER", subject }) as const;

function findingOf({ topic, sku, locationId, code, hint, correlationId }: Letter, { documentRef }: LetterEvent) {
  const about = { sku, locationId, quantity: null, document: documentRef, correlationId };
  return { ...topicOf(topic), ...about, hint: `${code}: ${hint}` };
}

/** Under the locks of the exceptions: of two last letters settled at once, the second sees the first. */
async function cleared(tx: Transaction, settled: ReadonlyMap<string, Cause>): Promise<Change[]> {
  if (settled.size === 0) return [];
  await lockOpen(
    tx,
    [...settled.keys()].map((subject) => openKeyOf(topicOf(subject))),
  );
  const open = await openTopics(tx, [...settled.keys()]);
  return [...settled].flatMap(([subject, cause]): Change[] =>
    open.has(subject) ? [] : [{ kind: "clear", topic: topicOf(subject), cause }],
  );
}
