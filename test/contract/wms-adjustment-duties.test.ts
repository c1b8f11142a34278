/**
 * I13, separation of duties, tried in every way somebody might: one's own request, edited content, split amounts.
 *
 * Each is refused with a code, and each refusal is looked up in the audit.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Role } from "../../shared/identity.ts";
import { rollingWindowMs } from "../../subgraphs/wms/domain/adjustment-policy.ts";
import { eachDatabase } from "../helpers/databases.ts";
import {
  type Adjustment,
  type AdjustmentDesk,
  openAdjustmentDesk,
  payload,
  type Reply,
  refused,
  rosa,
  sven,
} from "./wms-adjustment-fixture.ts";
import { type Caller, unexplainedPositions } from "./wms-fixture.ts";

eachDatabase("separation of duties", (makeKernel) => {
  let desk: AdjustmentDesk;

  beforeAll(async () => {
    desk = await openAdjustmentDesk(makeKernel);
  });

  describe("nobody approves what they asked for", () => {
    const both: Caller = { person: "rita", roles: ["warehouse", "supervisor"] };
    const unmoved = async (sku: string, asked: Adjustment) => {
      expect(await desk.shelf(sku)).toBe(500);
      expect((await desk.find(asked.id))?.status).toBe("PENDING_APPROVAL");
    };
    const ask = async (sku: string, caller: Caller) => {
      await desk.stocked(sku, 500);
      return (await desk.request(sku, -40, {}, caller)).adjustment as Adjustment;
    };

    it("with the same token, nor rejects it", async () => {
      const asked = await ask("OWN-1", both);
      expect(await desk.approve(asked, both)).toEqual(refused("SAME_PERSON"));
      expect(await desk.reject(asked, both)).toEqual(refused("SAME_PERSON"));
      expect(await desk.auditedOutcomes("rita", "approveAdjustment")).toEqual(["SAME_PERSON"]);
      expect(await desk.auditedOutcomes("rita", "rejectAdjustment")).toEqual(["SAME_PERSON"]);
      await unmoved("OWN-1", asked);
    });

    it.each<[string, Role[]]>([
      ["with another token of the same person", ["supervisor", "manager"]],
      ["with a role gained in between", ["warehouse", "controller"]],
      ["as an administrator", ["admin"]],
    ])("%s", async (title, roles) => {
      const person = `one ${title}`;
      const asked = await ask(`OWN ${roles.join()}`, { person, roles: ["warehouse"] });
      expect(await desk.approve(asked, { person, roles })).toEqual(refused("SAME_PERSON"));
      expect(await desk.auditedOutcomes(person, "approveAdjustment")).toEqual(["SAME_PERSON"]);
      await unmoved(`OWN ${roles.join()}`, asked);
    });

    it("under an alias beside somebody else's in the same document", async () => {
      const person = "alias";
      const own = await ask("OWN-2", { person, roles: ["warehouse"] });
      const other = await ask("OWN-3", rosa);
      const decide = ({ id, contentHash }: Adjustment, key: string) => ({ idempotencyKey: key, id, contentHash });
      const { data } = await desk.warehouse.ask<Record<string, Reply>>(
        `mutation ($own: DecideAdjustmentInput!, $other: DecideAdjustmentInput!, $again: DecideAdjustmentInput!) {
           first: approveAdjustment(input: $own) ${payload} second: approveAdjustment(input: $other) ${payload}
           third: approveAdjustment(input: $again) ${payload} }`,
        { own: decide(own, "alias-1"), other: decide(other, "alias-2"), again: decide(own, "alias-3") },
        { person, roles: ["supervisor"] },
      );
      expect(data["first"]).toEqual(refused("SAME_PERSON"));
      expect(data["second"]).toMatchObject({ adjustment: { status: "POSTED_WMS" } });
      expect(data["third"]).toEqual(refused("SAME_PERSON"));
      expect(await desk.auditedOutcomes(person, "approveAdjustment")).toEqual(["SAME_PERSON", "done", "SAME_PERSON"]);
      await unmoved("OWN-2", own);
    });

    it("and the database itself refuses a row that says so", async () => {
      const asked = await ask("OWN-4", rosa);
      await expect(
        desk.warehouse.db.transaction((tx) =>
          tx.run("UPDATE adjustments SET decided_by = requested_by WHERE id = ?", [asked.id]),
        ),
      ).rejects.toThrow();
    });
  });

  describe("an approval is bound to what was read", () => {
    const eve: Caller = { person: "eve", roles: ["supervisor"] };

    it("so another content under the same number is refused, whichever hash is named", async () => {
      await desk.stocked("EDIT", 500);
      const asked = await desk.pending("EDIT", -40);
      await desk.warehouse.db.transaction((tx) =>
        tx.run("UPDATE adjustments SET delta = -400 WHERE id = ?", [asked.id]),
      );
      expect(await desk.approve(asked, eve)).toEqual(refused("CONTENT_CHANGED"));
      expect(await desk.approve({ ...asked, contentHash: "0".repeat(64) }, eve)).toEqual(refused("CONTENT_CHANGED"));
      expect(await desk.reject(asked, eve)).toEqual(refused("CONTENT_CHANGED"));
      expect(await desk.auditedOutcomes("eve", "approveAdjustment")).toEqual(["CONTENT_CHANGED", "CONTENT_CHANGED"]);
      expect(await desk.shelf("EDIT")).toBe(500);
    });

    it("so the hash of another adjustment is refused", async () => {
      await desk.stocked("OTHER", 500);
      const one = await desk.pending("OTHER", -40);
      const two = await desk.pending("OTHER", -41);
      expect(await desk.approve({ ...one, contentHash: two.contentHash }, eve)).toEqual(refused("CONTENT_CHANGED"));
    });
  });

  describe("split into parts below the tolerance", () => {
    it("the part that goes beyond it together waits for another person, also in one document", async () => {
      await desk.stocked("SPLIT", 1000);
      const part = (key: string) => ({
        idempotencyKey: key,
        sku: "SPLIT",
        locationId: "WEST",
        delta: -2,
        reasonCode: "COUNTED",
        evidence: ["count:C-1"],
      });
      const { data } = await desk.warehouse.ask<Record<string, Reply>>(
        `mutation ($a: RequestAdjustmentInput!, $b: RequestAdjustmentInput!, $c: RequestAdjustmentInput!) {
           a: requestAdjustment(input: $a) ${payload} b: requestAdjustment(input: $b) ${payload}
           c: requestAdjustment(input: $c) ${payload} }`,
        { a: part("split-a"), b: part("split-b"), c: part("split-c") },
        rosa,
      );
      expect(data["a"]?.adjustment?.status).toBe("POSTED_WMS");
      expect(data["b"]?.adjustment?.status).toBe("POSTED_WMS");
      expect(data["c"]?.adjustment).toMatchObject({ status: "PENDING_APPROVAL", reasons: ["ROLLING_TOTAL"] });
      expect(await desk.shelf("SPLIT")).toBe(996);
      const [audited] = await desk.warehouse.db.query<{ person: string; detail: string }>(
        "SELECT person, detail FROM audit_rows WHERE subject = ?",
        [`adjustment:${data["c"]?.adjustment?.id}`],
      );
      expect(audited?.person).toBe("rosa");
      expect(JSON.parse(audited?.detail ?? "{}")).toMatchObject({
        status: "PENDING_APPROVAL",
        reasons: ["ROLLING_TOTAL"],
      });
      // Up and down do not cancel out, and another bucket is no way round.
      const hidden = await desk.request("SPLIT", 2, { bucket: "DAMAGED" });
      expect(hidden.adjustment?.status).toBe("PENDING_APPROVAL");
      const own = data["c"]?.adjustment as Adjustment;
      expect(await desk.approve(own, { person: "rosa", roles: ["supervisor"] })).toEqual(refused("SAME_PERSON"));
      expect(await desk.auditedOutcomes("rosa", "approveAdjustment")).toContain("SAME_PERSON");
    });

    it("requests of one person at the same moment are counted together too", async () => {
      await desk.stocked("RUSH", 1000);
      const replies = await Promise.all(Array.from({ length: 6 }, () => desk.request("RUSH", -2)));
      const posted = replies.filter(({ adjustment }) => adjustment?.status === "POSTED_WMS");
      expect(posted).toHaveLength(2);
      expect(await desk.shelf("RUSH")).toBe(996);
    });

    it("after 30 days the total begins anew, and what was rejected never counted", async () => {
      await desk.stocked("MONTH", 1000);
      await desk.reject(await desk.pending("MONTH", -40), sven);
      expect((await desk.request("MONTH", -5)).adjustment?.status).toBe("POSTED_WMS");
      expect((await desk.request("MONTH", -1)).adjustment?.status).toBe("PENDING_APPROVAL");
      desk.warehouse.clock.advance(rollingWindowMs);
      expect((await desk.request("MONTH", -5)).adjustment?.status).toBe("POSTED_WMS");
    });
  });

  it("at the end every balance is the sum of its movements", async () => {
    expect(await unexplainedPositions(desk.warehouse.db)).toEqual([]);
  });
});
