/**
 * What is asked for again is worth keeping; most questions are asked once.
 *
 * Remembers texts for at least one span of time and less than two, and no more of them than it has room for: who is
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
  /** Has it been here not long ago? From now on it has. */
  knows(text: string): boolean;
}

export function createDoorkeeper({ clock, spanMs, lengthMax }: DoorkeeperParts): Doorkeeper {
  let [current, before] = [new Set<string>(), new Set<string>()];
  let length = 0;
  let endsAtMs = clock.now() + spanMs;

  function turn(nowMs: number): void {
    // Nobody came for a whole span: what was before is too long ago.
    before = nowMs < endsAtMs + spanMs ? current : new Set();
    current = new Set();
    length = 0;
    endsAtMs = nowMs + spanMs;
  }

  return {
    knows(text) {
      const nowMs = clock.now();
      if (nowMs >= endsAtMs || length > lengthMax) turn(nowMs);
      if (current.has(text)) return true;
      current.add(text);
      length += text.length;
      return before.has(text);
    },
  };
}
