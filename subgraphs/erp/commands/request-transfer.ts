/**
 * requestTransfer: goods to be moved from one location to another, submitted as they are asked for.
 *
 * Nothing is committed before somebody approves. Does not ask whether the goods are there.
 */
import {
  type CommandDeps,
  type CommandInput,
  type Payload,
  type RequestContext,
  runCommand,
} from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import { newId, parseDocumentId, parseText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import { knownLocation } from "../domain/catalogue.ts";
import { evolve, statusOf, type Transfer } from "../domain/transfer.ts";
import { parseTransferLines, type TransferLineInput } from "../domain/transfer-request.ts";
import { loadCatalogue } from "../store/master-data.ts";
import { saveTransfers } from "../store/transfers.ts";
import { assertItemCount } from "./item-limit.ts";

export interface RequestTransferInput extends CommandInput {
  readonly originId: string;
  readonly destinationId: string;
  readonly lines: readonly TransferLineInput[];
  readonly needBy?: string | null;
  readonly reference?: string | null;
  readonly reason?: string | null;
}

export interface TransferReply {
  readonly transferOrder: Transfer | null;
}

/**
 * Can fail with INVALID_INPUT, TOO_MANY_ITEMS, UNKNOWN_SKU, SKU_INACTIVE, UNKNOWN_LOCATION, UOM_UNMAPPED,
 * QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE.
 */
export function requestTransfer(
  deps: CommandDeps,
  input: RequestTransferInput,
  context: RequestContext,
): Promise<Payload<TransferReply>> {
  return runCommand<TransferReply>(deps, {
    operation: "requestTransfer",
    input,
    context,
    refused: { transferOrder: null },
    work: async (tx, recorder) => {
      assertItemCount(input.lines, "lines");
      const needs = input.lines.flatMap(({ sku }) =>
        [input.originId, input.destinationId].map((locationId) => ({ sku, locationId })),
      );
      const catalogue = await loadCatalogue(tx, needs, context.identity);
      const lines = parseTransferLines(input.lines, catalogue);
      const originId = knownLocation(catalogue, input.originId, ["input", "originId"]);
      const destinationId = knownLocation(catalogue, input.destinationId, ["input", "destinationId"]);
      if (originId === destinationId) {
        const message = "A transfer needs two different locations.";
        throw new AppError("INVALID_INPUT", { field: ["input", "destinationId"], message });
      }
      const requestedAtMs = deps.clock.now();
      const transfer = evolve(null, {
        type: "requested",
        request: {
          id: newId(requestedAtMs),
          originId,
          destinationId,
          needBy: input.needBy ?? null,
          reference: input.reference == null ? null : parseDocumentId(input.reference, ["input", "reference"]),
          reason: parseText(input.reason, limits.noteLengthMax, ["input", "reason"]),
          requestedBy: recorder.cause.person,
          requestedAtMs,
          lines,
        },
      });
      await saveTransfers(tx, [transfer]);
      const detail = { after: statusOf(transfer), transfer };
      recorder.audit({ subject: `transfer:${transfer.id}`, action: "requestTransfer", detail });
      return { transferOrder: transfer };
    },
  });
}
