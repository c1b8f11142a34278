/**
 * A connection lost at each place that one change passes, once: every fact counts once, nothing is left over.
 *
 * The way is walked in this process, over a real server; that processes die there is `torture/`.
 */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { runCommand } from "../../shared/command.ts";
import { AppError } from "../../shared/errors.ts";
import { armFailpoint, failpointNames, passagesOfArmed } from "../../shared/failpoints.ts";
import { anonymous } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { eventually } from "../helpers/bus.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { count, openWire, type Wire } from "../helpers/messaging.ts";

/** The first commits are those of the command, of a claim, of its release, of the effect. */
const passages = failpointNames.flatMap((name) =>
  (name.includes("commit") ? [1, 2, 3, 4] : [1]).map((nth) => ({ name, nth })),
);

eachDatabase(
  "a change whose way breaks off",
  (makeKernel, kind) => {
    let wire: Wire;
    beforeAll(async () => {
      wire = await openWire(makeKernel, kind);
    });
    afterEach(async () => {
      armFailpoint(null);
      await wire.reset();
    });
    afterAll(() => wire.close());

    /** One receipt of the item, as a command; tried again under its key as a client would. */
    async function receive(sku: string): Promise<void> {
      const { publisher: db, clock } = wire;
      await runCommand(
        { system: "wms", db, clock, committed: () => {} },
        {
          operation: "receive",
          input: { idempotencyKey: sku },
          context: { identity: anonymous, correlationId: sku },
          refused: {},
          work: async (_tx, recorder) => {
            recorder.event({
              type: "receipt.recorded",
              sourceSeq: 1,
              partitionKey: `${sku}|L`,
              sku,
              locationId: "L",
              quantity: 1,
              toBucket: "dock",
              data: { deltas: { dock: 1 } },
            });
            return {};
          },
        },
      );
    }

    /** As a relay's rounds would, in another time. */
    async function publish(): Promise<void> {
      await wire.relay.flush().catch(() => {});
      wire.clock.advance(limits.relayClaimMs + 1);
      await wire.relay.flush();
    }

    it.each(passages)("at $name, passage $nth: it counts once", async ({ name, nth }) => {
      const fine = [1, 2, 3].map((n) => `FINE-${name}-${nth}-${n}`);
      const poison = [1, 2, 3].map((n) => `POISON-${name}-${nth}-${n}`);
      armFailpoint({ name, action: "error", nth });
      await wire.follow({
        async handle(tx, events) {
          await count(tx, events);
          if (events.some(({ sku }) => sku?.startsWith("POISON"))) throw new AppError("UOM_UNMAPPED");
        },
      });
      for (const sku of [...fine, ...poison]) {
        await receive(sku);
        await publish();
      }
      await eventually(async () => {
        await publish();
        expect(await wire.counted()).toEqual(Object.fromEntries(fine.map((sku) => [sku, 1])));
        expect(await wire.outbox()).toEqual({ done: 6 });
        expect(await letters()).toEqual(poison);
        expect(await seen()).toBe(6);
      });
      expect(passagesOfArmed()).toBeGreaterThanOrEqual(nth);
    });

    const letters = async () =>
      (await wire.follower.query<{ body: string }>("SELECT body FROM dead_letters"))
        .map(({ body }) => (JSON.parse(body) as { sku: string }).sku)
        .sort();
    const seen = async () =>
      Number((await wire.follower.query<{ n: number }>("SELECT COUNT(*) AS n FROM inbox"))[0]?.n);
  },
  ["mysql"],
);
