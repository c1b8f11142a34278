/**
 * Requests under keys made from what they say, and a second try for items that came too early.
 *
 * The same input always has the same key, so a second run asks the same questions and gets the same answers. A refusal
 * is stored under its key; items refused because another system has not yet heard of their product or location are
 * therefore sent again under a new one.
 */
import { randomUUID } from "node:crypto";
import { canonicalHash } from "../../shared/canonical-json.ts";
import type { ApiClient } from "../../shared/graphql/client.ts";
import { type Mutation, type Outcome, outcomeOf, outcomesOf, send } from "./requests.ts";

const retryEveryMs = 1_000;
/** Over the whole run: a product that is refused for good must not make every batch wait. */
const retriesMax = 30;

export interface SenderOptions {
  readonly client: ApiClient;
  /** Part of every idempotency key. */
  readonly profile: string;
  readonly wait: (ms: number) => Promise<void>;
}

/** Outcomes in the order of the items; both fail as `ApiClient.request` does. */
export interface Sender {
  /** One input with a list of items under `member`. */
  list<I>(
    mutation: Mutation,
    member: string,
    idOf: (item: I) => string,
    items: readonly I[],
  ): Promise<readonly Outcome[]>;
  /** An input each, in one request. */
  documents(mutation: Mutation, documents: readonly object[]): Promise<readonly Outcome[]>;
}

export function createSender({ client, profile, wait }: SenderOptions): Sender {
  let retriesLeft = retriesMax;

  function keyed(mutation: Mutation, input: object, again: boolean) {
    const key = `import:${profile}:${mutation}:${canonicalHash(input).slice(0, 32)}`;
    return { idempotencyKey: again ? `${key}:${randomUUID()}` : key, ...input };
  }

  /** `attempt` until no item waits any more, or patience ends. */
  async function settle<I>(
    items: readonly I[],
    attempt: (items: readonly I[], again: boolean) => Promise<readonly Outcome[]>,
  ): Promise<readonly Outcome[]> {
    const outcomes = [...(await attempt(items, false))];
    for (;;) {
      const early = [...outcomes.keys()].filter((i) => mayStillArrive(outcomes[i]));
      if (early.length === 0 || retriesLeft === 0) return outcomes;
      retriesLeft -= 1;
      await wait(retryEveryMs);
      const answers = await attempt(
        early.map((i) => items[i] as I),
        true,
      );
      for (const [n, i] of early.entries()) outcomes[i] = answers[n] as Outcome;
    }
  }

  return {
    list: (mutation, member, idOf, items) =>
      settle(items, async (some, again) => {
        const [payload] = await send(client, mutation, [keyed(mutation, { [member]: some }, again)]);
        return payload ? outcomesOf(payload, some.map(idOf)) : [];
      }),
    documents: (mutation, documents) =>
      settle(documents, async (some, again) => {
        const inputs = some.map((document) => keyed(mutation, document, again));
        return (await send(client, mutation, inputs)).map(outcomeOf);
      }),
  };
}

/** Master data spreads by events; a request with the same key may be at work still. */
function mayStillArrive(outcome: Outcome | undefined): boolean {
  return (
    outcome?.status === "rejected" &&
    ["UNKNOWN_SKU", "UNKNOWN_LOCATION", "IDEMPOTENCY_IN_PROGRESS"].includes(outcome.code)
  );
}
