/**
 * Work that is given up when it takes too long.
 *
 * The caller gets an answer in time whatever the work does; the work itself is told by the signal and may go on.
 */
import { AppError } from "../shared/errors.ts";

/** Fails with DEADLINE_EXCEEDED. */
export async function withinDeadline<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      // First the answer, then the abort: otherwise the work's own complaint about the abort would be the answer.
      reject(new AppError("DEADLINE_EXCEEDED", { message: `No answer within ${ms} ms.` }));
      controller.abort();
    }, ms);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
