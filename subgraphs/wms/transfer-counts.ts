/**
 * Transfers beside the journal: what the movements of one transaction mean for the transfers that they name.
 *
 * Counted under the line's lock, which is taken after the positions'; written with the movements or not at all. A batch
 * without a transfer costs no statement.
 */
import type { Transaction } from "../../shared/db/database.ts";
import type { Effect, StockFact } from "./domain/stock-fact.ts";
import { type CountedTransfer, countMovement, noTransferLine, type TransferLine } from "./domain/transfer.ts";
import type { TransferHandRow } from "./entities.ts";
import {
  insertHands,
  lockOrCreateTransferLines,
  saveTransferLines,
  type TransferLineKey,
  transferLineText,
} from "./store/transfers.ts";

export interface TransferCounts {
  /** `person`: who did it; `final`: of a receipt, nothing more is to come of what was shipped. */
  count(fact: StockFact, effect: Effect, person: string, final: boolean): CountedTransfer | null;
  save(tx: Transaction): Promise<void>;
}

const counted: ReadonlySet<StockFact["type"]> = new Set(["PICK", "SHIPMENT", "SHIPMENT_VOID", "RECEIPT"]);

/** Call it under the positions' locks. */
export async function openTransferCounts(tx: Transaction, facts: readonly StockFact[]): Promise<TransferCounts> {
  const keys = facts.flatMap((fact) => keyOf(fact) ?? []);
  const lines = await lockOrCreateTransferLines(tx, keys);
  const changed = new Map<string, TransferLine>();
  const hands: TransferHandRow[] = [];
  return {
    count(fact, effect, person, final) {
      const key = keyOf(fact);
      if (!key) return null;
      const text = transferLineText(key);
      const before = changed.get(text) ?? lines.get(text) ?? noTransferLine(key.transferId, key.sku);
      const result = countMovement(before, fact, effect, final);
      if (!result) return null;
      changed.set(text, result.line);
      if (fact.type === "SHIPMENT" || fact.type === "RECEIPT") {
        hands.push({ transfer_id: key.transferId, act: fact.type, person });
      }
      return result;
    },
    async save(tx) {
      await saveTransferLines(tx, [...changed.values()]);
      await insertHands(tx, hands);
    },
  };
}

function keyOf({ type, documentRef, sku }: StockFact): TransferLineKey | null {
  return documentRef?.type === "TRANSFER" && counted.has(type) ? { transferId: documentRef.id, sku } : null;
}
