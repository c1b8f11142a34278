/**
 * P5: a thousand sockets, ten on each of a hundred items, while two hundred changes a second are committed.
 *
 * Counted from the mutation's reply, which is after its COMMIT, until a socket has the message. No socket
 * may lose a change of its item. Needs a gateway with subscriptions: where the schema has none, it says so.
 */
import { createInterface } from "node:readline";
import { isoTime, systemClock } from "../../shared/clock.ts";
import { type Arrivals, type Change, toldOf } from "../arrivals.ts";
import { ask } from "../ask.ts";
import { type Child, startChild } from "../children.ts";
import { locationsOf, skuAt } from "../data/data-set.ts";
import type { PushJob } from "../push-process.ts";
import { type Bench, type Measurement, type Scenario, unmeasured } from "../scenario.ts";
import { percentile } from "../verdict.ts";

export const push: Scenario = { name: "push", goal: "P5", run };

const socketsAsked = 1_000;
const personsCount = 20;
const itemsCount = 100;
/** At 20 requests a second: 200 changes. */
const changesAsked = 10;
const requestsPerSecond = 20;
const warmUpPrefix = "warm-up-";
const settleMs = 5_000;
const readyMs = 60_000;

async function run(bench: Bench): Promise<Measurement> {
  const world = await bench.world();
  const program = await world.startGateway();
  let child: Child | undefined;
  try {
    if (!(await hasSubscriptions(program.url))) return unmeasured("no subscriptions in this build");
    const headers = { authorization: `Bearer ${await world.token("warehouse", ["connector-wms"])}` };
    const send = createWriter(program.url, headers);
    const socketsPerItem = Math.ceil((socketsAsked / itemsCount) * bench.crowd);
    const tokens = await Promise.all(
      Array.from({ length: personsCount }, (_, i) => world.token(`subscriber-${i}`, ["crm"])),
    );
    child = startSubscribers({ url: program.url, skus: skusOf(socketsPerItem * itemsCount), tokens, warmUpPrefix });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ready = lines.next();
    await warmUp(send, ready);

    const changes = await changeFor(bench.seconds, Math.ceil(changesAsked * bench.crowd), send);
    await pause(settleMs);
    child.stdin.write("stop\n");
    const arrivals = JSON.parse((await lines.next()).value ?? "{}") as Arrivals;
    return { ...summarise(changes, arrivals, socketsPerItem), reduced: bench.crowd < 1 };
  } finally {
    child?.kill();
    await program.terminate();
  }
}

async function hasSubscriptions(url: string): Promise<boolean> {
  const query = "{ __schema { subscriptionType { fields { name } } } }";
  const { subscriptionType } = JSON.parse(await ask(url, JSON.stringify({ query }))).data.__schema as {
    subscriptionType: { fields: { name: string }[] } | null;
  };
  return subscriptionType?.fields.some(({ name }) => name === "stockChanged") === true;
}

/** What each socket subscribes to: the items in turn. */
function skusOf(sockets: number): string[] {
  return Array.from({ length: sockets }, (_, i) => skuAt(i % itemsCount));
}

function startSubscribers(job: PushJob): Child {
  const child = startChild("./push-process.ts");
  child.stdin.write(`${JSON.stringify(job)}\n`);
  return child;
}

/** Sends one more unit of each of these items, each as a document of its own; resolves when they are committed. */
type Write = (indexes: readonly number[], documentIds: readonly string[]) => Promise<void>;

function createWriter(url: string, headers: Readonly<Record<string, string>>): Write {
  const query = `mutation Change($input: RecordStockEventsInput!) {
    recordStockEvents(input: $input) { results { status } userErrors { code message } }
  }`;
  return async (indexes, documentIds) => {
    const events = indexes.map((index, i) => ({
      id: documentIds[i],
      type: "ADJUSTMENT",
      sku: skuAt(index),
      locationId: locationsOf(index)[0],
      quantity: 1,
      reasonCode: "FOUND",
      occurredAt: isoTime(systemClock.now()),
      documentRef: { type: "COUNT", id: documentIds[i] },
    }));
    const variables = { input: { idempotencyKey: documentIds[0], events } };
    const reply = await ask(url, JSON.stringify({ query, variables }), headers);
    if (reply.includes('"REJECTED"')) throw new Error(`a change was not accepted: ${reply.slice(0, 500)}`);
  };
}

/** A subscription is not acknowledged: every item changes again until every socket has heard of it. */
async function warmUp(send: Write, ready: Promise<unknown>): Promise<void> {
  let isReady = false;
  ready.then(() => {
    isReady = true;
  });
  const untilMs = systemClock.now() + readyMs;
  const items = Array.from({ length: itemsCount }, (_, i) => i);
  for (let round = 0; !isReady; round++) {
    if (systemClock.now() > untilMs) throw new Error(`not every socket has had a message within ${readyMs} ms`);
    await send(
      items,
      items.map((i) => `${warmUpPrefix}${round}-${i}`),
    );
    await pause(1_000);
  }
}

/** What was committed, in that order as far as its writer knows. At a fixed rate: a slow answer slows nothing. */
async function changeFor(seconds: number, perRequest: number, send: Write): Promise<Change[]> {
  const changes: Change[] = [];
  const requests: Promise<void>[] = [];
  const startedMs = systemClock.now();
  for (let i = 0; i < seconds * requestsPerSecond; i++) {
    const items = Array.from({ length: perRequest }, (_, k) => (i * perRequest + k) % itemsCount);
    const documentIdOf = (item: number) => `change-${i}-${item}`;
    const done = send(items, items.map(documentIdOf)).then(() => {
      const committedMs = systemClock.now();
      changes.push(...items.map((item) => ({ documentId: documentIdOf(item), item, committedMs })));
    });
    // All are waited for at the end; one that fails before is not unhandled.
    done.catch(() => {});
    requests.push(done);
    await pause(startedMs + ((i + 1) * 1_000) / requestsPerSecond - systemClock.now());
  }
  await Promise.all(requests);
  return changes;
}

function summarise(changes: readonly Change[], arrivals: Arrivals, socketsPerItem: number): Measurement {
  const { lagsMs, skipped, lost } = toldOf(changes, arrivals, socketsPerItem);
  if (lagsMs.length === 0) return unmeasured("no message arrived");
  return {
    figure: percentile(lagsMs, 0.99),
    ratios: {},
    also: { p50Ms: percentile(lagsMs, 0.5), messages: lagsMs.length, skipped, lost },
    notes: skipped === 0 ? [] : ["skipped: not told, because a later change of the same item was"],
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
