/**
 * Caches on, eight readers and two writers at two gateways: no reply older than promised, none that goes back for one
 * reader, none that equals no committed state.
 *
 * How long is set from outside (SECONDS): a look in the suite, two minutes when somebody asks for it.
 */
import { beforeAll, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { partitionKey } from "../../shared/ids.ts";
import { isLongRun, lineOf, range, reserveStock, secondCount, stockUp } from "../helpers/rush.ts";
import { eachTarget, type Target } from "../helpers/target.ts";
import { committedStates, judge, type Seen } from "../helpers/truth.ts";

const skus = range(200).map((i) => `TRUE-${i}`);
const places = ["L", "M"];
const stocks = skus.flatMap((sku) => places.map((place) => lineOf(sku, 100_000, place)));
const readers = 8;
const writers = 2;
/** What P10 promises: no reply is older, however unlucky. */
const staleMsMax = 1_000;

/** Both arrangements when somebody asks for more than a look; the one with everything kept in any case. */
const arrangements = isLongRun ? [true, false] : [true];

for (const mounted of arrangements) {
  eachTarget(
    mounted ? "answers of a gateway with availability in its process" : "answers of a gateway before availability",
    (target) => {
      let token = "";
      beforeAll(async () => {
        token = await target().token("web-shop", ["storefront"]);
        await stockUp(target(), stocks);
      }, 120_000);

      it(
        `are what was committed, never older than ${staleMsMax} ms, and never go back: ${secondCount} s`,
        async ({ annotate }) => {
          const untilMs = systemClock.now() + secondCount * 1_000;
          const seen: Seen[][] = range(readers).map(() => []);
          let writes = 0;
          await Promise.all([
            ...range(readers).map((reader) => readUntil(target(), untilMs, reader, seen[reader] as Seen[])),
            ...range(writers).map(async (writer) => {
              writes += await writeUntil(target(), untilMs, token, writer);
            }),
          ]);
          const { invented, backwards, staleMs } = judge(seen.flat(), await committedStates(target().config));
          const stalest = [...staleMs].sort((a, b) => a - b);
          const p99 = stalest[Math.ceil(stalest.length * 0.99) - 1] ?? 0;
          await annotate(
            `${seen.flat().length} rows read, ${writes} writes; ${stalest.length} rows replaced when asked for, ` +
              `p99 ${p99} ms, longest ${stalest.at(-1) ?? 0} ms`,
          );
          expect({ invented: invented.slice(0, 5), backwards: backwards.slice(0, 5) }).toEqual({
            invented: [],
            backwards: [],
          });
          expect(stalest.at(-1) ?? 0).toBeLessThanOrEqual(staleMsMax);
          expect(writes).toBeGreaterThan(0);
        },
        60_000 + secondCount * 2_000,
      );
    },
    ["processes"],
    { gateways: 2, mounted },
  );
}

const question = `query ($skus: [ID!]!, $places: [ID!]!) {
  availability(skus: $skus, locationIds: $places) { sku locationId net version } }`;

interface Row {
  readonly sku: string;
  readonly locationId: string;
  readonly net: number | null;
  readonly version: number;
}

/** Always at the same gateway, with questions of which some come again and again. */
async function readUntil({ urls, client }: Target, untilMs: number, reader: number, seen: Seen[]): Promise<void> {
  const gateway = client(undefined, urls[reader % urls.length]);
  for (let i = 0; systemClock.now() < untilMs; i++) {
    const from = i % 3 === 0 ? 0 : (i * 7) % skus.length;
    const sentAtMs = systemClock.now();
    const asked = { skus: skus.slice(from, from + 5), places };
    const { availability } = await gateway.request<{ availability: Row[] }>(question, asked);
    for (const { sku, locationId, net, version } of availability) {
      seen.push({ reader, sentAtMs, key: partitionKey(sku, locationId), version, net });
    }
  }
}

/** Several at once for one position, so that one commits while the change before is being read; then another's turn. */
async function writeUntil({ urls, client }: Target, untilMs: number, token: string, writer: number): Promise<number> {
  const clients = urls.map((url) => client(token, url));
  let writes = 0;
  for (let burst = writer; systemClock.now() < untilMs; burst += writers) {
    // Each position seldom: what is wrong about it stays long enough to be seen.
    const sku = skus[(burst * 7) % skus.length] as string;
    const place = places[Math.floor(burst / skus.length) % places.length];
    await Promise.all(
      range(4).map((i) => {
        const input = { idempotencyKey: `${writer}-${writes + i}`, lines: [lineOf(sku, 1, place)] };
        return clients[i % clients.length]?.request(reserveStock, { input });
      }),
    );
    writes += 4;
  }
  return writes;
}
