/**
 * Available-to-promise from events to answers, on every database: what is expected, what has arrived, and how late.
 */
import { expect, it } from "vitest";
import { eachDatabase } from "../helpers/databases.ts";
import { type Horizon, openHorizon, person, today } from "./promise-fixture.ts";

const receipt = (horizon: Horizon, quantity: number, line: string | null) =>
  horizon.next(
    "wms",
    "receipt.recorded",
    "A",
    "L",
    { deltas: { dock: quantity } },
    { quantity, documentRef: { type: "PURCHASE_ORDER", id: "PO1", line } },
  );
const posting = (horizon: Horizon, quantity: number, line: string | null) =>
  horizon.next(
    "erp",
    "erp.posting.acknowledged",
    "A",
    "L",
    { postedEventId: "E", bookDelta: quantity, committedDelta: 0, offset: "received", offsetDelta: -quantity },
    { quantity, documentRef: { type: "PURCHASE_ORDER", id: "PO1", line } },
  );

eachDatabase("available-to-promise", (makeKernel) => {
  it("counts a purchase order from its date on, and available-to-sell does not", async () => {
    const horizon = await openHorizon(makeKernel);
    await horizon.stock("A", "L", 10);
    await horizon.publish(horizon.supply("A", "L", {}));
    expect(await horizon.promised("A", "L", "2025-06-01", today, "2026-01-18", "2026-01-19", "2026-12-31")).toEqual([
      10, 10, 10, 10, 60, 60,
    ]);
  });

  it("never promises supply without a date, and what is overdue tomorrow at the earliest", async () => {
    const horizon = await openHorizon(makeKernel);
    await horizon.stock("A", "L", 10);
    await horizon.publish(
      horizon.supply("A", "L", { promisedOn: null }),
      horizon.supply("A", "L", { line: "2", openQuantity: 7, promisedOn: "2025-11-30" }),
    );
    expect(await horizon.promised("A", "L", today, "2026-01-06", "2030-01-01")).toEqual([10, 10, 17, 17]);
  });

  it("takes a receipt off the supply at once, by line or by document, and the ERP's posting changes nothing more", async () => {
    const horizon = await openHorizon(makeKernel);
    await horizon.stock("A", "L", 0);
    const later = "2026-02-01";
    await horizon.publish(horizon.supply("A", "L", {}), horizon.supply("A", "L", { line: "2", openQuantity: 20 }));
    expect(await horizon.promised("A", "L", later)).toEqual([0, 70]);
    await horizon.publish(receipt(horizon, 30, "1"));
    expect(await horizon.promised("A", "L", later)).toEqual([0, 40]);
    await horizon.publish(receipt(horizon, 25, null));
    expect(await horizon.promised("A", "L", later)).toEqual([0, 15]);
    await horizon.publish(posting(horizon, 30, "1"), horizon.supply("A", "L", { openQuantity: 20 }));
    expect(await horizon.promised("A", "L", later)).toEqual([0, 15]);
    await horizon.publish(
      posting(horizon, 25, null),
      horizon.supply("A", "L", { openQuantity: 0 }),
      horizon.supply("A", "L", { line: "2", openQuantity: 15 }),
    );
    expect(await horizon.promised("A", "L", later)).toEqual([0, 15]);
    // What is closed and posted leaves no row behind.
    expect(await horizon.db.query("SELECT line FROM inbound_lines")).toEqual([{ line: "2" }]);
    expect(await horizon.db.query("SELECT line FROM inbound_receipts")).toEqual([]);
  });

  it("an ERP snapshot replaces what was expected before it", async () => {
    const horizon = await openHorizon(makeKernel);
    await horizon.stock("A", "L", 0);
    const lost = horizon.supply("A", "L", { line: "9", openQuantity: 500 });
    await horizon.publish(horizon.supply("A", "L", {}));
    const erp = { book: 0, committed: 0, inbound: [{ ...line("3"), openQuantity: 5 }] };
    await horizon.publish(horizon.next("erp", "inventory.snapshot", "A", "L", { asOfSeq: 3, erp }));
    expect(await horizon.promised("A", "L", "2026-02-01")).toEqual([0, 5]);
    await horizon.publish(lost);
    expect(await horizon.promised("A", "L", "2026-02-01")).toEqual([0, 5]);
  });

  it("a supplier who was late is expected late again, each line counted once", async () => {
    const horizon = await openHorizon(makeKernel);
    await horizon.stock("A", "L", 0);
    const arrived = (n: number, arrivedOn: string) =>
      horizon.supply("A", "L", { documentId: `PO${n}`, openQuantity: 0, promisedOn: "2025-12-01", arrivedOn });
    const history = [
      ...[10, 11, 12, 13, 14, 15, 16].map((n) => arrived(n, "2025-11-28")),
      arrived(17, "2025-12-03"),
      arrived(18, "2025-12-05"),
      arrived(19, "2025-12-31"),
    ];
    await horizon.publish(...history);
    await horizon.publish(...history.slice(7), horizon.supply("A", "L", {}));
    // 9 of 10 were at most 4 days late.
    expect(await horizon.promised("A", "L", "2026-01-22", "2026-01-23")).toEqual([0, 0, 50]);
    // The same line told once more, with another day: it is counted as the newest word has it.
    await horizon.publish(arrived(19, "2025-12-01"));
    expect(await horizon.db.query("SELECT SUM(arrived_lines) AS n FROM lateness")).toMatchObject([
      { n: expect.toSatisfy((n) => Number(n) === 10) },
    ]);
    expect(await horizon.promised("A", "L", "2026-01-20", "2026-01-21")).toEqual([0, 0, 50]);
  });

  it("an approved restock is supply, and a channel's policy says how much is promised of what", async () => {
    const horizon = await openHorizon(makeKernel);
    await horizon.stock("A", "L", 10);
    await horizon.publish(
      horizon.supply("A", "L", {}),
      horizon.supply("A", "L", { documentType: "TRANSFER", documentId: "T1", openQuantity: 9, from: "M" }),
      horizon.next("returns", "return.dispositioned", "A", "L", {
        returnId: "R1",
        quarantinedDelta: 0,
        restockApprovedDelta: 4,
        step: "APPROVED",
        disposition: "RESTOCK",
      }),
    );
    expect(await horizon.promised("A", "L", "2026-01-06", "2026-01-07", "2026-01-19")).toEqual([10, 10, 14, 73]);
    const proposal = `mutation { setChannelPolicy(input: { idempotencyKey: "p1", channel: "WEB", promising: {
      purchaseOrderPercent: 50, transferPercent: 0, restockDays: 1, restockPercent: 75 } }) {
      policy { policyVersion } userErrors { code field } } }`;
    const approval = `mutation { approveChannelPolicy(input: { idempotencyKey: "a1", policyVersion: 2 }) {
      policy { status } userErrors { code } } }`;
    expect(await horizon.read(proposal, {}, person("ann", "planner"))).toMatchObject({
      setChannelPolicy: { userErrors: [] },
    });
    await horizon.read(approval, {}, person("bob", "manager"));
    expect(await horizon.promised("A", "L", "2026-01-06", "2026-01-07", "2026-01-19")).toEqual([10, 13, 13, 38]);
  });

  it("refuses a policy of promises beyond its bounds, by field", async () => {
    const horizon = await openHorizon(makeKernel);
    const propose = (promising: string) =>
      horizon.read(
        `mutation { setChannelPolicy(input: { idempotencyKey: "${promising}", channel: "WEB", promising: { ${promising} } }) {
          policy { policyVersion } userErrors { code field } } }`,
        {},
        person("ann", "planner"),
      );
    for (const field of ["purchaseOrderPercent: 101", "latenessPercentile: -1", "restockDays: 366"]) {
      expect(await propose(field)).toEqual({
        setChannelPolicy: {
          policy: null,
          userErrors: [{ code: "INVALID_INPUT", field: ["input", "promising", field.split(":")[0]] }],
        },
      });
    }
  });
});

function line(of: string) {
  return {
    documentType: "PURCHASE_ORDER" as const,
    documentId: "PO1",
    line: of,
    openQuantity: 50,
    orderedQuantity: 50,
    promisedOn: "2026-01-19",
    from: null,
    arrivedOn: null,
  };
}
