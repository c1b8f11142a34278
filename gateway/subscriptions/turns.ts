/**
 * A bounded number of executions at a time, in the order they were asked for.
 *
 * An execution that fails gives its turn back like any other. Does not bound how many wait: whoever asks sees to that.
 */
export interface Turns {
  take<T>(work: () => Promise<T>): Promise<T>;
}

export function createTurns(atOnceMax: number): Turns {
  const waiting: (() => void)[] = [];
  let free = atOnceMax;
  return {
    async take(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        // Whoever is next takes this one's place.
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
