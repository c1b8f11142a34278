/**
 * I13 through the public API: every way in which one person might approve what the same person asked for.
 *
 * Each attempt is refused with a code, changes nothing, and is in the audit under the person's name, by plain SQL.
 */
import { describe, expect, it } from "vitest";
import type { SystemName } from "../../shared/config.ts";
import type { Role } from "../../shared/identity.ts";
import { openStock } from "../helpers/opening-stock.ts";
import { openPlain, tamper } from "../helpers/plain-sql.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Document {
  readonly id?: string;
  readonly policyVersion?: number;
  readonly status: string;
  readonly contentHash: string;
}

interface Reply {
  readonly adjustment?: Document | null;
  readonly policy?: Document | null;
  readonly userErrors: readonly { readonly code: string }[];
}

/** Somebody who holds both roles, under one token or several. */
interface Actor {
  readonly person: string;
  readonly asking: readonly Role[];
  readonly deciding: readonly Role[];
}

interface Duty {
  readonly name: string;
  readonly system: SystemName;
  readonly asks: Role;
  readonly decides: Role;
  readonly operation: string;
  /** A request of `person` that waits for somebody else. */
  ask(target: Target, token: string, subject: string): Promise<Document>;
  /** `as: approve…(input: …)`, with a key of its own. */
  decide(document: Document, as?: string): string;
  /** What edits the stored request past the system. */
  edit(document: Document): string;
  /** The request still waits, by plain SQL. */
  pending(document: Document): string;
}

const locationId = "SOD-L";
const sent = "userErrors { code }";
let keys = 0;
const nextKey = () => `sod-${++keys}`;

const adjustment: Duty = {
  name: "an adjustment",
  system: "wms",
  asks: "warehouse",
  decides: "supervisor",
  operation: "approveAdjustment",
  async ask(target, token, subject) {
    await openStock(target, { sku: subject, locationId, onHand: 500 });
    const { requestAdjustment } = await mutate(target, token, request(subject, -40, "requestAdjustment"));
    return requestAdjustment?.adjustment as Document;
  },
  decide: ({ id, contentHash }, as = "approveAdjustment") => `${as}: approveAdjustment(input: {
    idempotencyKey: "${nextKey()}", id: "${id}", contentHash: "${contentHash}" }) { adjustment { status } ${sent} }`,
  edit: ({ id }) => `UPDATE adjustments SET delta = -400 WHERE id = '${id}'`,
  pending: ({ id }) => `SELECT id FROM adjustments WHERE id = '${id}' AND status = 'PENDING_APPROVAL'
    AND decided_by IS NULL AND movement_id IS NULL`,
};

const policy: Duty = {
  name: "a channel policy",
  system: "availability",
  asks: "planner",
  decides: "manager",
  operation: "approveChannelPolicy",
  async ask(target, token, subject) {
    const { setChannelPolicy } = await mutate(
      target,
      token,
      `setChannelPolicy(input: { idempotencyKey: "${nextKey()}", channel: "B2B",
         protections: [{ sku: "${subject}", quantity: 4 }] }) { policy { policyVersion status contentHash } ${sent} }`,
    );
    return setChannelPolicy?.policy as Document;
  },
  decide: ({ policyVersion, contentHash }, as = "approveChannelPolicy") => `${as}: approveChannelPolicy(input: {
    idempotencyKey: "${nextKey()}", policyVersion: ${policyVersion}, contentHash: "${contentHash}" }) {
    policy { status } ${sent} }`,
  edit: ({ policyVersion }) =>
    `UPDATE policies SET change_body = REPLACE(change_body, '"quantity":4', '"quantity":400') WHERE version = ${policyVersion}`,
  pending: ({ policyVersion }) => `SELECT version FROM policies WHERE version = ${policyVersion} AND state = 'PROPOSED'
    AND decided_by IS NULL AND policy_body IS NULL`,
};

