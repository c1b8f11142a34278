/**
 * When each tag was last dropped, counted in drops: may what was read at some moment still be kept?
 *
 * Bounded. A tag that has been forgotten counts as dropped at the moment of the last one that was forgotten, so the
 * answer is no whenever it is not known.
 */
export function createChangeMemory(tagsMax: number) {
  const droppedAt = new Map<string, number>();
  let sequence = 0;
  let everythingAt = 0;
  return {
    sequence: () => sequence,
    note(tags: readonly string[] | null): void {
      sequence += 1;
      if (tags === null) {
        droppedAt.clear();
        everythingAt = sequence;
      }
      for (const tag of tags ?? []) {
        droppedAt.delete(tag);
        droppedAt.set(tag, sequence);
      }
      for (const [oldest, at] of droppedAt) {
        if (droppedAt.size <= tagsMax) break;
        everythingAt = at;
        droppedAt.delete(oldest);
      }
    },
    /** Was one of these dropped after `begun`? */
    haveTouched(tags: readonly string[], begun: number): boolean {
      if (everythingAt > begun) return true;
      if (sequence === begun) return false;
      return tags.some((tag) => (droppedAt.get(tag) ?? 0) > begun);
    },
  };
}
