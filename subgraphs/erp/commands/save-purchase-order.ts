/**
 * savePurchaseOrder: one purchase order with all its lines, as the caller's system has it now.
 *
 * A line that is no longer there is no longer expected. What the warehouse has received counts also when it was
 * reported before the order was saved.
 */
import {
  type CommandDeps,
  type CommandInput,
  type Payload,
  type RequestContext,
  runCommand,
} from "../../../shared/command.ts";
import { parseDocumentId } from "../../../shared/ids.ts";
import { openBook } from "../domain/book.ts";
import type { SaveStatus } from "../domain/draft.ts";
import { discrepancyEvent, supplyEvent } from "../domain/events.ts";
import {
  decidePurchaseOrder,
  discrepancyChanges,
  inboundChanges,
  type PurchaseOrder,
  type PurchaseOrderInput,
  placesConcerned,
  placesOfOrder,
  withReceipts,
} from "../domain/purchase-order.ts";
import { openTotals } from "../domain/settlement.ts";
import { loadTotals, lockPositions, saveBook } from "../store/books.ts";
import { loadCatalogue, sightOf } from "../store/master-data.ts";
import { lockPurchaseOrder, savePurchaseOrder as storePurchaseOrder } from "../store/purchase-orders.ts";
import { assertItemCount } from "./item-limit.ts";
import { unknownOrder } from "./seen-order.ts";

export interface SavePurchaseOrderInput extends CommandInput, PurchaseOrderInput {}

export interface SavePurchaseOrderReply {
  readonly purchaseOrder: PurchaseOrder | null;
  readonly status: SaveStatus;
}

/**
 * Can fail with INVALID_INPUT, TOO_MANY_ITEMS, UNKNOWN_SKU, UNKNOWN_LOCATION, UOM_UNMAPPED, QUANTITY_NOT_POSITIVE,
 * QUANTITY_OUT_OF_RANGE, UNKNOWN_DOCUMENT.
 */
export function savePurchaseOrder(
  deps: CommandDeps,
  input: SavePurchaseOrderInput,
  context: RequestContext,
): Promise<Payload<SavePurchaseOrderReply>> {
  return runCommand<SavePurchaseOrderReply>(deps, {
    operation: "savePurchaseOrder",
    input,
    context,
    refused: { purchaseOrder: null, status: "REJECTED" },
    work: async (tx, recorder) => {
      assertItemCount(input.lines, "lines");
      const id = parseDocumentId(input.id, ["input", "id"]);
      const catalogue = await loadCatalogue(tx, input.lines, context.identity);
      const before = await lockPurchaseOrder(tx, id);
      const [seen] = await sightOf(context.identity, tx).only([before], placesOfOrder);
      if (before && !seen) throw unknownOrder(id, ["input", "id"]);
      const wanted = decidePurchaseOrder(input, before, catalogue);
      if (wanted === before) return { purchaseOrder: before, status: "UNCHANGED" };

      const book = openBook(await lockPositions(tx, placesConcerned(before, wanted)));
      // Only now, when no more receipts can come in between.
      const totals = openTotals(await loadTotals(tx, [{ documentType: "PURCHASE_ORDER", documentId: id }]));
      const after = withReceipts(wanted, totals, null);
      for (const change of inboundChanges(before, after)) {
        recorder.event(supplyEvent(change, book.nextVersion(change)));
      }
      for (const change of discrepancyChanges(before, after)) recorder.event(discrepancyEvent(after, change));
      await storePurchaseOrder(tx, before, after, deps.clock.now());
      await saveBook(tx, book, () => recorder.cause, deps.clock.now());
      recorder.audit({ subject: `purchase-order:${id}`, action: "savePurchaseOrder", detail: { before, after } });
      return { purchaseOrder: after, status: before ? "UPDATED" : "CREATED" };
    },
  });
}
