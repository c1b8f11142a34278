/**
 * Story 7: each owner down in turn. ATS still answers as each channel's policy has it, says how much it can be relied
 * on and why; only the fields of the dead owner are null; nothing hangs; and nobody has to restart anything else when
 * the owner is back.
 */
import { expect, it } from "vitest";
import type { SystemName } from "../../shared/config.ts";
import { limits } from "../../shared/limits.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Reply {
  readonly data: {
    readonly stockPosition: Record<string, unknown> & { readonly availability: Record<string, unknown> };
  } | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

const drillDown = `{ stockPosition(sku: "OD-1", locationId: "OD-L") {
  availability { availableToSell confidence reason sources { system status ageMs } }
  book { onHand } physical { onHand } returns { quarantined } } }`;

/** A channel for each way to go on without a source: 30 on the shelf, 28 in the book, 4 held back. */
const modes = {
  LAST_KNOWN_BUFFERED: { availableToSell: 26, confidence: "DEGRADED" },
  MIN_OF_SOURCES: { availableToSell: 24, confidence: "DEGRADED" },
  FAIL_CLOSED: { availableToSell: 0, confidence: "DEGRADED" },
  ERROR: { availableToSell: null, confidence: "UNKNOWN" },
} as const;
const modeNames = Object.keys(modes) as (keyof typeof modes)[];

/** The answer for each of those channels, under the name of its mode. */
const byMode = `{ stockPosition(sku: "OD-1", locationId: "OD-L") { ${modeNames
  .map((mode) => `${mode}: availability(channel: "${mode}") { availableToSell confidence reason }`)
  .join(" ")} } }`;

/** `stockPosition`'s field that belongs to the owner, and how the owner is called in a reason. */
const owned = { erp: ["book", "ERP"], wms: ["physical", "WMS"], returns: ["returns", "Returns desk"] } as const;

eachTarget(
  "with one owner down",
  (target) => {
    it("is prepared: a position, and a policy that calls a source stale after a second and a half", async () => {
      await prepare(target());
      await target().eventually(async () => {
        const { data, errors } = await ask(target(), drillDown);
        expect(errors).toBeUndefined();
        expect(data?.stockPosition).toMatchObject({
          availability: { availableToSell: 30, confidence: "FRESH", reason: null },
          book: { onHand: 28 },
          physical: { onHand: 30 },
          returns: { quarantined: 0 },
        });
      });
    });

    it.each(["erp", "wms", "returns"] as const)(
      "%s: the answer stays, its own field is null, and it recovers",
      async (owner) => {
        const { processes, eventually } = target();
        const [field, title] = owned[owner];
        await processes?.kill(owner);
        const startedAt = performance.now();
        const { data, errors } = await ask(target(), drillDown);
        expect(performance.now() - startedAt).toBeLessThan(limits.subgraphQueryMs + 1_000);
        expect(data?.stockPosition).toMatchObject({ availability: { availableToSell: 30 }, [field]: null });
        expect(errors).toMatchObject([{ extensions: { code: "SOURCE_UNAVAILABLE", service: owner } }]);
        for (const [other] of Object.values(owned).filter(([name]) => name !== field)) {
          expect(data?.stockPosition[other]).not.toBeNull();
        }
        await eventually(async () => {
          const { data } = await ask(target(), drillDown);
          const { availability } = data?.stockPosition ?? {};
          expect(availability).toMatchObject({ availableToSell: 30, reason: expect.stringContaining(title) });
          expect(["STALE", "DEGRADED"]).toContain(availability?.["confidence"]);
        });
        await eventually(async () => {
          const answers = Object.fromEntries(
            modeNames.map((mode) => [
              mode,
              { ...modes[mode], reason: expect.stringContaining(`${title} has not reported`) },
            ]),
          );
          expect((await ask(target(), byMode)).data?.stockPosition).toEqual(answers);
        });
        await processes?.restart(owner);
        await recovered(target());
      },
    );

    it("availability: its answers are SOURCE_UNAVAILABLE at once, the owners still answer, and it recovers", async () => {
      const { processes, eventually } = target();
      await processes?.kill("availability");
      await eventually(async () => {
        const { errors } = await ask(
          target(),
          `{ availability(skus: ["OD-1"], locationIds: ["OD-L"]) { availableToSell } }`,
        );
        expect(errors).toMatchObject([{ extensions: { code: "SOURCE_UNAVAILABLE", service: "availability" } }]);
      });
      const { data } = (await ask(target(), `{ product(sku: "OD-1") { name baseUnit } }`)) as unknown as {
        data: { product: unknown };
      };
      expect(data.product).toMatchObject({ name: "OD-1", baseUnit: "EA" });
      await processes?.restart("availability" satisfies SystemName);
      await recovered(target());
    });
  },
  ["processes"],
  { apart: true },
);

async function recovered(target: Target): Promise<void> {
  await target.eventually(async () => {
    const { data, errors } = await ask(target, drillDown);
    expect(errors).toBeUndefined();
    expect(data?.stockPosition).toMatchObject({
      availability: { availableToSell: 30, confidence: "FRESH" },
      book: { onHand: 28 },
      physical: { onHand: 30 },
      returns: { quarantined: 0 },
    });
  });
}

/** The whole reply, errors and all. */
async function ask(target: Target, query: string): Promise<Reply> {
  const response = await fetch(target.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${await target.token("carla", ["crm"])}`,
    },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Reply;
}

async function prepare({ connector, client, token }: Target): Promise<void> {
  await connector.request(`mutation {
    saveProducts(input: { idempotencyKey: "od-p", products: [{ sku: "OD-1", name: "OD-1", baseUnit: "EA" }] }) { userErrors { code } }
    saveLocations(input: { idempotencyKey: "od-l", locations: [{ id: "OD-L", name: "OD-L", type: WAREHOUSE }] }) { userErrors { code } }
    saveBookBalances(input: { idempotencyKey: "od-b", balances: [{ sku: "OD-1", locationId: "OD-L", onHand: 28 }] }) { userErrors { code } }
    recordStockEvents(input: { idempotencyKey: "od-e", events: [{ id: "od-e1", type: SNAPSHOT, sku: "OD-1", locationId: "OD-L",
      quantity: 30, buckets: { unrestricted: 30 }, occurredAt: "2026-01-05T08:00:00Z" }] }) { results { status code } } }`);
  const planner = client(await token("planner", ["planner"]));
  const manager = client(await token("manager", ["manager"]));
  /** In force for every source of the channel. */
  const setPolicy = async (channel: string, degraded: object) => {
    const input = { channel, degraded: Object.keys(owned).map((system) => ({ system, ...degraded })) };
    const { setChannelPolicy } = await planner.request<{ setChannelPolicy: { policy: { policyVersion: number } } }>(
      `mutation ($input: SetChannelPolicyInput!) { setChannelPolicy(input: $input) { policy { policyVersion } } }`,
      { input: { idempotencyKey: `od-${channel}`, ...input } },
    );
    const { policyVersion } = setChannelPolicy.policy;
    await manager.request(
      `mutation ($input: ApproveChannelPolicyInput!) { approveChannelPolicy(input: $input) { userErrors { code } } }`,
      { input: { idempotencyKey: `od-${channel}`, policyVersion } },
    );
  };
  await setPolicy("WEB", { mode: "LAST_KNOWN_BUFFERED", staleAfterMs: 1_500 });
  for (const mode of modeNames) {
    await setPolicy(mode, { mode, staleAfterMs: 1_500, unreachableAfterMs: 2_500, staleBuffer: 4 });
  }
}
