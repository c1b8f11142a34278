/**
 * What people decide about a transfer: approve, reject, cancel, close, and what became of goods that are missing.
 *
 * Each locks the positions at both ends and then the transfer, so that no shipment is booked in between. Who may
 * decide what is `access.ts` and `domain/transfer.ts`.
 */
import {
  type CommandDeps,
  type CommandInput,
  type Payload,
  type RequestContext,
  runCommand,
} from "../../../shared/command.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import type { TransferResolution } from "../../../shared/events/canonical-event.ts";
import type { Identity } from "../../../shared/identity.ts";
import { parseDocumentId, parseText } from "../../../shared/ids.ts";
import { limits } from "../../../shared/limits.ts";
import {
  type DecisionCommand,
  decide,
  resolveDiscrepancy,
  type Transfer,
  type TransferEvent,
} from "../domain/transfer.ts";
import { isAboveSelfApproval } from "../domain/transfer-request.ts";
import { findProducts } from "../store/master-data.ts";
import { carryOut, openTransfer } from "../transfers.ts";
import type { TransferReply } from "./request-transfer.ts";

export interface DecideTransferInput extends CommandInput {
  readonly id: string;
  readonly note?: string | null;
}

export interface ResolveTransferInput extends DecideTransferInput {
  readonly resolution: TransferResolution;
  readonly allInTransit?: boolean | null;
}

type Reply = Promise<Payload<TransferReply>>;

/** Can fail with ILLEGAL_TRANSITION, SAME_PERSON, UNKNOWN_DOCUMENT, INVALID_INPUT. */
export function approveTransfer(deps: CommandDeps, input: DecideTransferInput, context: RequestContext): Reply {
  return decideOn(deps, "approve", input, context);
}

/** Can fail with ILLEGAL_TRANSITION, UNKNOWN_DOCUMENT, INVALID_INPUT. */
export function rejectTransfer(deps: CommandDeps, input: DecideTransferInput, context: RequestContext): Reply {
  return decideOn(deps, "reject", input, context);
}

/** Can fail with FORBIDDEN, ILLEGAL_TRANSITION, UNKNOWN_DOCUMENT, INVALID_INPUT. */
export function cancelTransfer(deps: CommandDeps, input: DecideTransferInput, context: RequestContext): Reply {
  return decideOn(deps, "cancel", input, context);
}

/** Can fail with ILLEGAL_TRANSITION, UNKNOWN_DOCUMENT, INVALID_INPUT. */
export function closeTransfer(deps: CommandDeps, input: DecideTransferInput, context: RequestContext): Reply {
  return decideOn(deps, "close", input, context);
}

/** Can fail with ILLEGAL_TRANSITION, SAME_PERSON, UNKNOWN_DOCUMENT, INVALID_INPUT. */
export function resolveTransferDiscrepancy(
  deps: CommandDeps,
  input: ResolveTransferInput,
  context: RequestContext,
): Reply {
  const { resolution } = input;
  const allInTransit = input.allInTransit === true;
  return change(deps, "resolveTransferDiscrepancy", input, context, async (transfer, { person, note, nowMs }) =>
    resolveDiscrepancy(transfer, { resolution, person, note, allInTransit }, nowMs),
  );
}

function decideOn(
  deps: CommandDeps,
  type: DecisionCommand,
  input: DecideTransferInput,
  context: RequestContext,
): Reply {
  return change(deps, `${type}Transfer`, input, context, async (transfer, { person, note, nowMs }, tx) => {
    if (type === "cancel") assertMayCancel(transfer, person, context.identity);
    const aboveLimit = type === "approve" && (await isAboveLimit(tx, transfer));
    return decide(transfer, { type, person, note, aboveLimit }, nowMs);
  });
}

async function isAboveLimit(tx: Transaction, { lines }: Transfer): Promise<boolean> {
  const skus = lines.map(({ sku }) => sku);
  return isAboveSelfApproval(lines, await findProducts(tx, skus));
}

interface Said {
  readonly person: string;
  readonly note: string | null;
  readonly nowMs: number;
}

function change(
  deps: CommandDeps,
  operation: string,
  input: DecideTransferInput,
  context: RequestContext,
  decideFor: (transfer: Transfer, said: Said, tx: Transaction) => Promise<TransferEvent[]>,
): Reply {
  return runCommand<TransferReply>(deps, {
    operation,
    input,
    context,
    refused: { transferOrder: null },
    work: async (tx, recorder) => {
      const nowMs = deps.clock.now();
      const note = parseText(input.note, limits.noteLengthMax, ["input", "note"]);
      const open = await openTransfer(tx, parseDocumentId(input.id, ["input", "id"]), context.identity);
      const events = await decideFor(open.transfer, { person: recorder.cause.person, note, nowMs }, tx);
      return { transferOrder: await carryOut(tx, recorder, operation, open, events, nowMs) };
    },
  });
}

/** Whoever has no other role than to ask calls off what they asked for. Fails with FORBIDDEN. */
function assertMayCancel(transfer: Transfer, person: string, { roles }: Identity): void {
  const decides = (["planner", "supervisor", "manager", "controller", "admin"] as const).some((role) =>
    roles.has(role),
  );
  if (decides || person === transfer.requestedBy) return;
  throw new AppError("FORBIDDEN", { message: "Only who asked for it, or a planner, may cancel this transfer." });
}
