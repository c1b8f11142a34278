/**
 * The effect of a proposed policy, before anybody approves it: computed over the positions its rules can reach, on
 * every database, and the same as what the answers show once it is approved.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { ann, bob, openPolicyDesk, type PolicyDesk, payload, person } from "./policy-fixture.ts";

/** 250 items at 2 locations: more than one stretch of a walk. */
const items = Array.from({ length: 250 }, (_, i) => `${i % 2 === 0 ? "A" : "B"}-${String(i).padStart(3, "0")}`);
const locationIds = ["EAST", "WEST"];

eachDatabase("the effect of a proposed policy", (makeKernel) => {
  let desk: PolicyDesk;

  beforeEach(async () => {
    desk = await openPolicyDesk(makeKernel, items, locationIds);
  });

  it("is on the proposal at once, over the positions that its rules name", async () => {
    const { policy } = await desk.propose({
      channel: "B2B",
      protections: [
        { sku: "A-000", quantity: 4 },
        { sku: "B-001", locationId: "WEST", quantity: 20 },
      ],
    });
    expect(policy).toMatchObject({ policyVersion: 2, status: "PROPOSED" });
    expect(policy?.effect).toMatchObject({
      comparedWith: 1,
      policyVersion: 2,
      computedAt: new Date(desk.clock.now()).toISOString(),
      positionsInScope: 3,
      positionsChanged: 3,
      confidence: "FRESH",
      complete: true,
      endCursor: null,
    });
    // 10 + 11 of the first item, 11 of the second at WEST; B2B keeps 4 + 4 of the one and all of the other.
    expect(policy?.effect?.channels).toEqual([
      { channel: "B2B", before: 32, after: 32, positionsChanged: 0, unknownBefore: 0, unknownAfter: 0 },
      { channel: "MARKETPLACE", before: 32, after: 13, positionsChanged: 3, unknownBefore: 0, unknownAfter: 0 },
      { channel: "WEB", before: 32, after: 13, positionsChanged: 3, unknownBefore: 0, unknownAfter: 0 },
    ]);
    expect(policy?.effect?.largestLosses.slice(0, 3)).toEqual([
      { sku: "B-001", locationId: "WEST", channel: "MARKETPLACE", before: 11, after: 0, change: -11 },
      { sku: "B-001", locationId: "WEST", channel: "WEB", before: 11, after: 0, change: -11 },
      { sku: "A-000", locationId: "EAST", channel: "MARKETPLACE", before: 10, after: 6, change: -4 },
    ]);
    expect(policy?.effect?.largestGains).toEqual([]);
    expect(await desk.ats("B-001", "WEST", "WEB")).toBe(11);
    await desk.approve(2);
    expect(await desk.ats("B-001", "WEST", "WEB")).toBe(0);
    expect(await desk.ats("A-000", "EAST", "WEB")).toBe(6);
    expect(await desk.effectOf(2)).toBeNull();
  });

  it("walks every position once, also where rules name an item and its location both", async () => {
    const effect = async (input: object) => (await desk.propose({ channel: "WEB", ...input })).policy?.effect;
    const caps = (...scopes: object[]) => ({ caps: scopes.map((scope) => ({ ...scope, quantity: 5 })) });
    expect(await effect(caps({}))).toMatchObject({ positionsInScope: 500, positionsChanged: 500, complete: true });
    expect(await effect(caps({ class: "A" }))).toMatchObject({ positionsInScope: 250 });
    expect(await effect(caps({ class: "A", locationId: "WEST" }))).toMatchObject({ positionsInScope: 125 });
    expect(await effect(caps({ locationId: "WEST" }))).toMatchObject({ positionsInScope: 250, positionsChanged: 250 });
    expect(await effect(caps({ locationId: "WEST" }, { sku: "A-000" }))).toMatchObject({ positionsInScope: 251 });
    expect(await effect(caps(...items.map((sku) => ({ sku }))))).toMatchObject({
      positionsInScope: 500,
      channels: [
        expect.objectContaining({ channel: "B2B", before: 5250, after: 5250 }),
        expect.objectContaining({ channel: "MARKETPLACE", before: 5250, after: 5250 }),
        expect.objectContaining({ channel: "WEB", before: 5250, after: 2500 }),
      ],
    });
    expect(await effect({ name: "Another name" })).toMatchObject({ positionsInScope: 0, positionsChanged: 0 });
  });

  it("of a channel that is not there yet has nothing before", async () => {
    const { policy } = await desk.propose({ channel: "OUTLET", caps: [{ sku: "A-000", quantity: 0 }] });
    expect(policy?.effect).toMatchObject({ positionsInScope: 500, positionsChanged: 500 });
    const outlet = policy?.effect?.channels.find(({ channel }) => channel === "OUTLET");
    expect(outlet).toMatchObject({ before: 0, after: 5229, unknownBefore: 500, unknownAfter: 0 });
    expect(policy?.effect?.largestGains[0]).toMatchObject({ channel: "OUTLET", before: null, after: 11, change: 11 });
  });

  it("takes what reservations hold as every answer does", async () => {
    const reserve = `mutation { reserveStock(input: { idempotencyKey: "r", channel: "WEB", ttlSeconds: 60
      lines: [{ sku: "A-000", locationId: "EAST", quantity: 7 }] }) { userErrors { code } } }`;
    await desk.ask(reserve, {}, person("shop", "storefront"));
    const caps = [{ sku: "A-000", locationId: "EAST", quantity: 5 }];
    const web = async () => (await desk.propose({ channel: "WEB", caps })).policy?.effect?.channels.at(-1);
    expect(await web()).toMatchObject({ channel: "WEB", before: 3, after: 3 });
    desk.clock.advance(60_000);
    expect(await web()).toMatchObject({ channel: "WEB", before: 10, after: 5 });
  });

  describe("a dry run", () => {
    it("shows the effect, stores nothing and leaves the key for the proposal", async () => {
      const input = { idempotencyKey: "try", channel: "B2B", protections: [{ sku: "A-000", quantity: 4 }], note: "?" };
      const rows = (table: string) => desk.db.query(`SELECT * FROM ${table} WHERE 1 = 1`);
      const tables = ["policies", "idempotency_keys", "audit_rows", "outbox"];
      const before = await Promise.all(tables.map(rows));
      const tried = await desk.propose({ ...input, dryRun: true });
      expect(tried).toMatchObject({
        policy: { policyVersion: 2, status: "DRAFT", effect: { positionsInScope: 2, positionsChanged: 2 } },
        userErrors: [],
        replayed: false,
      });
      expect(await desk.propose({ ...input, dryRun: true })).toEqual(tried);
      expect(await Promise.all(tables.map(rows))).toEqual(before);
      const proposed = await desk.propose(input);
      expect(proposed).toMatchObject({ policy: { policyVersion: 2, status: "PROPOSED" }, replayed: false });
      expect(proposed.policy?.effect).toEqual(tried.policy?.effect);
    });

    it("refuses what a proposal refuses", async () => {
      const code = async (input: object) => (await desk.propose({ dryRun: true, ...input })).userErrors[0]?.code;
      expect(await code({ channel: "WEB", public: false })).toBe("INVALID_INPUT");
      expect(await code({ channel: "WEB", caps: [{ quantity: -1 }] })).toBe("INVALID_INPUT");
      expect(await code({ channel: "WEB", idempotencyKey: "" })).toBe("INVALID_INPUT");
      const { errors } = await desk.ask(
        `mutation { setChannelPolicy(input: { idempotencyKey: "d", channel: "WEB", dryRun: true }) { ${payload} } }`,
        {},
        person("shop", "storefront"),
      );
      expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
    });
  });

  it("is told to whoever decides, by the list of versions, against what is in force at that moment", async () => {
    await desk.propose({ channel: "WEB", caps: [{ sku: "A-000", quantity: 5 }] });
    await desk.propose({ channel: "B2B", protections: [{ sku: "A-000", quantity: 8 }] });
    const before = await desk.effectOf(3);
    expect(before).toMatchObject({ comparedWith: 1, positionsChanged: 2 });
    expect(before?.channels.find(({ channel }) => channel === "WEB")).toMatchObject({ before: 21, after: 5 });
    await desk.approve(2);
    const after = await desk.effectOf(3);
    expect(after).toMatchObject({ comparedWith: 2 });
    expect(after?.channels.find(({ channel }) => channel === "WEB")).toMatchObject({ before: 10, after: 5 });
  });

  it("is refused, and not guessed, when the proposal no longer fits what is in force", async () => {
    const degraded = (more: object) => ({ channel: "WEB", degraded: [{ system: "wms", mode: "ERROR", ...more }] });
    await desk.propose(degraded({ staleAfterMs: 5_000, unreachableAfterMs: 10_000 }));
    const { policy } = await desk.propose(degraded({ staleAfterMs: 60_000 }));
    expect(policy?.effect).toMatchObject({ positionsInScope: 500, positionsChanged: 0 });
    await desk.approve(2);
    const { data, errors } = await desk.ask(`{ channelPolicies(first: 1) { policyVersion effect { complete } } }`);
    expect(data).toEqual({ channelPolicies: [{ policyVersion: 3, effect: null }] });
    expect(errors?.map(({ extensions }) => extensions?.["code"])).toEqual(["INVALID_INPUT"]);
    expect((await desk.approve(3)).userErrors).toMatchObject([{ code: "INVALID_INPUT" }]);
  });

  it("says when it is not complete, and goes on from where it ended", async () => {
    await desk.propose({ channel: "WEB", caps: [{ quantity: 5 }] });
    // Every look at the clock costs a whole budget: one stretch at a time.
    const now = desk.clock.now;
    let asked = 0;
    Object.assign(desk.clock, { now: () => now() + asked++ * limits.policyEffectMs });
    let [cursor, positions, before, steps] = [null as string | null, 0, 0, 0];
    do {
      const effect = await desk.effectOf(2, cursor === null ? "(first: 1)" : `(first: 1, after: "${cursor}")`);
      expect(effect?.complete).toBe(effect?.endCursor === null);
      positions += effect?.positionsInScope ?? 0;
      before += effect?.channels.find(({ channel }) => channel === "WEB")?.before ?? 0;
      cursor = effect?.endCursor ?? null;
      steps += 1;
    } while (cursor !== null && steps < 10);
    Object.assign(desk.clock, { now });
    expect({ positions, before, steps }).toEqual({ positions: 500, before: 5250, steps: 3 });
  });

  it("refuses a cursor of another policy, and more effects than one request may ask for", async () => {
    const code = async (query: string, identity = ann) =>
      (await desk.ask(query, {}, identity)).errors?.[0]?.extensions?.["code"];
    await desk.propose({ channel: "WEB", caps: [{ quantity: 5 }] });
    const cursorOf = (...key: string[]) => Buffer.from(JSON.stringify(key)).toString("base64url");
    const from = (cursor: string) => `{ channelPolicies { effect(after: "${cursor}") { complete } } }`;
    expect(await code(from(cursorOf("1", "0", "A-000", "EAST")))).toBeUndefined();
    expect(await code(from(cursorOf("7", "0", "A-000", "EAST")))).toBe("BAD_USER_INPUT");
    expect(await code(from(cursorOf("1", "-3", "", "")))).toBe("BAD_USER_INPUT");
    expect(await code(from("nonsense"))).toBe("BAD_USER_INPUT");
    expect(await code(`{ channelPolicies { effect(first: 0) { complete } } }`)).toBe("BAD_USER_INPUT");
    const times = (n: number) =>
      Array.from({ length: n }, (_, i) => `e${i}: effect(first: ${i + 1}) { complete }`).join(" ");
    expect(await code(`{ channelPolicies { ${times(limits.policyEffectsMax)} } }`, bob)).toBeUndefined();
    expect(await code(`{ channelPolicies { ${times(limits.policyEffectsMax + 1)} } }`, bob)).toBe("QUERY_TOO_COMPLEX");
  });
});
