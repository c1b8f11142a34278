/**
 * Is everything back? One unit more of one item, reported at any gateway, until every gateway's answer has it.
 *
 * It takes the whole way: command, outbox, relay, stream, the consumers of availability and of the ERP, position, book,
 * caches. Measured from when it is called.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Caller } from "./caller.ts";
import { record } from "./workload/actors.ts";
import { occurredAt, stage } from "./workload/stage.ts";
import { keysOf } from "./workload/traffic.ts";

export type Probe = () => Promise<{ readonly tookMs: number; readonly problem: string | null }>;

const backMs = 15_000;
const giveUpMs = 60_000;

interface Found {
  readonly stockPosition: {
    readonly book: { readonly onHand: number } | null;
    readonly availability: { readonly availableToSell: number | null; readonly confidence: string } | null;
  } | null;
}

export function createProbe(caller: Caller, gateways: number, seed: number): Probe {
  const nextKey = keysOf(`probe-${seed}`);
  let units = 0;

  async function knows(gateway: number): Promise<boolean> {
    const found = await caller.ask<Found>(
      "connector",
      `query ($sku: ID!) { stockPosition(sku: $sku, locationId: "WEST") {
         book { onHand } availability { availableToSell confidence } } }`,
      { sku: stage.probe },
      gateway,
    );
    const { book, availability } = found?.stockPosition ?? {};
    return book?.onHand === units && availability?.availableToSell === units && availability.confidence === "FRESH";
  }

  return async () => {
    const beganMs = performance.now();
    const tookMs = () => performance.now() - beganMs;
    units += 1;
    await record({ caller, nextKey }, [
      {
        id: nextKey(),
        type: "RECEIPT",
        toBucket: "UNRESTRICTED",
        sku: stage.probe,
        locationId: "WEST",
        quantity: 1,
        occurredAt,
      },
    ]);
    for (let gateway = 0; gateway < gateways; gateway++) {
      while (!(await knows(gateway))) {
        if (tookMs() > giveUpMs) return { tookMs: tookMs(), problem: `gateway ${gateway + 1} does not know it at all` };
        await wait(100);
      }
    }
    const took = tookMs();
    return { tookMs: took, problem: took > backMs ? `it took ${Math.round(took)} ms` : null };
  };
}
