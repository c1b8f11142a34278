/**
 * From quarantine to what became of the goods, through the GraphQL schema of the returns desk, on every database.
 *
 * What the warehouse does comes as facts through the memory bus. Ends with the proof that every unit of every position
 * is explained by its movements.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Bucket } from "../../shared/events/canonical-event.ts";
import type { Role } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import {
  approveDisposition,
  inspectReturn,
  openReturnsDesk,
  proposeDisposition,
  putaway,
  type Reply,
  type ReturnsDesk,
  receiveReturn,
  rejectDisposition,
  stockOf,
  takenOut,
  unexplainedPositions,
} from "./returns-fixture.ts";

const documents = { inspectReturn, proposeDisposition, approveDisposition, rejectDisposition };
type Step = keyof typeof documents;

eachDatabase("what becomes of returned goods", (makeKernel) => {
  let desk: ReturnsDesk;
  let keys = 0;

  beforeAll(async () => {
    desk = await openReturnsDesk(makeKernel);
  });

  async function ask(step: Step, input: Record<string, unknown>, roles?: readonly Role[], person?: string) {
    const full = { idempotencyKey: `judge-${++keys}`, ...input };
    const { data, errors } = await desk.ask<Record<Step, Reply>>(documents[step], { input: full }, roles, person);
    expect(errors).toBeUndefined();
    return data[step];
  }

  /** A return nobody announced, at WEST; its number. */
  async function received(...lines: { sku: string; quantity: number }[]): Promise<string> {
    const input = { idempotencyKey: `received-${++keys}`, locationId: "WEST", lines };
    const { data } = await desk.ask<{ receiveReturn: Reply }>(receiveReturn, { input });
    expect(data.receiveReturn.userErrors).toEqual([]);
    return data.receiveReturn.return.id;
  }

  /** Inspected and proposed by rita: what is to become of line 1. */
  async function proposed(disposition: string, quantity = 6) {
    const returnId = await received({ sku: "A", quantity });
    await ask("inspectReturn", { returnId, lines: [{ lineId: "1", condition: "GOOD" }] });
    const reply = await ask("proposeDisposition", { returnId, lines: [{ lineId: "1", disposition }] });
    expect(reply.userErrors).toEqual([]);
    return { returnId, contentHash: String(reply.return["contentHash"]) };
  }

  const approve = (proposal: object, person = "sue", roles: readonly Role[] = ["supervisor"]) =>
    ask("approveDisposition", { ...proposal, note: "fine" }, roles, person);

  /** How the figures of A at WEST change by the work. */
  async function changeBy(work: () => Promise<unknown>) {
    const figures = async () => (await stockOf(desk, "A")) as Record<string, number> | undefined;
    const before = await figures();
    await work();
    const after = await figures();
    const change = (name: string) => (after?.[name] ?? 0) - (before?.[name] ?? 0);
    return [change("quarantined"), change("inInspection"), change("restockApproved")];
  }

  it("goes from quarantine over inspection, proposal and approval to the shelf, and ends with nothing held", async () => {
    const returnId = await received({ sku: "A", quantity: 6 });
    const inspected = ask.bind(null, "inspectReturn", {
      returnId,
      lines: [{ lineId: "1", condition: "GOOD", note: "box opened" }],
    });
    expect(await changeBy(inspected)).toEqual([-6, 6, 0]);
    let contentHash = "";
    const propose = async () => {
      const reply = await ask("proposeDisposition", { returnId, lines: [{ lineId: "1", disposition: "RESTOCKED" }] });
      expect(reply.return).toMatchObject({ status: "DISPOSITION_PROPOSED", proposedBy: "rita", decidedBy: null });
      contentHash = String(reply.return["contentHash"]);
    };
    expect(await changeBy(propose)).toEqual([0, 0, 0]);
    const decide = async () => {
      expect((await approve({ returnId, contentHash })).return).toMatchObject({
        status: "APPROVED",
        contentHash,
        proposedBy: "rita",
        decidedBy: "sue",
        decisionNote: "fine",
        lines: [{ condition: "GOOD", inspectionNote: "box opened", disposition: "RESTOCKED" }],
      });
    };
    expect(await changeBy(decide)).toEqual([0, 0, 6]);
    expect(await changeBy(() => desk.deliver(putaway(returnId, "A", 6)))).toEqual([0, -6, -6]);

    const events = (await desk.events()).filter((event) => event.documentRef?.id === returnId);
    const noMove = { returnId, quarantinedDelta: 0, inInspectionDelta: 0, restockApprovedDelta: 0 };
    expect(events.map((event) => [event.type, event.quantity, event.actor, event.data])).toEqual([
      ["return.received", 6, "rita", { returnId, quarantinedDelta: 6, announced: false }],
      ["return.inspected", 6, "rita", { ...noMove, quarantinedDelta: -6, inInspectionDelta: 6, condition: "GOOD" }],
      ["return.dispositioned", 6, "rita", { ...noMove, step: "PROPOSED", disposition: "RESTOCKED" }],
      [
        "return.dispositioned",
        6,
        "sue",
        { ...noMove, restockApprovedDelta: 6, step: "APPROVED", disposition: "RESTOCKED" },
      ],
      ["return.restocked", 6, "system:returns", { ...noMove, inInspectionDelta: -6, restockApprovedDelta: -6 }],
    ]);
    const audited = await desk.db.query<{ action: string; person: string }>(
      "SELECT action, person FROM audit_rows WHERE subject = ? ORDER BY id",
      [`return:${returnId}`],
    );
    expect(audited.map(({ action, person }) => `${person} ${action}`)).toEqual([
      "rita receiveReturn",
      "rita inspectReturn",
      "rita proposeDisposition",
      "sue approveDisposition",
      "system:returns restockReturn",
    ]);
  });

  it.each<[string, Parameters<typeof takenOut>[0], Bucket | null]>([
    ["SCRAPPED", "adjustment.posted", null],
    ["DONATED", "shipment.confirmed", null],
    ["RETURN_TO_VENDOR", "shipment.confirmed", null],
    ["REFURBISH", "stock.status.changed", "hold"],
    ["REFURBISH", "putaway.completed", "damaged"],
  ])("is %s once the warehouse has said so by %s, and nothing stays in quarantine", async (to, type, toBucket) => {
    const proposal = await proposed(to);
    expect(await changeBy(() => approve(proposal))).toEqual([0, 0, 0]);
    const out = takenOut(type, proposal.returnId, "A", 6, { toBucket });
    expect(await changeBy(() => desk.deliver(out, out))).toEqual([0, -6, 0]);
    const { data } = await desk.ask("query ($id: ID!) { return(id: $id) { status lines { restocked removed } } }", {
      id: proposal.returnId,
    });
    expect(data).toEqual({ return: { status: to, lines: [{ restocked: 0, removed: 6 }] } });
    expect((await desk.events("return.dispositioned")).at(-1)).toMatchObject({
      quantity: 6,
      fromBucket: "quarantine",
      causationId: out.id,
      data: { step: "CARRIED_OUT", disposition: to, inInspectionDelta: -6 },
    });
  });

  it("is not carried out by a pick, by stock of the shelf, or by goods that come back", async () => {
    const { returnId } = await proposed("SCRAPPED");
    const others = [
      takenOut("shipment.confirmed", returnId, "A", 1, { fromBucket: "unrestricted" }),
      takenOut("adjustment.posted", returnId, "A", 1, { fromBucket: null, toBucket: "quarantine" }),
      takenOut("adjustment.posted", returnId, "A", 1, { documentRef: { type: "COUNT", id: returnId } }),
    ];
    expect(await changeBy(() => desk.deliver(...others))).toEqual([0, 0, 0]);
  });

  describe("two persons", () => {
    const codes = (reply: Reply) => reply.userErrors.map(({ code }) => code);

    it("whoever proposed cannot decide, whatever roles the person has by then; it is audited, and another one can", async () => {
      const proposal = await proposed("RESTOCKED");
      expect(codes(await approve(proposal, "rita", ["returns-desk", "supervisor", "controller"]))).toEqual([
        "SAME_PERSON",
      ]);
      expect(codes(await ask("rejectDisposition", proposal, ["admin"], "rita"))).toEqual(["SAME_PERSON"]);
      const refused = await desk.db.query(
        "SELECT action, person FROM audit_rows WHERE outcome = 'SAME_PERSON' ORDER BY id",
      );
      expect(refused).toEqual([
        { action: "approveDisposition", person: "rita" },
        { action: "rejectDisposition", person: "rita" },
      ]);
      expect((await approve(proposal)).return).toMatchObject({ status: "APPROVED" });
    });

    it("an approval of what was proposed before does not hold for what was proposed since", async () => {
      const proposal = await proposed("DONATED");
      const edited = { returnId: proposal.returnId, lines: [{ lineId: "1", disposition: "RESTOCKED" }] };
      await ask("proposeDisposition", edited);
      const reply = await approve(proposal);
      expect(reply.userErrors).toMatchObject([{ code: "CONTENT_CHANGED", field: ["input", "contentHash"] }]);
      expect(reply.return).toBeNull();
    });

    it("a rejected proposal can be followed by another, and is never approved itself", async () => {
      const proposal = await proposed("RESTOCKED");
      const rejected = await ask("rejectDisposition", { ...proposal, note: "smells" }, ["manager"], "max");
      expect(rejected.return).toMatchObject({ status: "REJECTED", contentHash: null, decisionNote: "smells" });
      expect(codes(await approve(proposal))).toEqual(["ILLEGAL_TRANSITION"]);
      const other = await ask("proposeDisposition", {
        returnId: proposal.returnId,
        lines: [{ lineId: "1", disposition: "SCRAPPED" }],
      });
      expect(other.return).toMatchObject({ status: "DISPOSITION_PROPOSED", decidedBy: null, decisionNote: null });
    });

    it("of an approval and a rejection at once, one counts", async () => {
      const proposal = await proposed("RESTOCKED");
      const replies = await Promise.all([
        approve(proposal, "sue"),
        ask("rejectDisposition", proposal, ["manager"], "max"),
        approve(proposal, "cora", ["controller"]),
      ]);
      expect(replies.flatMap(codes)).toEqual(["ILLEGAL_TRANSITION", "ILLEGAL_TRANSITION"]);
    });

    it.each<[Step, readonly Role[]]>([
      ["inspectReturn", ["warehouse", "storefront", "supervisor"]],
      ["proposeDisposition", ["warehouse", "portal", "manager"]],
      ["approveDisposition", ["returns-desk", "warehouse", "planner"]],
      ["rejectDisposition", ["returns-desk", "warehouse", "auditor"]],
    ])("%s is not for %s", async (step, roles) => {
      const lines = {
        inspectReturn: [{ lineId: "1", condition: "X" }],
        proposeDisposition: [{ lineId: "1", disposition: "DONATED" }],
      };
      const more = step in lines ? { lines: lines[step as keyof typeof lines] } : { contentHash: "x" };
      const input = { idempotencyKey: `no-${++keys}`, returnId: "R", ...more };
      const { errors } = await desk.ask(documents[step], { input }, roles);
      expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
    });
  });

  describe("the same request again", () => {
    it("has its effect once, with the same reply", async () => {
      const proposal = await proposed("RESTOCKED");
      const input = { ...proposal, idempotencyKey: `again-${++keys}` };
      let first: Reply | undefined;
      let second: Reply | undefined;
      const twice = async () => {
        first = await approve(input);
        second = await approve(input);
      };
      expect(await changeBy(twice)).toEqual([0, 0, 6]);
      expect(second).toEqual({ ...first, replayed: true });
      const other = await approve({ ...input, contentHash: "another" });
      expect(other.userErrors).toMatchObject([{ code: "IDEMPOTENCY_KEY_REUSED" }]);
    });
  });

  it.each<[string, Step, Record<string, unknown>, string]>([
    [
      "a return nobody knows",
      "inspectReturn",
      { returnId: "NONE", lines: [{ lineId: "1", condition: "X" }] },
      "UNKNOWN_DOCUMENT",
    ],
    ["a condition that is no code", "inspectReturn", { lines: [{ lineId: "1", condition: " " }] }, "INVALID_INPUT"],
    ["a line that is no number", "inspectReturn", { lines: [{ lineId: "x", condition: "X" }] }, "INVALID_INPUT"],
    [
      "a note that is too long",
      "inspectReturn",
      { lines: [{ lineId: "1", condition: "X", note: "n".repeat(limits.noteLengthMax + 1) }] },
      "INVALID_INPUT",
    ],
    [
      "too many lines",
      "inspectReturn",
      { lines: Array.from({ length: limits.commandItemsMax + 1 }, () => ({ lineId: "1", condition: "X" })) },
      "TOO_MANY_ITEMS",
    ],
    [
      "a proposal before the inspection",
      "proposeDisposition",
      { lines: [{ lineId: "1", disposition: "DONATED" }] },
      "ILLEGAL_TRANSITION",
    ],
  ])("refuses %s", async (_, step, input, code) => {
    const returnId = await received({ sku: "B", quantity: 1 });
    const reply = await ask(step, { returnId, ...input });
    expect(reply.return).toBeNull();
    expect(reply.userErrors).toMatchObject([{ code }]);
  });

  it("explains every unit of every position by its movements, and every version by an event", async () => {
    expect(await unexplainedPositions(desk.db)).toEqual([]);
    const numbers = (await desk.events()).filter((event) => event.partitionKey === "A|WEST").map((e) => e.sourceSeq);
    const { version } = (await stockOf(desk, "A")) as { version: number };
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: version }, (_, i) => i + 1));
  });
});
