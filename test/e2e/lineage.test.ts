/**
 * A number is traced back: from a balance to its movement, and from there to the events, documents and people behind it,
 * across systems.
 */
import { expect, it, vi } from "vitest";
import { eachTarget } from "../helpers/target.ts";
import { openTown } from "../helpers/transfers.ts";

interface Entry {
  readonly kind: string;
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly causationId: string | null;
  readonly actor: string;
  readonly document: { readonly type: string; readonly id: string } | null;
}

eachTarget("a number", (target) => {
  it("leads back to the document, the person and every system that was told, a cause before its effect", async () => {
    const town = await openTown(target, "TR-L", 50);
    const id = await town.approved(20);
    const lines = (quantity: number) => ({ transferId: id, lines: [{ sku: town.sku, quantity }] });
    await target().eventually(async () =>
      expect((await town.as("sam", "shipTransfer", lines(20))).userErrors).toEqual([]),
    );
    await town.as("rosa", "receiveTransfer", lines(15));
    await target().eventually(async () =>
      expect(await town.end(town.to)).toMatchObject({ dock: 15, book: 15, toCome: 5 }),
    );

    const auditor = target().client(await target().token("audrey", ["auditor"]));
    type Position = { stockPosition: { movements: { nodes: { quantity: number; correlationId: string }[] } } };
    const { stockPosition } = await auditor.request<Position>(
      "query ($sku: ID!, $at: ID!) { stockPosition(sku: $sku, locationId: $at) { movements(first: 1) { nodes { quantity correlationId } } } }",
      { sku: town.sku, at: town.to },
    );
    const [movement] = stockPosition.movements.nodes;
    expect(movement?.quantity).toBe(15);

    const story = await vi.waitFor(
      async () => {
        const { eventLineage } = await auditor.request<{ eventLineage: Entry[] }>(
          "query ($story: ID!) { eventLineage(correlationId: $story) { kind id type source causationId actor document { type id } } }",
          { story: movement?.correlationId },
        );
        const sources = eventLineage.filter(({ kind }) => kind === "AUDIT").map(({ source }) => source);
        for (const source of ["wms", "erp", "control"]) expect(sources).toContain(source);
        return eventLineage;
      },
      { timeout: 20_000, interval: 200 },
    );
    const command = story.find(({ kind }) => kind === "COMMAND");
    expect(command).toMatchObject({ source: "wms", actor: "rosa" });
    const received = story.find(({ type, kind }) => kind === "EVENT" && type === "transfer.received");
    expect(received).toMatchObject({ source: "wms", causationId: command?.id, document: { type: "TRANSFER", id } });
    for (const type of ["erp.posting.acknowledged", "transfer.discrepancy"]) {
      expect(story.find((entry) => entry.type === type && entry.kind === "EVENT")).toMatchObject({
        source: "erp",
        causationId: received?.id,
      });
    }
    expect(story.find(({ kind, source }) => kind === "AUDIT" && source === "control")).toMatchObject({
      type: "raiseException",
    });
    const at = new Map(story.map((entry, i) => [entry.id, i]));
    for (const { id: effect, causationId } of story) {
      if (causationId !== null && at.has(causationId)) {
        expect(at.get(causationId)).toBeLessThan(at.get(effect) as number);
      }
    }
    type Verification = { auditVerification: { intact: boolean; systems: { verified: number }[] } };
    const { auditVerification } = await auditor.request<Verification>(
      "{ auditVerification { intact systems { verified } } }",
    );
    expect(auditVerification.intact).toBe(true);
  });
});
