/**
 * The results of a subscription as the texts that leave on its socket.
 *
 * A result is made into text once, however many sockets get it: only the operation's own id differs. For the protocol's
 * library the subscription is one that hands out nothing and ends, or fails, when the queue does.
 */
import type { OperationResult } from "../../shared/graphql/execute.ts";
import type { ChangeQueue } from "./change-queue.ts";

/** Resolves when there is room for the next text. */
export type SendText = (text: string) => Promise<void>;

export function createWritten(queue: ChangeQueue, operationId: string, send: SendText): AsyncGenerator<never, void> {
  const head = `{"id":${JSON.stringify(operationId)},"type":"next","payload":`;
  const written: AsyncGenerator<never, void> = {
    async next() {
      for (;;) {
        const taken = await queue.next();
        if (taken.done) return taken;
        // The client has completed while the result was being made: nothing more may follow.
        if (!queue.ended) await send(`${head}${textOf(taken.value)}}`);
      }
    },
    async return() {
      await queue.return();
      return { done: true, value: undefined };
    },
    throw: async (error) => {
      await queue.return();
      throw error;
    },
    [Symbol.asyncIterator]: () => written,
  };
  return written;
}

const texts = new WeakMap<OperationResult, string>();

function textOf(result: OperationResult): string {
  let text = texts.get(result);
  if (text === undefined) {
    text = JSON.stringify(result);
    texts.set(result, text);
  }
  return text;
}
