/**
 * A reply that was read before a change is not given to anybody who asks after it, however slowly it was made.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Gateway } from "../../gateway/gateway.ts";
import { positionTag } from "../../shared/cache/cache-tags.ts";
import { manualClock } from "../../shared/clock.ts";
import type { ResolverContext } from "../../shared/graphql/schema.ts";
import { limits } from "../../shared/limits.ts";
import { createMemoryLog } from "../../shared/messaging/memory-log.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type Gate, gate } from "../helpers/gate.ts";
import { ask, createTestSubgraph, startTestGateway, stopAll, testToken } from "../helpers/gateways.ts";

afterEach(stopAll);

const position = "a|WEST";
const question = "{ onHand }";

/** One number, read at once and answered when the test says so. */
async function openStock() {
  const log = createMemoryLog(2);
  const stock = { onHand: 1, reads: 0, slow: null as Gate | null };
  const names = ["Query.onHand", "Query.caller"];
  const resolvers = {
    Query: {
      onHand: async (_: unknown, __: unknown, { hints }: ResolverContext) => {
        stock.reads += 1;
        const { onHand, slow } = stock;
        hints.read(() => [positionTag(position)], 60_000);
        await slow?.opened;
        return onHand;
      },
      caller: async (_: unknown, __: unknown, { request }: ResolverContext) => {
        await stock.slow?.opened;
        return request.identity.person;
      },
    },
    Mutation: {
      ship: (_: unknown, __: unknown, { hints }: ResolverContext) => {
        stock.onHand -= 1;
        hints.changed([positionTag(position)]);
        return stock.onHand;
      },
    },
  };
  const sdl = "type Query { onHand: Int caller: String } type Mutation { ship: Int }";
  const local = createTestSubgraph(sdl, resolvers, undefined, new Set(names.slice(0, 1)));
  const clock = manualClock();
  // On whatever the suite is run with: these are tests of what is kept.
  const options = { changes: log, clock, cache: true, shortPath: true };
  const gateway = await startTestGateway([{ name: "stock", local }], options);
  const heardOfNow = () => expect.poll(() => gateway.hub()?.knownUpToMs()).toBe(clock.now());
  await heardOfNow();
  let seq = 0;
  return {
    stock,
    gateway,
    /** The change is committed, and the gateway has heard of it. */
    async change(onHand: number): Promise<void> {
      stock.onHand = onHand;
      seq += 1;
      const data = { version: seq, before: { version: seq - 1 }, after: { version: seq } } as never;
      log.append(
        0,
        canonicalEvent("availability", "availability.changed", position, seq, { data, sku: "a", locationId: "WEST" }),
      );
      await gateway.hub()?.caughtUp();
      // By then whoever answers has heard of it as well.
      clock.advance(limits.logSilenceMs);
      await heardOfNow();
    },
    slowDown(): Gate {
      stock.slow = gate();
      return stock.slow;
    },
  };
}

async function answer(gateway: Gateway): Promise<number> {
  return (await ask(gateway, question)).data.onHand;
}

/** Apollo Server has admitted the question, it was asked again, and its owner has said what the answer is made from. */
async function warmUp(gateway: Gateway): Promise<void> {
  for (let time = 1; time <= 3; time++) await answer(gateway);
}

function reads(stock: { reads: number }, count: number): Promise<void> {
  return expect.poll(() => stock.reads).toBe(count) as unknown as Promise<void>;
}

describe("a reply under way when something changes", () => {
  it("is not kept", async () => {
    const { stock, gateway, change, slowDown } = await openStock();
    await warmUp(gateway);
    await change(1);
    const slow = slowDown();
    const before = stock.reads;
    const first = answer(gateway);
    await reads(stock, before + 1);
    await change(2);
    stock.slow = null;
    slow.open();
    expect(await first).toBe(1);
    expect(await answer(gateway)).toBe(2);
    expect(gateway.cacheCounters?.refused).toBe(1);
  });

  it("is not given to who asked after the change, while it was still being made", async () => {
    const { stock, gateway, change, slowDown } = await openStock();
    await warmUp(gateway);
    await change(1);
    const slow = slowDown();
    const before = stock.reads;
    const first = answer(gateway);
    await reads(stock, before + 1);
    await change(2);
    stock.slow = null;
    const missed = gateway.cacheCounters?.misses ?? 0;
    const later = [answer(gateway), answer(gateway)];
    await expect.poll(() => gateway.cacheCounters?.misses).toBe(missed + 2);
    slow.open();
    expect(await first).toBe(1);
    expect(await Promise.all(later)).toEqual([2, 2]);
  });

  it("is one execution for all who ask meanwhile, if nothing changes", async () => {
    const { stock, gateway, change, slowDown } = await openStock();
    await warmUp(gateway);
    await change(3);
    const slow = slowDown();
    const before = stock.reads;
    const missed = gateway.cacheCounters?.misses ?? 0;
    const all = Array.from({ length: 20 }, () => answer(gateway));
    await expect.poll(() => gateway.cacheCounters?.misses).toBe(missed + 20);
    slow.open();
    expect(await Promise.all(all)).toEqual(Array(20).fill(3));
    expect(stock.reads).toBe(before + 1);
  });
});

describe("who has changed something", () => {
  it("reads it in the next answer, before any event of it has come", async () => {
    const { gateway, change } = await openStock();
    await warmUp(gateway);
    await change(5);
    expect([await answer(gateway), await answer(gateway)]).toEqual([5, 5]);
    expect((await ask(gateway, "mutation { ship }")).data).toEqual({ ship: 4 });
    expect(await answer(gateway)).toBe(4);
  });
});

describe("an answer about the caller", () => {
  it("is nobody else's, though they may see the same and ask at the same moment", async () => {
    const { gateway, slowDown } = await openStock();
    const people = ["ada", "bea", "cyd"];
    const askAs = async (person: string) => {
      const authorization = `Bearer ${await testToken(person, "planner")}`;
      return (await ask(gateway, "{ caller }", {}, { authorization })).data.caller;
    };
    for (const person of people) expect([await askAs(person), await askAs(person)]).toEqual([person, person]);
    const slow = slowDown();
    const all = people.map(askAs);
    slow.open();
    expect(await Promise.all(all)).toEqual(people);
  });
});
