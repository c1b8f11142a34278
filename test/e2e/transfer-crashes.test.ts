/**
 * A crash between any two steps of a transfer delays the next one and loses nothing: what was committed is in an
 * outbox, and is told when its system is there again.
 */
import { afterAll, describe, expect, it } from "vitest";
import type { SystemName } from "../../shared/config.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createMemoryBus } from "../../shared/messaging/memory-bus.ts";
import { expectNothingBridged, expectSettled } from "../helpers/conservation.ts";
import { createScratch } from "../helpers/databases.ts";
import { eachTarget, openEmbedded, type Target } from "../helpers/target.ts";
import { openTown, type TransferTown } from "../helpers/transfers.ts";

interface Step {
  /** Whose commit it is. */
  readonly owner: SystemName;
  /** Who follows it. */
  readonly follower: SystemName;
  readonly status: string;
  run(town: TransferTown, id: string): Promise<{ readonly userErrors: readonly object[] }>;
}

const moved = (town: TransferTown, id: string, quantity: number) => ({
  transferId: id,
  lines: [{ sku: town.sku, quantity }],
});

const steps: readonly Step[] = [
  {
    owner: "erp",
    follower: "wms",
    status: "APPROVED",
    run: (town, id) => town.as("petra", "approveTransfer", { id }),
  },
  {
    owner: "wms",
    follower: "erp",
    status: "SHIPPED",
    run: (town, id) => town.as("sam", "shipTransfer", moved(town, id, 10)),
  },
  {
    owner: "wms",
    follower: "erp",
    status: "DISCREPANT",
    run: (town, id) => town.as("rosa", "receiveTransfer", moved(town, id, 7)),
  },
  {
    owner: "erp",
    follower: "wms",
    status: "PARTIALLY_RECEIVED",
    run: (town, id) => town.as("mona", "resolveTransferDiscrepancy", { id, resolution: "NOT_SHIPPED" }),
  },
  { owner: "erp", follower: "wms", status: "CLOSED", run: (town, id) => town.as("petra", "closeTransfer", { id }) },
];

async function requested(town: TransferTown): Promise<string> {
  const lines = [{ sku: town.sku, quantity: 10 }];
  const request = { originId: town.from, destinationId: town.to, lines };
  return (await town.as("paula", "requestTransfer", request)).transferOrder?.id ?? "";
}

async function expectArrived(target: Target, town: TransferTown): Promise<void> {
  await target.eventually(async () => {
    expect(await town.end(town.from)).toMatchObject({ ats: 23, onHand: 23, book: 23, committed: 0 });
    expect(await town.end(town.to)).toMatchObject({ onHand: 7, dock: 7, book: 7, toCome: 0 });
  });
  await target.eventually(() => expectSettled(target));
  await target.eventually(() => expectNothingBridged(target));
}

eachTarget(
  "processes that are killed between the steps of a transfer",
  (target) => {
    for (const victim of ["owner", "follower"] as const) {
      it(`each step goes on when its ${victim} is there again`, async () => {
        const town = await openTown(target, `KILL-${victim}`, 30);
        const id = await requested(town);
        for (const step of steps) {
          const dies = step[victim];
          if (victim === "follower") await target().processes?.kill(dies);
          // Who has just come back may not have heard of the transfer yet, and says so.
          await target().eventually(async () => {
            expect(await step.run(town, id)).toMatchObject({ userErrors: [] });
          });
          if (victim === "owner") await target().processes?.kill(dies);
          await target().processes?.restart(dies);
          await target().eventually(async () => expect(await town.transfer(id)).toMatchObject({ status: step.status }));
        }
        await expectArrived(target(), town);
      }, 120_000);
    }
  },
  ["processes"],
  { apart: true },
);

describe("the system in one process that stops after every commit", () => {
  const scratch = createScratch("sqlite", { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
  let target: Target | undefined;
  afterAll(async () => {
    await target?.stop();
    await scratch.remove();
  });

  it("tells after the restart what it had committed before", async () => {
    let powered = true;
    const start = async () => {
      const bus = createMemoryBus();
      const publish: typeof bus.publish = (topic, events) =>
        powered ? bus.publish(topic, events) : Promise.reject(new Error("the power is gone"));
      target = await openEmbedded(scratch.config, { log: silentLogger, bus: { ...bus, publish } });
      return target;
    };
    const here = () => {
      if (!target) throw new Error("the system has not started");
      return target;
    };
    await start();
    const town = await openTown(here, "STOP", 30);
    const id = await requested(town);
    for (const step of steps) {
      await here().eventually(() => {});
      powered = false;
      expect(await step.run(town, id)).toMatchObject({ userErrors: [] });
      await here().stop();
      powered = true;
      await start();
      await here().eventually(async () => expect(await town.transfer(id)).toMatchObject({ status: step.status }));
    }
    await expectArrived(here(), town);
  }, 60_000);
});
