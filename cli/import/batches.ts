/**
 * Lists → batches, and batches → a bounded number of requests in flight.
 *
 * Keeps the order inside a batch; promises nothing about the order of batches that are in flight together.
 */

/** Chunks of at most `size` items and, where `weightOf` is given, of at most `weightMax` unless one item alone is more. */
export function inChunks<T>(
  items: readonly T[],
  size: number,
  weightOf: (item: T) => number = () => 0,
  weightMax = 0,
): readonly (readonly T[])[] {
  const chunks: T[][] = [];
  let chunk: T[] = [];
  let weight = 0;
  for (const item of items) {
    const own = weightOf(item);
    if (chunk.length > 0 && (chunk.length === size || weight + own > weightMax)) {
      chunks.push(chunk);
      chunk = [];
      weight = 0;
    }
    chunk.push(item);
    weight += own;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** Runs `work` for every item, at most `inFlightMax` at once; fails with the first failure, when the rest has ended. */
export async function inParallel<T>(
  items: readonly T[],
  inFlightMax: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  let failed = false;
  const worker = async () => {
    for (const item of left) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(inFlightMax, items.length) }, worker));
  for (const result of ended) if (result.status === "rejected") throw result.reason;
}

/** Always the same lane for the same SKU, 0..lanes-1. */
export function laneOf(sku: string, lanes: number): number {
  let sum = 0;
  for (let i = 0; i < sku.length; i++) sum = (sum * 31 + sku.charCodeAt(i)) % 1_000_003;
  return sum % lanes;
}
