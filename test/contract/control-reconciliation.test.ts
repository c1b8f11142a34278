/**
 * Books against warehouse: what explains a difference, what is let go, what becomes a case, and what people do about it.
 *
 * Events come through the memory bus, so they have been handled when `deliver` resolves; what time does, does itself.
 */
import { beforeAll, expect, it, vi } from "vitest";
import { type AnyEvent, noStock } from "../../shared/events/canonical-event.ts";
import type { Role } from "../../shared/identity.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type ControlDesk, openControl } from "./control-fixture.ts";

interface Case {
  readonly id: string;
  readonly sku: string;
  readonly status: string;
  readonly class: string;
  readonly variance: number;
  readonly countedDelta: number;
  readonly warehouseOnHand: number;
  readonly bookOnHand: number;
  readonly tier: string;
  readonly contentHash: string;
  readonly evidence: readonly { readonly type: string }[];
  readonly counts: readonly { readonly countedBy: string }[];
}

const fields = `id sku status class variance countedDelta warehouseOnHand bookOnHand tier contentHash
  evidence { type } counts { countedBy }`;

eachDatabase("reconciliation", (makeKernel) => {
  let desk: ControlDesk;
  let keys = 0;
  const seqs = new Map<string, number>();

  /** Of one owner about one position, in its sequence. */
  function told(source: "wms" | "erp", type: AnyEvent["type"], sku: string, more: object): AnyEvent {
    const seq = (seqs.get(`${source}|${sku}`) ?? 0) + 1;
    seqs.set(`${source}|${sku}`, seq);
    return canonicalEvent(source, type, `${sku}|WEST`, seq, { sku, locationId: "WEST", ...more } as never);
  }

  const product = (sku: string, unitCost: string | null = null, units: readonly object[] = []) =>
    canonicalEvent("erp", "master.changed", `product:${sku}`, 1, {
      sku,
      data: {
        ...{ kind: "product", version: 1, name: sku, baseUnit: "EA", class: null, active: true, safetyStock: 0 },
        ...{ unitCost, units },
      } as never,
    });
  const stock = (sku: string, unrestricted: number) => {
    const asOfSeq = (seqs.get(`wms|${sku}`) ?? 0) + 1;
    return told("wms", "inventory.snapshot", sku, { data: { asOfSeq, wms: { ...noStock, unrestricted } } });
  };
  const book = (sku: string, bookDelta: number) => told("erp", "book.balance.changed", sku, { data: { bookDelta } });
  const paper = (
    sku: string,
    type: "adjustment.requested" | "adjustment.approved" | "adjustment.rejected",
    delta: number,
  ) =>
    canonicalEvent("wms", type, `adjustment:${sku}-1`, type === "adjustment.requested" ? 1 : 2, {
      ...{ sku, locationId: "WEST", quantity: delta, reasonCode: "COUNTED", toBucket: "unrestricted" },
      data: { adjustmentId: `${sku}-1`, contentHash: "h", tier: "SUPERVISOR" },
    });
  const count = (sku: string, id: string, counted: number) =>
    canonicalEvent("wms", "count.recorded", `count:${id}`, 1, {
      ...{ locationId: "WEST", actor: "rosa" },
      data: {
        ...{ countId: id, countedBy: "carl", recountOf: null },
        lines: [{ sku, bucket: "unrestricted", expected: 0, counted, adjustmentId: null }],
      },
    });

  async function ask<T>(query: string, variables: object, roles: readonly Role[], person: string): Promise<T> {
    const { data, errors } = await desk.ask<T>(query, { ...variables }, roles, person);
    expect(errors).toBeUndefined();
    return data;
  }

  async function cases(sku: string, status?: string): Promise<readonly Case[]> {
    const query = `query ($status: VarianceCaseStatus) { varianceCases(status: $status, first: 200) { nodes { ${fields} } } }`;
    const { varianceCases } = await ask<{ varianceCases: { nodes: Case[] } }>(query, { status }, ["auditor"], "audrey");
    return varianceCases.nodes.filter((one) => one.sku === sku);
  }

  async function change(
    name: string,
    input: object,
    person = "petra",
    roles: readonly Role[] = ["planner", "manager"],
  ) {
    const document = `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) {
      ${name}(input: $input) { varianceCase { ${fields} } userErrors { code } } }`;
    const data = await ask<Record<string, { varianceCase: Case | null; userErrors: { code: string }[] }>>(
      document,
      { input: { idempotencyKey: `case-${++keys}`, ...input } },
      roles,
      person,
    );
    return data[name] as NonNullable<(typeof data)[string]>;
  }

  /** Differences have had their time. */
  async function settled(sku: string): Promise<Case> {
    desk.clock.advance(901_000);
    return vi.waitFor(
      async () => {
        const [found] = await cases(sku);
        if (!found) throw new Error("no case yet");
        return found;
      },
      { timeout: 15_000, interval: 50 },
    );
  }

  beforeAll(async () => {
    desk = await openControl(makeKernel);
  });

  it("takes what the books have not followed yet for timing, and their answer for its end", async () => {
    await desk.deliver(product("T1"), stock("T1", 100), book("T1", 100));
    const shipped = told("wms", "shipment.confirmed", "T1", { quantity: 40, data: { deltas: { picked: -40 } } });
    await desk.deliver(shipped);
    const run = await reconciled({ skus: ["T1"] });
    expect(run).toMatchObject({ positions: 1, timing: 1, matched: 0, opened: 0, byClass: [] });
    await desk.deliver(
      told("erp", "erp.posting.acknowledged", "T1", {
        data: { postedEventId: shipped.id, bookDelta: -40, committedDelta: 0, offset: "none", offsetDelta: 0 },
      }),
    );
    expect(await reconciled({ skus: ["T1"] })).toMatchObject({ positions: 1, timing: 0, matched: 1 });
  });

  it("opens a case once a difference has settled, with both figures, and closes it when they agree", async () => {
    await desk.deliver(product("C1"), book("C1", 90), stock("C1", 70));
    expect(await reconciled({ skus: ["C1"] })).toMatchObject({ settling: 1, opened: 0 });
    expect(await settled("C1")).toMatchObject({
      ...{ status: "EVIDENCE_ATTACHED", class: "PHYSICAL", variance: -20, warehouseOnHand: 70, bookOnHand: 90 },
      evidence: [{ type: "inventory.snapshot" }, { type: "book.balance.changed" }],
    });
    expect(await reconciled({ locationIds: ["WEST"], skus: ["C1"] })).toMatchObject({ known: 1, opened: 0 });
    const [opened] = await desk.events("variance.opened");
    expect(opened).toMatchObject({ sku: "C1", locationId: "WEST", sourceSeq: 1, data: { variance: -20 } });
    await desk.deliver(book("C1", -20));
    expect(await cases("C1")).toMatchObject([{ status: "CLOSED", variance: 0, bookOnHand: 70 }]);
    expect((await desk.events("variance.closed")).map(({ sourceSeq }) => sourceSeq)).toEqual([2]);
  });

  it("says where a difference seems to come from", async () => {
    await desk.deliver(
      product("U1", null, [{ unit: "CASE", numerator: 12, denominator: 1 }]),
      ...[book("U1", 240), stock("U1", 20)],
      ...[product("I1"), book("I1", 50), stock("I1", 50)],
      ...[book("M1", 5), stock("M1", 50)],
    );
    const received = told("wms", "receipt.recorded", "I1", { quantity: 30, data: { deltas: { dock: 30 } } });
    await desk.deliver(received);
    const refused = { postedEventId: received.id, code: "QUANTITY_OUT_OF_RANGE" };
    await desk.deliver(told("erp", "erp.posting.failed", "I1", { quantity: 30, data: refused }));
    expect(await settled("U1")).toMatchObject({ class: "UNIT_CONVERSION", variance: -220 });
    expect(await settled("I1")).toMatchObject({ class: "INTEGRATION", variance: 30 });
    expect(await settled("M1")).toMatchObject({ class: "MASTER_DATA", variance: 45, tier: "CONTROLLER" });
  });

  it("lets go what is within tolerance, once", async () => {
    await desk.deliver(product("S1", "1.00"), book("S1", 500), stock("S1", 497));
    expect(await settled("S1")).toMatchObject({ status: "AUTO_CLEARED", variance: -3 });
    expect(await reconciled({ skus: ["S1"] })).toMatchObject({ cleared: 1, opened: 0 });
    await desk.deliver(told("wms", "putaway.completed", "S1", { data: { deltas: { dock: -1, unrestricted: 1 } } }));
    desk.clock.advance(901_000);
    expect(await reconciled({ locationIds: ["WEST"], skus: ["S1"] })).toMatchObject({ cleared: 1 });
    expect(await cases("S1")).toHaveLength(1);
  });

  it("is corrected as proposed, by another person of the tier, for the figures that were read", async () => {
    await desk.deliver(product("P1", "50.00"), book("P1", 100), stock("P1", 60));
    const { id, tier } = await settled("P1");
    expect(tier).toBe("MANAGER");
    expect((await change("requestRecount", { id })).varianceCase?.status).toBe("RECOUNT_REQUESTED");
    expect((await change("requestRecount", { id })).userErrors).toEqual([{ code: "ILLEGAL_TRANSITION" }]);
    await desk.deliver(count("P1", "CNT-1", 60));
    expect(await cases("P1")).toMatchObject([{ status: "RECOUNTED", counts: [{ countedBy: "carl" }] }]);
    const proposal = { id, rootCause: "Never arrived.", correct: "BOOKS" };
    expect((await change("proposeVarianceCorrection", { ...proposal, correct: "COUNT" })).userErrors).toEqual([
      { code: "INVALID_INPUT" },
    ]);
    const first = (await change("proposeVarianceCorrection", proposal)).varianceCase;
    expect(first?.status).toBe("PENDING_APPROVAL");
    await desk.deliver(stock("P1", 61));
    const decide = (
      person: string,
      contentHash: string | undefined,
      roles: Role[] = ["manager"],
      decision = "APPROVE",
    ) => change("decideVarianceCase", { id, contentHash, decision }, person, roles);
    expect((await decide("mona", first?.contentHash)).userErrors).toEqual([{ code: "CONTENT_CHANGED" }]);
    const { contentHash } = (await cases("P1"))[0] as Case;
    for (const person of ["petra", "carl", "rosa"]) {
      expect((await decide(person, contentHash)).userErrors).toEqual([{ code: "SAME_PERSON" }]);
    }
    expect((await decide("sven", contentHash, ["supervisor"])).userErrors).toEqual([{ code: "APPROVAL_TIER_TOO_LOW" }]);
    expect((await decide("sven", contentHash, ["supervisor"], "REJECT")).varianceCase?.status).toBe(
      "EVIDENCE_ATTACHED",
    );
    const again = (await change("proposeVarianceCorrection", proposal)).varianceCase;
    expect((await decide("mona", again?.contentHash)).varianceCase?.status).toBe("POSTING");
    const approved = await desk.events("variance.correction.approved");
    expect(approved).toMatchObject([{ sourceSeq: 2, data: { caseId: id, bookDelta: -39, warehouseDelta: 0 } }]);
    await desk.deliver(book("P1", -39));
    expect(await cases("P1")).toMatchObject([{ status: "CLOSED", variance: 0 }]);
  });

  it("opens at once for what a count found beyond the warehouse's tolerance, until that is decided on", async () => {
    await desk.deliver(product("N1"), book("N1", 500), stock("N1", 500), count("N1", "CNT-2", 460));
    await desk.deliver(paper("N1", "adjustment.requested", -40));
    expect(await cases("N1")).toMatchObject([
      { status: "EVIDENCE_ATTACHED", variance: 0, countedDelta: -40, counts: [{ countedBy: "carl" }] },
    ]);
    await desk.deliver(paper("N1", "adjustment.rejected", -40));
    // Another count might have replaced it, and come in a moment.
    expect(await cases("N1")).toMatchObject([{ status: "EVIDENCE_ATTACHED" }]);
    desk.clock.advance(2_001);
    await vi.waitFor(async () => expect(await cases("N1")).toMatchObject([{ status: "CLOSED" }]), 15_000);
    expect((await change("requestRecount", { id: "nobody" })).userErrors).toEqual([{ code: "UNKNOWN_DOCUMENT" }]);
  });

  it("lets go what its policy says, version by version", async () => {
    const set = async (input: object) => {
      const { setReconciliationPolicy } = await ask<Record<string, Record<string, unknown>>>(
        `mutation ($input: SetReconciliationPolicyInput!) { setReconciliationPolicy(input: $input) {
          policy { version settleSeconds tolerances { itemClass quantity } setBy } userErrors { code } } }`,
        { input: { idempotencyKey: `policy-${++keys}`, settleSeconds: 0, everyHours: 0, ...input } },
        ["manager"],
        "mona",
      );
      return setReconciliationPolicy;
    };
    const tolerance = { quantity: 50, percent: 100, value: 1_000 };
    expect(await set({ tolerances: [tolerance, tolerance] })).toMatchObject({
      userErrors: [{ code: "INVALID_INPUT" }],
    });
    const many = Array.from({ length: 1_001 }, (_, i) => ({ ...tolerance, itemClass: `K${i}` }));
    expect(await set({ tolerances: many })).toMatchObject({ userErrors: [{ code: "TOO_MANY_ITEMS" }] });
    expect(await set({ tolerances: [tolerance] })).toMatchObject({
      policy: { version: 1, settleSeconds: 0, tolerances: [{ itemClass: null, quantity: 50 }], setBy: "mona" },
    });
    await desk.deliver(product("L1", "1.00"), book("L1", 90), stock("L1", 50));
    expect(await settled("L1")).toMatchObject({ status: "AUTO_CLEARED", variance: -40 });
  });

  /** A run over these positions, from the request to its end. */
  async function reconciled(scope: object): Promise<Record<string, unknown>> {
    const { startReconciliation } = await ask<{ startReconciliation: { reconciliation: { id: string } } }>(
      `mutation ($input: StartReconciliationInput!) { startReconciliation(input: $input) {
        reconciliation { id status } userErrors { code } } }`,
      { input: { idempotencyKey: `run-${++keys}`, ...scope } },
      ["planner"],
      "petra",
    );
    const { id } = startReconciliation.reconciliation;
    return vi.waitFor(
      async () => {
        const { reconciliation } = await ask<{ reconciliation: Record<string, unknown> }>(
          `query ($id: ID!) { reconciliation(id: $id) { status positions matched timing settling cleared opened known
            byClass { class positions } } }`,
          { id },
          ["auditor"],
          "audrey",
        );
        expect(reconciliation["status"]).toBe("DONE");
        return reconciliation;
      },
      { timeout: 15_000, interval: 50 },
    );
  }
});
