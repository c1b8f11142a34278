/**
 * Positions whose available-to-sell changes because a rule did: each is told of once, whoever does the telling, however
 * often it is interrupted; and nobody else is told of.
 */
import { beforeEach, describe, expect, it } from "vitest";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { createFacts } from "../helpers/facts.ts";
import { openPolicyDesk, type PolicyDesk, person } from "./policy-fixture.ts";

/** 250 items at 2 locations: more than one stretch of a walk. */
const items = Array.from({ length: 250 }, (_, i) => `${i % 2 === 0 ? "A" : "B"}-${String(i).padStart(3, "0")}`);

eachDatabase("changes of rules", (makeKernel) => {
  let desk: PolicyDesk;

  beforeEach(async () => {
    desk = await openPolicyDesk(makeKernel, items, ["EAST", "WEST"]);
  });

  const told = async () =>
    (await desk.outbox("availability.changed")).map(
      ({ sku, locationId, sourceSeq }) => `${sku} ${locationId} ${sourceSeq}`,
    );
  const approved = async (input: object) => {
    const { policy } = await desk.propose(input);
    return desk.approve(policy?.policyVersion ?? 0);
  };
  const pending = () => desk.db.query("SELECT event_id FROM rule_changes ORDER BY event_id");

  describe("of policy", () => {
    it("are told once every replica answers by them, for the positions whose answer differs, with their cause", async () => {
      await approved({ channel: "WEB", caps: [{ sku: "A-000", quantity: 10 }] });
      expect(await desk.ruleChanges().tell()).toBe(0);
      desk.clock.advance(limits.policyTellWaitMs);
      // At EAST there are 10 anyway.
      expect(await desk.ruleChanges().tell()).toBe(1);
      const [cause] = await desk.outbox("policy.changed");
      const [event] = (await desk.outbox("availability.changed")) as Extract<
        AnyEvent,
        { type: "availability.changed" }
      >[];
      expect(event).toMatchObject({
        sku: "A-000",
        locationId: "WEST",
        sourceSeq: 2,
        partitionKey: "A-000|WEST",
        correlationId: "story-1",
        causationId: cause?.id,
        actor: "system:availability",
        data: { version: 2, causeEventIds: [cause?.id] },
      });
      expect(await desk.db.query("SELECT sku, location_id, version FROM positions WHERE version <> 1")).toMatchObject([
        { sku: "A-000", location_id: "WEST", version: expect.toSatisfy((version) => Number(version) === 2) },
      ]);
      const [audited] = await desk.db.query("SELECT * FROM audit_rows WHERE action = 'availability.told'");
      expect(audited).toMatchObject({ subject: "policy:2", person: "system:availability", correlation_id: "story-1" });
      expect(JSON.parse(String(audited?.["detail"]))).toEqual({ positions: 2, changed: 1 });
      expect(await pending()).toEqual([]);
      expect(await desk.ruleChanges().tell()).toBe(0);
    });

    it("that matter to no answer are told to nobody", async () => {
      await approved({ channel: "WEB", name: "Shop", caps: [{ quantity: 1000 }] });
      await approved({ channel: "OUTLET", priority: 9 });
      desk.clock.advance(limits.policyTellWaitMs);
      expect(await desk.ruleChanges().tell()).toBe(0);
      expect([await told(), await pending()]).toEqual([[], []]);
    });

    it("one after the other are told each against the one before", async () => {
      await approved({ channel: "WEB", caps: [{ sku: "A-000", quantity: 5 }] });
      desk.clock.advance(1);
      await approved({
        channel: "WEB",
        caps: [
          { sku: "A-000", quantity: 5 },
          { sku: "B-001", quantity: 5 },
        ],
      });
      desk.clock.advance(limits.policyTellWaitMs);
      expect(await desk.ruleChanges().tell()).toBe(4);
      expect(await told()).toEqual(["A-000 EAST 2", "A-000 WEST 2", "B-001 EAST 2", "B-001 WEST 2"]);
    });

    it("go on where they were interrupted, elsewhere too", async () => {
      await approved({ channel: "WEB", caps: [{ quantity: 5 }] });
      desk.clock.advance(limits.policyTellWaitMs);
      const interrupted = desk.ruleChanges({ committed: () => interrupted.stop() });
      const before = await interrupted.tell();
      expect(before).toBe(200);
      expect(await pending()).toHaveLength(1);
      expect(await desk.ruleChanges().tell()).toBe(300);
      expect(new Set(await told()).size).toBe(500);
      expect(await told()).toHaveLength(500);
    });

    it("are told once by several replicas at the same time", async () => {
      await approved({ channel: "WEB", caps: [{ quantity: 5 }] });
      desk.clock.advance(limits.policyTellWaitMs);
      const shares = await Promise.all(Array.from({ length: 3 }, () => desk.ruleChanges().tell()));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(500);
      expect(await told()).toHaveLength(500);
      expect(await desk.db.query("SELECT sku FROM positions WHERE version <> 2")).toEqual([]);
    });

    it("leave what a stretch did undone when it fails, and are tried again", async () => {
      await approved({ channel: "WEB", caps: [{ sku: "A-000", quantity: 5 }] });
      desk.clock.advance(limits.policyTellWaitMs);
      await expect(
        desk
          .ruleChanges({
            answers: {
              from: () => {
                throw new Error("out of order");
              },
            },
          })
          .tell(),
      ).rejects.toThrow("out of order");
      expect([await told(), (await pending()).length]).toEqual([[], 1]);
      expect(await desk.ruleChanges().tell()).toBe(2);
    });
  });

  describe("of master data", () => {
    const facts = () => createFacts(desk.clock);
    const changed = (event: AnyEvent, version: number, more: object): AnyEvent =>
      ({
        ...event,
        id: `${event.id}-${version}`,
        sourceSeq: version,
        data: { ...event.data, version, ...more },
      }) as AnyEvent;

    it("are told for the positions of the item or the place", async () => {
      await desk.publish(changed(facts().product("A-000", { class: "A" }), 2, { safetyStock: 3 }));
      expect(await desk.ruleChanges().tell()).toBe(2);
      await desk.publish(changed(facts().location("WEST"), 2, { sellable: false }));
      expect(await desk.ruleChanges().tell()).toBe(250);
      await desk.publish(
        changed(facts().location("WEST"), 3, { sellable: true }),
        changed(facts().product("A-000", { class: "A" }), 3, { active: false }),
      );
      // At WEST every item, at EAST the one that is no longer sold; that one was 0 at WEST and is 0 again.
      expect(await desk.ruleChanges().tell()).toBe(250);
      expect(await desk.ats("A-000", "EAST", "WEB")).toBe(0);
      const events = await desk.outbox("availability.changed");
      expect(events[0]).toMatchObject({ sku: "A-000", causationId: "erp/product:A-000/1-2" });
      expect(await pending()).toEqual([]);
    });

    it("are not told when the answers stay, the change is an old one, or there is no position", async () => {
      const rows = () => pending().then((found) => found.length);
      await desk.publish(changed(facts().product("A-000", { class: "A" }), 2, { name: "New name" }));
      await desk.publish(changed(facts().location("WEST"), 2, { name: "New name" }));
      await desk.publish(changed(facts().product("NEW"), 1, {}), changed(facts().location("NORTH"), 1, {}));
      await desk.publish(changed(facts().product("A-000", { class: "A" }), 1, { safetyStock: 3 }));
      expect(await rows()).toBe(0);
      await desk.publish(changed(facts().product("A-000", { class: "A" }), 3, { sellMultiple: 1 }));
      expect([await rows(), await desk.ruleChanges().tell(), await rows()]).toEqual([1, 0, 0]);
    });

    it("are told when an item gets known that stock was reported of before", async () => {
      await desk.db.transaction((tx) => tx.run("DELETE FROM product_replicas WHERE sku = 'B-001'"));
      expect(await desk.ats("B-001", "EAST", "WEB")).toBeNull();
      await desk.publish(changed(facts().product("B-001", { class: "B" }), 2, {}));
      expect(await desk.ruleChanges().tell()).toBe(2);
    });
  });

  it("wait for a position that somebody is changing, and tell of it after them", async () => {
    await approved({ channel: "WEB", caps: [{ sku: "A-000", quantity: 1 }] });
    desk.clock.advance(limits.policyTellWaitMs);
    const reserve = (n: number) => `mutation { reserveStock(input: { idempotencyKey: "r${n}", channel: "B2B",
      lines: [{ sku: "A-000", locationId: "EAST", quantity: 1 }] }) { userErrors { code } } }`;
    const shop = person("shop", "storefront");
    const work = Array.from({ length: 5 }, (_, n) => desk.ask(reserve(n), {}, shop));
    await Promise.all([...work, desk.ruleChanges().tell()]);
    const versions = (await told()).filter((text) => text.startsWith("A-000 EAST"));
    // Reservations that come together are one change: at least theirs and the policy's.
    expect(versions.length).toBeGreaterThanOrEqual(2);
    expect(versions).toEqual(versions.map((_, i) => `A-000 EAST ${i + 2}`));
  });
});
