/**
 * So many at once, the others in the order they came.
 *
 * Work that fails gives its turn back like any other. Does not bound how many wait: whoever asks sees to that.
 */
export interface Turns {
  /** Runs `work` when it is its turn. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** How many wait. */
  readonly waiting: number;
}

export function createTurns(atOnceMax: number): Turns {
  const line: (() => void)[] = [];
  let free = atOnceMax;
  return {
    get waiting() {
      return line.length;
    },
    async take(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => line.push(resolve));
      try {
        return await work();
      } finally {
        // Whoever is next takes this one's place.
        const next = line.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
