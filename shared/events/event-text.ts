/**
 * Events and their JSON texts: each is made from the other at most once while it is on its way through this process.
 *
 * An event is written into the outbox and into the stream with the same text, and every reader of the stream in this
 * process gets the same event, which nobody changes. What has been forgotten is simply made again.
 */
import { createRecent } from "../recent.ts";
import type { AnyEvent } from "./canonical-event.ts";

const texts = new WeakMap<AnyEvent, string>();

export function textOf(event: AnyEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    text = JSON.stringify(event);
    texts.set(event, text);
  }
  return text;
}

export interface EventTexts {
  remember(event: AnyEvent): void;
  eventOf(text: string): AnyEvent;
}

/** Remembers at least `max` of those that were read or published last. */
export function createEventTexts(max: number): EventTexts {
  const known = createRecent<string, AnyEvent>(max);
  return {
    remember: (event) => known.set(textOf(event), event),
    eventOf(text) {
      const before = known.get(text);
      if (before) return before;
      const event = JSON.parse(text) as AnyEvent;
      texts.set(event, text);
      known.set(text, event);
      return event;
    },
  };
}
