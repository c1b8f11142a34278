/**
 * `recordReceiptProgress`: what is known of a delivery before and after its goods are received one by one.
 *
 * A fact like any other: it may come late, twice, or before the order itself. Moves no stock.
 */
import { type Payload, type RequestContext, runCommand } from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import { parseDocumentId, parseLocationId } from "../../../shared/ids.ts";
import { waitForMasterData } from "../../../shared/master-data.ts";
import type { ReceiptStep } from "../domain/receipt.ts";
import { followReceipts } from "../receipts.ts";
import type { WmsDeps } from "./stock-facts.ts";

export interface RecordReceiptProgressInput {
  readonly idempotencyKey: string;
  readonly purchaseOrderId: string;
  readonly locationId: string;
  readonly step: ReceiptStep;
  readonly occurredAt?: string | null;
}

export type ReceiptReply = Payload<{ readonly receiptId: string | null }>;

/** Can fail with INVALID_INPUT, UNKNOWN_LOCATION. */
export async function recordReceiptProgress(
  deps: WmsDeps,
  input: RecordReceiptProgressInput,
  context: RequestContext,
): Promise<ReceiptReply> {
  const need = { items: [], locationIds: [input.locationId] };
  const masterData = await waitForMasterData(deps.db, need, {
    waitMs: deps.masterDataWaitMs,
    caller: context.identity,
  });
  return runCommand<{ receiptId: string | null }>(deps, {
    operation: "recordReceiptProgress",
    input,
    context,
    refused: { receiptId: null },
    async work(tx, recorder) {
      const nowMs = deps.clock.now();
      const purchaseOrderId = parseDocumentId(input.purchaseOrderId, ["input", "purchaseOrderId"]);
      const locationId = parseLocationId(input.locationId, ["input", "locationId"]);
      masterData.location(locationId, ["input", "locationId"]);
      const atMs = input.occurredAt == null ? nowMs : Date.parse(input.occurredAt);
      const fact = { type: "progressed", step: input.step, atMs } as const;
      const [receipt] = await followReceipts(tx, recorder, [{ purchaseOrderId, locationId, fact }], nowMs);
      if (!receipt) throw new AppError("INTERNAL");
      return { receiptId: receipt.receiptId };
    },
  });
}
