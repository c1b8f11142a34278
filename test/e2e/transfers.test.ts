/**
 * Story 5: goods move from one location to another, and what gets lost on the way is seen, named and resolved.
 *
 * Both ends are looked at after every step: the units are never at both.
 */
import { expect, it } from "vitest";
import { expectNothingBridged } from "../helpers/conservation.ts";
import { eachTarget } from "../helpers/target.ts";
import { openTown, type TransferTown, type TransferView } from "../helpers/transfers.ts";

eachTarget("a transfer", (target) => {
  async function becomes(town: TransferTown, id: string, status: string, origin: object, destination: object) {
    await target().eventually(async () => {
      expect(await town.transfer(id)).toMatchObject({ status });
      expect(await town.end(town.from)).toMatchObject(origin);
      expect(await town.end(town.to)).toMatchObject(destination);
    });
  }

  const settled = () => target().eventually(() => expectNothingBridged(target()));

  it("of 100 received as 97 is DISCREPANT by 3; written off, received and closed, the units are never at both ends", async () => {
    const town = await openTown(target, "TR-5", 250);
    const { from, to, sku } = town;
    const asked = await town.as("paula", "requestTransfer", {
      originId: from,
      destinationId: to,
      lines: [
        { sku, quantity: 60 },
        { sku, quantity: 40 },
      ],
      needBy: "2026-02-01",
    });
    expect(asked).toMatchObject({
      transferOrder: { status: "PENDING_APPROVAL", lines: [{ requested: 100 }] },
      userErrors: [],
    });
    const { id } = asked.transferOrder as TransferView;
    await becomes(town, id, "PENDING_APPROVAL", { ats: 250, committed: 0 }, { ats: 0, toCome: 0 });

    await town.as("petra", "approveTransfer", { id });
    await becomes(town, id, "APPROVED", { ats: 150, onHand: 250, committed: 100 }, { toCome: 0 });

    await town.record({ type: "PICK", locationId: from, quantity: 70, documentRef: { type: "TRANSFER", id } });
    await becomes(town, id, "PICKING", { ats: 150, onHand: 250, committed: 100 }, { toCome: 0 });

    const shipped = await town.as("sam", "shipTransfer", { transferId: id, lines: [{ sku, quantity: 60 }] });
    expect(shipped).toMatchObject({ transfer: { lines: [{ shipped: 60, inTransit: 60 }] }, userErrors: [] });
    await becomes(town, id, "SHIPPED", { ats: 150, onHand: 190, book: 190, committed: 40 }, { ats: 0, toCome: 60 });
    await town.as("sam", "shipTransfer", { transferId: id, lines: [{ sku, quantity: 40 }] });
    await becomes(town, id, "SHIPPED", { ats: 150, onHand: 150, book: 150, committed: 0 }, { ats: 0, toCome: 100 });

    const own = await town.as("sam", "receiveTransfer", { transferId: id, lines: [{ sku, quantity: 97 }] });
    expect(own.userErrors).toEqual([{ code: "SAME_PERSON" }]);
    await town.as("rosa", "receiveTransfer", { transferId: id, lines: [{ sku, quantity: 50 }], moreToCome: true });
    await becomes(town, id, "PARTIALLY_RECEIVED", { onHand: 150 }, { dock: 50, book: 50, toCome: 50 });
    await town.as("rosa", "receiveTransfer", { transferId: id, lines: [{ sku, quantity: 47 }] });
    await becomes(town, id, "DISCREPANT", { ats: 150, book: 150 }, { ats: 0, dock: 97, book: 97, toCome: 3 });
    expect(await town.transfer(id)).toMatchObject({ inTransit: 3, lines: [{ shipped: 100, received: 97 }] });

    const lost = { id, resolution: "WRITTEN_OFF", note: "The seal was broken." };
    expect(await town.as("mona", "resolveTransferDiscrepancy", lost)).toMatchObject({
      transferOrder: { status: "RECEIVED", inTransit: 0, lines: [{ writtenOff: 3 }] },
    });
    await becomes(town, id, "RECEIVED", { book: 150 }, { book: 97, toCome: 0 });
    await town.as("petra", "closeTransfer", { id });
    await town.record({ type: "PUTAWAY", locationId: to, quantity: 97 });
    await becomes(town, id, "CLOSED", { ats: 150, onHand: 150, book: 150 }, { ats: 97, onHand: 97, book: 97 });
    await settled();
  });

  it("whose missing goods never left is put right at the origin, and what is found is received", async () => {
    const town = await openTown(target, "TR-6", 50);
    const id = await town.approved(20);
    await becomes(town, id, "APPROVED", { ats: 30, committed: 20 }, { toCome: 0 });
    const lines = (quantity: number) => ({ transferId: id, lines: [{ sku: town.sku, quantity }] });
    await town.as("sam", "shipTransfer", lines(20));
    await town.as("rosa", "receiveTransfer", lines(15));
    await becomes(town, id, "DISCREPANT", { ats: 30, onHand: 30, book: 30 }, { dock: 15, book: 15, toCome: 5 });
    await town.as("rosa", "receiveTransfer", lines(1));
    await becomes(town, id, "DISCREPANT", { onHand: 30 }, { dock: 16, book: 16, toCome: 4 });
    await town.as("mona", "resolveTransferDiscrepancy", { id, resolution: "NOT_SHIPPED" });
    const origin = { ats: 30, onHand: 34, book: 34, committed: 4 };
    await becomes(town, id, "PARTIALLY_RECEIVED", origin, { dock: 16, book: 16, toCome: 0 });
    await town.as("petra", "closeTransfer", { id });
    await becomes(town, id, "CLOSED", { ats: 34, onHand: 34, committed: 0 }, { onHand: 16, toCome: 0 });
    await settled();
  });

  it("cancelled while it is shipped ends as what happened, and nothing stays bridged", async () => {
    const town = await openTown(target, "TR-7", 50);
    const id = await town.approved(20);
    const shipment = { transferId: id, lines: [{ sku: town.sku, quantity: 20 }] };
    const [cancelled, shipped] = await Promise.all([
      town.as("paula", "cancelTransfer", { id }),
      town.as("sam", "shipTransfer", shipment),
    ]);
    const codes = [...cancelled.userErrors, ...shipped.userErrors].map(({ code }) => code);
    const left = shipped.userErrors.length === 0;
    // Whichever came first; or both, where neither had heard of the other: then facts beat paper.
    expect(codes.filter((code) => code !== "ILLEGAL_TRANSITION" && code !== "UNKNOWN_DOCUMENT")).toEqual([]);
    const onHand = left ? 30 : 50;
    const end = { onHand, book: onHand, committed: 0, ats: onHand };
    await becomes(town, id, left ? "SHIPPED" : "CANCELLED", end, { toCome: left ? 20 : 0 });
    await settled();
  });

  it("reported by a warehouse's own system, twice and backwards, is the same transfer", async () => {
    const town = await openTown(target, "TR-8", 50);
    const id = await town.approved(20);
    await becomes(town, id, "APPROVED", { ats: 30 }, {});
    const documentRef = { type: "TRANSFER", id };
    const facts = [
      { id: "tr-8-received", type: "RECEIPT", locationId: town.to, quantity: 20, documentRef },
      {
        id: "tr-8-shipped",
        type: "SHIPMENT",
        locationId: town.from,
        quantity: 20,
        fromBucket: "UNRESTRICTED",
        documentRef,
      },
    ];
    const statuses: unknown[] = [];
    for (const fact of [...facts, ...facts]) statuses.push(...((await town.record(fact)) as { status: string }[]));
    expect(statuses).toMatchObject(["ACCEPTED", "ACCEPTED", "DUPLICATE", "DUPLICATE"].map((status) => ({ status })));
    const origin = { ats: 30, onHand: 30, book: 30, committed: 0 };
    await becomes(town, id, "RECEIVED", origin, { dock: 20, book: 20, toCome: 0 });
    await settled();
  });
});
