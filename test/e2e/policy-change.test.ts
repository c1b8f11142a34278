/**
 * A change of policy through the public API: tried out, proposed, looked at by another person, approved, and told of.
 */
import { expect, it, vi } from "vitest";
import { openStock } from "../helpers/opening-stock.ts";
import { openPlain } from "../helpers/plain-sql.ts";
import { eachTarget } from "../helpers/target.ts";

interface Effect {
  readonly positionsChanged: number;
  readonly complete: boolean;
  readonly channels: readonly { readonly channel: string; readonly before: number; readonly after: number }[];
  readonly largestLosses: readonly object[];
}

interface Version {
  readonly policyVersion: number;
  readonly status: string;
  readonly contentHash: string;
  readonly effect: Effect | null;
}

interface Reply {
  readonly setChannelPolicy: { readonly policy: Version; readonly userErrors: readonly object[] };
}

const place = { sku: "PC-1", locationId: "PC-L" };
const version = `policyVersion status contentHash effect { positionsChanged complete
  channels { channel before after } largestLosses { sku locationId channel before after change } }`;
const propose = `mutation ($input: SetChannelPolicyInput!) { setChannelPolicy(input: $input) {
  policy { ${version} } userErrors { code } } }`;
const approve = `mutation ($input: ApproveChannelPolicyInput!) { approveChannelPolicy(input: $input) {
  policy { status effect { complete } } userErrors { code } } }`;

eachTarget("a change of policy", (target) => {
  const sold = async (channel: string) => {
    const { stockPosition } = await target().connector.request<{
      stockPosition: { availability: { availableToSell: number; policyVersion: number } };
    }>(
      `query ($sku: ID!, $locationId: ID!, $channel: ID) { stockPosition(sku: $sku, locationId: $locationId) {
         availability(channel: $channel) { availableToSell policyVersion } } }`,
      { ...place, channel },
    );
    return stockPosition.availability;
  };

  it("shows what it does to every channel before it does it, and then does just that", async () => {
    await openStock(target(), { ...place, onHand: 30 });
    await target().eventually(async () => expect(await sold("WEB")).toMatchObject({ availableToSell: 30 }));
    const planner = target().client(await target().token("paula", ["planner"]));
    const manager = target().client(await target().token("mona", ["manager"]));
    const input = { idempotencyKey: "pc", channel: "B2B", protections: [{ sku: place.sku, quantity: 12 }] };

    const tried = await planner.request<Reply>(propose, { input: { ...input, dryRun: true } });
    const effect = {
      positionsChanged: 1,
      complete: true,
      channels: [
        { channel: "B2B", before: 30, after: 30 },
        { channel: "MARKETPLACE", before: 30, after: 18 },
        { channel: "WEB", before: 30, after: 18 },
      ],
      largestLosses: [
        { ...place, channel: "MARKETPLACE", before: 30, after: 18, change: -12 },
        { ...place, channel: "WEB", before: 30, after: 18, change: -12 },
      ],
    };
    expect(tried.setChannelPolicy).toMatchObject({ policy: { status: "DRAFT", effect }, userErrors: [] });
    const { setChannelPolicy } = await planner.request<Reply>(propose, { input });
    expect(setChannelPolicy).toMatchObject({ policy: { status: "PROPOSED", effect }, userErrors: [] });

    const { channelPolicies } = await manager.request<{ channelPolicies: Version[] }>(
      `{ channelPolicies(first: 1) { ${version} } }`,
    );
    expect(channelPolicies).toEqual([setChannelPolicy.policy]);
    const { policyVersion, contentHash } = setChannelPolicy.policy;
    const decision = { idempotencyKey: "pc-yes", policyVersion, contentHash };
    expect(await manager.request(approve, { input: decision })).toEqual({
      approveChannelPolicy: { policy: { status: "ACTIVE", effect: null }, userErrors: [] },
    });
    expect(await sold("WEB")).toEqual({ availableToSell: 18, policyVersion });
    expect(await sold("B2B")).toEqual({ availableToSell: 30, policyVersion });
  });

  it("is told of, once, for each position whose answer it changed", async () => {
    const availability = await openPlain(target().config, "availability");
    const events = () =>
      availability.query("SELECT body FROM outbox WHERE type IN ('policy.changed', 'availability.changed')");
    // The telling begins some seconds after the approval, by the real clock.
    const told = await vi.waitFor(
      async () => {
        const bodies = (await events()).map(({ body }) => JSON.parse(String(body)));
        const policy = bodies.find(({ type }) => type === "policy.changed");
        const own = bodies.filter(({ causationId }) => causationId === policy.id);
        expect(own).not.toEqual([]);
        return own;
      },
      { timeout: 20_000, interval: 100 },
    );
    expect(told).toMatchObject([{ ...place, type: "availability.changed", actor: "system:availability" }]);
    await availability.close();
  });
});
