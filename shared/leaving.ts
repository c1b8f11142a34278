/**
 * How a process that serves HTTP leaves without a failed request: it says so first, and goes on answering meanwhile.
 *
 * While it gives notice, `/readyz` says that it is stopping, so that whoever balances sends nothing new, and each answer
 * closes its connection. After it nothing new is let in, and requests under way end, or are cut in the end. Knows
 * nothing of what is served.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { FastifyInstance } from "fastify";

export interface Leaving {
  /** From the first moment of `giveNotice` on. */
  readonly hasBegun: boolean;
  /** Resolves when whoever balances has had the time to notice. */
  giveNotice(): Promise<void>;
  /** Resolves when every request under way has been answered, or has been cut after `drainMs`. */
  close(drainMs: number): Promise<void>;
}

/** Of an instance that does not listen yet, made with `return503OnClosing: false`: whoever is in is answered. */
export function prepareLeaving(http: FastifyInstance, noticeMs: number): Leaving {
  let hasBegun = false;
  http.addHook("onRequest", (_request, reply, done) => {
    if (hasBegun) reply.header("connection", "close");
    done();
  });
  return {
    get hasBegun() {
      return hasBegun;
    },
    async giveNotice() {
      hasBegun = true;
      // Where nobody listens yet there is nobody to tell.
      if (noticeMs > 0 && http.server.listening) await wait(noticeMs);
    },
    async close(drainMs) {
      hasBegun = true;
      const cut = setTimeout(() => http.server.closeAllConnections(), drainMs);
      // A connection kept alive by a request that has just finished would be waited for like one under way.
      const sweep = setInterval(() => http.server.closeIdleConnections(), 20);
      try {
        await http.close();
      } finally {
        clearTimeout(cut);
        clearInterval(sweep);
      }
    },
  };
}
