/**
 * How long after a commit an answer shows it: a correction of stock, then the same question until the new figure is in.
 *
 * Counted from the moment the mutation's reply is in hand, which is after its COMMIT, until the slowest of the asked
 * gateways answers with it. One probe at a time, on a position that nothing else changes.
 */
import { isoTime, systemClock } from "../shared/clock.ts";
import { ask } from "./ask.ts";
import type { Place } from "./reservations.ts";

export interface Prober {
  /** Milliseconds until every reader has shown one more unit. Fails when one has not within a minute. */
  probe(): Promise<number>;
}

export interface ProbeOptions {
  readonly writer: string;
  readonly readers: readonly string[];
  readonly place: Place;
  readonly headers: Readonly<Record<string, string>>;
}

const patienceMs = 60_000;

const question = `query Seen($skus: [ID!]!, $locationIds: [ID!]) {
  availability(skus: $skus, locationIds: $locationIds) { net asOf }
}`;

const correction = `mutation Correct($input: RecordStockEventsInput!) {
  recordStockEvents(input: $input) { results { status code message } userErrors { code message } }
}`;

export async function createProber({ writer, readers, place, headers }: ProbeOptions): Promise<Prober> {
  const variables = { skus: [place.sku], locationIds: [place.locationId] };
  const body = JSON.stringify({ query: question, variables });
  let known = await netAt(writer, body);
  let probes = 0;

  async function shows(url: string, net: number): Promise<void> {
    const untilMs = performance.now() + patienceMs;
    while ((await netAt(url, body)) < net) {
      if (performance.now() > untilMs) throw new Error(`${url} does not show a change after ${patienceMs} ms`);
    }
  }

  return {
    async probe() {
      const id = `probe-${place.sku}-${++probes}`;
      const event = { id, type: "ADJUSTMENT", ...place, quantity: 1, reasonCode: "FOUND" };
      const input = { idempotencyKey: id, events: [{ ...event, occurredAt: isoTime(systemClock.now()) }] };
      const reply = await ask(writer, JSON.stringify({ query: correction, variables: { input } }), headers);
      if (!reply.includes('"ACCEPTED"')) throw new Error(`a correction was not accepted: ${reply}`);
      const committedMs = performance.now();
      known += 1;
      await Promise.all(readers.map((url) => shows(url, known)));
      return performance.now() - committedMs;
    },
  };
}

async function netAt(url: string, body: string): Promise<number> {
  const [answer] = JSON.parse(await ask(url, body)).data.availability as { net: number; asOf: string | null }[];
  if (!answer?.asOf) throw new Error(`${url} does not say as of when it answers`);
  return answer.net;
}
