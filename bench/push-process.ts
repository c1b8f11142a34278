/**
 * The subscribers' process: many sockets, one subscription each, and when what arrived.
 *
 * Started by `scenarios/push.ts` with a `PushJob` as its first line of stdin. Says `ready` when every socket has had its
 * first message; the second line of stdin ends it, and it answers with the arrivals. Reconnects nobody: a socket that
 * is cut has lost what it did not get.
 */
import { createInterface } from "node:readline";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { systemClock } from "../shared/clock.ts";
import type { Arrivals } from "./arrivals.ts";

export interface PushJob {
  readonly url: string;
  /** What each socket subscribes to. */
  readonly skus: readonly string[];
  /** Of different persons, who take turns: one alone may not open so many sockets. */
  readonly tokens: readonly string[];
  /** Of documents whose changes are not counted. */
  readonly warmUpPrefix: string;
}

interface Message {
  readonly stockChanged: { readonly cause: { readonly document: { readonly id: string } | null } };
}

const subscription = `subscription Push($skus: [ID!]) {
  stockChanged(skus: $skus) {
    cursor availability { sku locationId availableToSell } cause { document { id } }
  }
}`;

const socketsOpenedAtOnce = 20;

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const job = JSON.parse((await input.next()).value) as PushJob;
const arrivals = subscribeAll(job, () => process.stdout.write("ready\n"));
await input.next();
process.stdout.write(`${JSON.stringify(arrivals)}\n`, () => process.exit(0));

function subscribeAll({ url, skus, tokens, warmUpPrefix }: PushJob, ready: () => void): Arrivals {
  const found: Record<string, number[]> = {};
  let silent = skus.length;
  let ended = 0;

  function listen(sku: string, token: string, connected: () => void): void {
    const seen = new Set<string>();
    const next = ({ data }: { data?: Message | null }) => {
      const id = data?.stockChanged.cause.document?.id;
      // A change may be told more than once, when others follow from it: the first counts.
      if (id === undefined || seen.has(id)) return;
      if (seen.size === 0 && --silent === 0) ready();
      seen.add(id);
      if (id.startsWith(warmUpPrefix)) return;
      found[id] ??= [];
      found[id].push(systemClock.now());
    };
    const error = (reason: unknown) => {
      // One line for all of them: they end for the same reason.
      if (ended++ === 0) process.stderr.write(`subscriptions ended: ${reasonOf(reason)}\n`);
      connected();
    };
    const client = createClient({
      url: url.replace(/^http/, "ws"),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${token}` },
      on: { connected },
    });
    client.subscribe<Message>({ query: subscription, variables: { skus: [sku] } }, { next, error, complete: () => {} });
  }

  /** So many at once: a server that is busy with a thousand handshakes would turn the last ones away. */
  async function listenAll(): Promise<void> {
    for (let from = 0; from < skus.length; from += socketsOpenedAtOnce) {
      const some = skus.slice(from, from + socketsOpenedAtOnce);
      const opened = some.map((sku, i) => {
        const token = tokens[(from + i) % tokens.length] as string;
        return new Promise<void>((resolve) => listen(sku, token, resolve));
      });
      await Promise.all(opened);
    }
  }
  void listenAll();
  return found;
}

/** A closed socket, refused operations, or no connection. */
function reasonOf(reason: unknown): string {
  const { code, reason: words, message } = reason as { code?: number; reason?: string; message?: string };
  return Array.isArray(reason)
    ? JSON.stringify(reason).slice(0, 500)
    : [code, words, message].filter(Boolean).join(" ");
}
