/**
 * allocateOrder: demand of an order's lines, committed at their positions, all lines or none.
 *
 * Does not ask whether there is enough: the ERP records what was promised, `availability` says what may be.
 */
import {
  type CommandDeps,
  type CommandInput,
  type Payload,
  type RequestContext,
  runCommand,
} from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import { parseChannelId, parseDocumentId } from "../../../shared/ids.ts";
import { openBook } from "../domain/book.ts";
import { allocatedEvent, type OrderHead } from "../domain/events.ts";
import {
  type AllocationLineInput,
  allocationOf,
  type OrderAllocation,
  openOrders,
  parseAllocation,
} from "../domain/order.ts";
import { openTotals } from "../domain/settlement.ts";
import { loadTotals, lockPositions, saveBook } from "../store/books.ts";
import { loadCatalogue } from "../store/master-data.ts";
import { loadOrderLines, lockOrCreateOrder, saveOrderLines } from "../store/orders.ts";
import { assertItemCount } from "./item-limit.ts";
import { assertSeesOrder } from "./seen-order.ts";

export interface AllocateOrderInput extends CommandInput {
  readonly orderId: string;
  readonly channel?: string | null;
  readonly lines: readonly AllocationLineInput[];
}

export interface OrderAllocationReply {
  readonly orderAllocation: OrderAllocation | null;
}

/**
 * Can fail with INVALID_INPUT, TOO_MANY_ITEMS, UNKNOWN_SKU, UNKNOWN_LOCATION, UOM_UNMAPPED, QUANTITY_NOT_POSITIVE,
 * QUANTITY_OUT_OF_RANGE, ORDER_LINE_EXISTS, UNKNOWN_DOCUMENT.
 */
export function allocateOrder(
  deps: CommandDeps,
  input: AllocateOrderInput,
  context: RequestContext,
): Promise<Payload<OrderAllocationReply>> {
  return runCommand<OrderAllocationReply>(deps, {
    operation: "allocateOrder",
    input,
    context,
    refused: { orderAllocation: null },
    work: async (tx, recorder) => {
      const orderId = parseDocumentId(input.orderId, ["input", "orderId"]);
      const channel = input.channel == null ? null : parseChannelId(input.channel, ["input", "channel"]);
      if (input.lines.length === 0) {
        throw new AppError("INVALID_INPUT", { message: "There is no line to allocate.", field: ["input", "lines"] });
      }
      assertItemCount(input.lines, "lines");
      const lines = parseAllocation(input.lines, await loadCatalogue(tx, input.lines, context.identity));
      const order = await lockOrCreateOrder(tx, { orderId, channel }, deps.clock.now());
      assertChannel(order, channel);
      await assertSeesOrder(tx, orderId, context.identity);

      const book = openBook(await lockPositions(tx, lines));
      const totals = openTotals(await loadTotals(tx, [{ documentType: "ORDER", documentId: orderId }]));
      const orders = openOrders(await loadOrderLines(tx, [orderId]), totals);
      for (const line of lines) {
        const committedDelta = orders.allocate(orderId, line);
        const documentRef = { type: "ORDER", id: orderId, line: line.line };
        const entry = { kind: "ALLOCATION", bookDelta: 0, committedDelta, documentRef } as const;
        const version = book.post(line, { ...entry, eventId: null, occurredAt: null });
        recorder.event(allocatedEvent(order, line, committedDelta, version));
      }
      await saveOrderLines(tx, orders.changed());
      await saveBook(tx, book, () => recorder.cause, deps.clock.now());
      recorder.audit({
        subject: `order:${orderId}`,
        action: "allocateOrder",
        detail: { channel: order.channel, lines },
      });
      return { orderAllocation: allocationOf(orderId, order.channel, orders.lines(orderId)) };
    },
  });
}

/** An order belongs to the channel of its first allocation. Fails with INVALID_INPUT. */
function assertChannel(order: OrderHead, channel: string | null): void {
  if (channel === null || channel === order.channel) return;
  const message = `The order ${order.orderId} belongs to ${order.channel ? `the channel ${order.channel}` : "no channel"}.`;
  throw new AppError("INVALID_INPUT", { message, field: ["input", "channel"] });
}
