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
    const town = await openTown(target(), "TR-5", 250);
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
});