/** How the roles come together: in one token, in two, or by a promotion between asking and deciding. */
const ways: readonly (readonly [string, (duty: Duty) => Omit<Actor, "person">])[] = [
  ["the same token", ({ asks, decides }) => ({ asking: [asks, decides], deciding: [asks, decides] })],
  ["another token of the same person", ({ asks, decides }) => ({ asking: [asks], deciding: [decides, "manager"] })],
  ["a role gained in between", ({ asks }) => ({ asking: [asks], deciding: [asks, "controller"] })],
  ["the role of an administrator", ({ asks }) => ({ asking: [asks], deciding: ["admin"] })],
];

eachTarget("separation of duties", (target) => {
  describe.each([adjustment, policy])("$name", (duty) => {
    const tokenOf = (person: string, roles: readonly Role[]) => target().token(person, roles);

    it.each(ways)("is not approved by its requester with %s", async (way, rolesOf) => {
      const person = `${way} of ${duty.system}`;
      const { asking, deciding } = rolesOf(duty);
      const document = await duty.ask(target(), await tokenOf(person, asking), `SOD-${++keys}`);
      const replies = await mutate(target(), await tokenOf(person, deciding), duty.decide(document));
      expect(codesOf(replies)).toEqual({ [duty.operation]: ["SAME_PERSON"] });
      await expectRefused(duty, document, person, ["SAME_PERSON"]);
    });

    it("is not approved under an alias beside somebody else's in the same document", async () => {
      const person = `alias of ${duty.system}`;
      const token = await tokenOf(person, [duty.asks, duty.decides]);
      const other = await duty.ask(target(), await tokenOf("olga", [duty.asks]), `SOD-${++keys}`);
      const own = await duty.ask(target(), token, `SOD-${++keys}`);
      const replies = await mutate(
        target(),
        token,
        `${duty.decide(own, "first")} ${duty.decide(other, "second")} ${duty.decide(own, "third")}`,
      );
      expect(codesOf(replies)).toEqual({ first: ["SAME_PERSON"], second: [], third: ["SAME_PERSON"] });
      await expectRefused(duty, own, person, ["SAME_PERSON", "SAME_PERSON"]);
    });

    it("is not approved in the document that asks for it", async () => {
      const person = `one document of ${duty.system}`;
      const token = await tokenOf(person, [duty.asks, duty.decides]);
      const earlier = await duty.ask(target(), token, `SOD-${++keys}`);
      // The number of the next policy can be foreseen, an adjustment's cannot: there, an own one from before.
      const next = duty === policy ? { ...earlier, policyVersion: (earlier.policyVersion ?? 0) + 1 } : earlier;
      const subject = `SOD-${++keys}`;
      await openStock(target(), { sku: subject, locationId, onHand: 500 });
      const asking =
        duty === policy
          ? `setChannelPolicy(input: { idempotencyKey: "${nextKey()}", channel: "B2B",
               protections: [{ sku: "${subject}", quantity: 4 }] }) { policy { policyVersion } ${sent} }`
          : request(subject, -40, "requestAdjustment");
      const replies = await mutate(target(), token, `${asking} ${duty.decide(next)}`);
      expect(codesOf(replies)).toMatchObject({ [duty.operation]: ["SAME_PERSON"] });
      await expectRefused(duty, next, person, ["SAME_PERSON"]);
    });

    it("is not approved by anybody once its content is another than was read", async () => {
      const document = await duty.ask(target(), await tokenOf("rosa", [duty.asks]), `SOD-${++keys}`);
      const person = `reader of ${duty.system}`;
      const token = await tokenOf(person, [duty.decides]);
      const forged = { ...document, contentHash: "0".repeat(64) };
      expect(codesOf(await mutate(target(), token, duty.decide(forged)))).toEqual({
        [duty.operation]: ["CONTENT_CHANGED"],
      });
      await tamper(target().config, duty.system, duty.edit(document));
      expect(codesOf(await mutate(target(), token, duty.decide(document)))).toEqual({
        [duty.operation]: ["CONTENT_CHANGED"],
      });
      await expectRefused(duty, document, person, ["CONTENT_CHANGED", "CONTENT_CHANGED"]);
    });

    it("is approved by another person, once", async () => {
      const document = await duty.ask(target(), await tokenOf("rosa", [duty.asks]), `SOD-${++keys}`);
      const person = `approver of ${duty.system}`;
      const token = await tokenOf(person, [duty.decides]);
      expect(codesOf(await mutate(target(), token, duty.decide(document)))).toEqual({ [duty.operation]: [] });
      expect(codesOf(await mutate(target(), token, duty.decide(document)))).toEqual({
        [duty.operation]: ["ILLEGAL_TRANSITION"],
      });
      expect(await outcomes(duty.system, person, `command:${duty.operation}`)).toEqual(["ILLEGAL_TRANSITION"]);
    });

    async function expectRefused(of: Duty, document: Document, person: string, codes: readonly string[]) {
      expect(await outcomes(of.system, person, `command:${of.operation}`)).toEqual(codes);
      const plain = await openPlain(target().config, of.system);
      expect(await plain.query(of.pending(document))).toHaveLength(1);
      await plain.close();
    }
  });

  describe("an adjustment split into parts that are within tolerance each", () => {
    it.each<[string, (part: (as: string) => string) => readonly (readonly string[])[]]>([
      ["in one document", (part) => [[part("a"), part("b"), part("c")]]],
      ["in three requests with three tokens", (part) => [[part("a")], [part("b")], [part("c")]]],
    ])("waits for another person as soon as the total is beyond it, %s", async (how, documents) => {
      const person = `splitter ${how}`;
      const sku = `SOD-${++keys}`;
      await openStock(target(), { sku, locationId, onHand: 1000 });
      const parts = documents((as) => request(sku, -2, as));
      const replies: Record<string, Reply> = {};
      for (const document of parts) {
        const token = await target().token(person, ["warehouse", "supervisor"], { ttlS: 1000 + ++keys });
        Object.assign(replies, await mutate(target(), token, document.join(" ")));
      }
      const status = (as: string) => replies[as]?.adjustment?.status;
      expect([status("a"), status("b"), status("c")]).toEqual(["POSTED_WMS", "POSTED_WMS", "PENDING_APPROVAL"]);
      const own = replies["c"]?.adjustment as Document;
      const token = await target().token(person, ["controller"]);
      expect(codesOf(await mutate(target(), token, adjustment.decide(own)))).toEqual({
        approveAdjustment: ["SAME_PERSON"],
      });
      expect(await outcomes("wms", person, "command:approveAdjustment")).toEqual(["SAME_PERSON"]);
      const wms = await openPlain(target().config, "wms");
      const [audited] = await wms.query(`SELECT detail FROM audit_rows WHERE subject = 'adjustment:${own.id}'`);
      const [balance] = await wms.query(`SELECT unrestricted FROM stock_balances WHERE sku = '${sku}'`);
      await wms.close();
      expect(JSON.parse(String(audited?.["detail"]))).toMatchObject({
        status: "PENDING_APPROVAL",
        reasons: ["ROLLING_TOTAL"],
      });
      expect(balance).toEqual({ unrestricted: 996 });
    });
  });

  it("leaves every figure explained by its movements", async () => {});

  /** What the audit has of a person's refused commands, oldest first. */
  async function outcomes(system: SystemName, person: string, subject: string): Promise<unknown[]> {
    const plain = await openPlain(target().config, system);
    const rows = await plain.query(
      `SELECT outcome FROM audit_rows WHERE person = '${person}' AND subject = '${subject}' ORDER BY id`,
    );
    await plain.close();
    return rows.map(({ outcome }) => outcome);
  }
});

function mutate(target: Target, token: string, fields: string): Promise<Record<string, Reply>> {
  return target.client(token).request<Record<string, Reply>>(`mutation { ${fields} }`);
}

function codesOf(replies: Record<string, Reply>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(replies).map(([as, { userErrors }]) => [as, userErrors.map(({ code }) => code)]),
  );
}

function request(sku: string, delta: number, as: string): string {
  return `${as}: requestAdjustment(input: { idempotencyKey: "${nextKey()}", sku: "${sku}", locationId: "${locationId}",
    delta: ${delta}, reasonCode: "COUNTED", evidence: ["count:C-1"] }) { adjustment { id status contentHash } ${sent} }`;
}
