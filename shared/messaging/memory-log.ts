/**
 * The log of a topic inside one process: the last events of each partition, and whoever waits for the next.
 *
 * Lives as long as the process; its epoch is new with every start, so that no cursor of an earlier life is believed.
 */
import { randomUUID } from "node:crypto";
import { AppError } from "../errors.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import { limits } from "../limits.ts";
import type { LogPosition } from "../log-cursor.ts";
import type { EventLog, LogEntry } from "./bus.ts";

export interface MemoryLog extends EventLog {
  append(partition: number, event: AnyEvent): void;
  /** Whoever waits is told that nothing came. */
  close(): void;
}

interface Partition {
  /** How many entries were ever added; the last of them has this number. */
  added: number;
  entries: LogEntry[];
}

export function createMemoryLog(partitionCount: number, entriesMax: number = limits.memoryLogMax): MemoryLog {
  const epoch = randomUUID();
  const partitions = Array.from({ length: partitionCount }, (): Partition => ({ added: 0, entries: [] }));
  const waiting = new Set<() => void>();
  let closed = false;

  function wake(): void {
    for (const resolve of [...waiting]) resolve();
  }

  /** Resolves when something comes, or after a while. */
  function movement(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(end, limits.logBlockMs);
      function end() {
        clearTimeout(timer);
        waiting.delete(end);
        resolve();
      }
      waiting.add(end);
    });
  }

  /** How many entries each partition has after `from`. Fails with RESYNC_REQUIRED. */
  function behind(from: LogPosition): number[] {
    if (from.epoch !== epoch || from.ids.length !== partitionCount) throw new AppError("RESYNC_REQUIRED");
    return partitions.map(({ added, entries }, i) => {
      const missing = added - Number((from.ids[i] ?? "").split("-")[0]);
      if (missing < 0 || missing > entries.length) throw new AppError("RESYNC_REQUIRED");
      return missing;
    });
  }

  function read(from: LogPosition, countMax: number): LogEntry[] {
    return behind(from).flatMap((missing, i) => {
      const { entries } = partitions[i] as Partition;
      const start = entries.length - missing;
      return entries.slice(start, start + countMax);
    });
  }

  return {
    append(partition, event) {
      const log = partitions[partition] as Partition;
      log.added += 1;
      log.entries.push({ partition, id: `${log.added}-0`, event });
      // In larger pieces: to move the whole array for every event would cost more than the event.
      if (log.entries.length >= entriesMax + limits.consumerBatchMax) log.entries = log.entries.slice(-entriesMax);
      wake();
    },
    end: async () => ({ epoch, ids: partitions.map(({ added }) => `${added}-0`) }),
    check: async (position) => {
      behind(position);
    },
    read: async (from, countMax) => read(from, countMax),
    async next(from, countMax) {
      const entries = read(from, countMax);
      if (entries.length > 0 || closed) return entries;
      await movement();
      return read(from, countMax);
    },
    close() {
      closed = true;
      wake();
    },
  };
}
