/**
 * deallocateOrder: gives back what is still open of an order, whole or in part.
 *
 * What was shipped stays shipped. Nothing open is nothing to do, and no error.
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
import { deallocatedEvent } from "../domain/events.ts";
import {
  allocationOf,
  type DeallocationLineInput,
  openOrders,
  planDeallocation,
  type Released,
} from "../domain/order.ts";
import { openTotals } from "../domain/settlement.ts";
import { loadTotals, lockPositions, saveBook } from "../store/books.ts";
import { loadOrderLines, lockOrder, saveOrderLines } from "../store/orders.ts";
import type { OrderAllocationReply } from "./allocate-order.ts";
import { assertItemCount } from "./item-limit.ts";
import { assertSeesOrder, unknownOrder } from "./seen-order.ts";

export interface DeallocateOrderInput extends CommandInput {
  readonly orderId: string;
  readonly lines?: readonly DeallocationLineInput[] | null;
}

/**
 * Can fail with INVALID_INPUT, TOO_MANY_ITEMS, UNKNOWN_DOCUMENT, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE,
 * ALLOCATION_EXCEEDED.
 */
export function deallocateOrder(
  deps: CommandDeps,
  input: DeallocateOrderInput,
  context: RequestContext,
): Promise<Payload<OrderAllocationReply>> {
  return runCommand<OrderAllocationReply>(deps, {
    operation: "deallocateOrder",
    input,
    context,
    refused: { orderAllocation: null },
    work: async (tx, recorder) => {
      const orderId = parseDocumentId(input.orderId, ["input", "orderId"]);
      assertItemCount(input.lines ?? [], "lines");
      const order = await lockOrder(tx, orderId);
      if (!order) {
        throw unknownOrder(orderId, ["input", "orderId"]);
      }
      await assertSeesOrder(tx, orderId, context.identity);
      const known = await loadOrderLines(tx, [orderId]);
      const plan = planDeallocation(known, input.lines);
      const concerned = new Set(plan.map(({ line }) => line));
      const book = openBook(
        await lockPositions(
          tx,
          known.filter(({ line }) => concerned.has(line)),
        ),
      );
      const totals = openTotals(await loadTotals(tx, [{ documentType: "ORDER", documentId: orderId }]));
      // Read again: a shipment may have been posted before the positions were ours.
      const orders = openOrders(await loadOrderLines(tx, [orderId]), totals);
      const released: Released[] = [];
      for (const wish of plan) {
        const part = orders.deallocate(orderId, wish);
        if (!part) continue;
        released.push(part);
        const documentRef = { type: "ORDER", id: orderId, line: part.line };
        const entry = { kind: "DEALLOCATION", bookDelta: 0, committedDelta: part.committedDelta, documentRef } as const;
        const version = book.post(part, { ...entry, eventId: null, occurredAt: null });
        recorder.event(deallocatedEvent(order, part, version));
      }
      await saveOrderLines(tx, orders.changed());
      await saveBook(tx, book, () => recorder.cause, deps.clock.now());
      if (released.length > 0) {
        recorder.audit({ subject: `order:${orderId}`, action: "deallocateOrder", detail: { lines: released } });
      }
      return { orderAllocation: allocationOf(orderId, order.channel, orders.lines(orderId)) };
    },
  });
}
