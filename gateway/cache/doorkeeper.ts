/**
 * What is asked for again is worth keeping; most questions are asked once.
 *
 * Remembers when a text was last here, for at least one span of time and no more of them than it has room for: who is
 * forgotten is new. Decides nothing about what may be kept.
 */
import type { Clock } from "../../shared/clock.ts";

export interface DoorkeeperParts {
  readonly clock: Clock;
  readonly spanMs: number;
  /** Of the texts of one span, in characters. */
  readonly lengthMax: number;
}

export interface Doorkeeper {
  /** Has it been here within the span? From now on it has. */
  knows(text: string): boolean;
}

export function createDoorkeeper({ clock, spanMs, lengthMax }: DoorkeeperParts): Doorkeeper {
  let [current, before] = [new Map<string, number>(), new Map<string, number>()];
  let length = 0;
  let endsAtMs = clock.now() + spanMs;

  function turn(nowMs: number): void {
    before = current;
    current = new Map();
    length = 0;
    endsAtMs = nowMs + spanMs;
  }

  return {
    knows(text) {
      const nowMs = clock.now();
      if (nowMs >= endsAtMs || length > lengthMax) turn(nowMs);
      const lastMs = current.get(text) ?? before.get(text);
      if (!current.has(text)) length += text.length;
      current.set(text, nowMs);
      return lastMs !== undefined && nowMs - lastMs <= spanMs;
    },
  };
}
