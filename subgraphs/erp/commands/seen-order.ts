/**
 * An order is its lines: whoever does not see the place of one of them does not see the order.
 *
 * To them it is an order that does not exist, with the same words. Costs callers without accounts nothing.
 */
import { type Caller, seesEverywhere } from "../../../shared/accounts.ts";
import type { Transaction } from "../../../shared/db/database.ts";
import { AppError } from "../../../shared/errors.ts";
import { sightOf } from "../store/master-data.ts";
import { loadOrderLines } from "../store/orders.ts";

/** Fails with UNKNOWN_DOCUMENT. */
export async function assertSeesOrder(tx: Transaction, orderId: string, caller: Caller): Promise<void> {
  if (seesEverywhere(caller)) return;
  const lines = await sightOf(caller, tx).only(await loadOrderLines(tx, [orderId]), ({ locationId }) => [locationId]);
  if (lines.includes(null)) throw unknownOrder(orderId, ["input", "orderId"]);
}

export function unknownOrder(orderId: string, field: readonly string[]): AppError {
  return new AppError("UNKNOWN_DOCUMENT", { message: `No such order: ${orderId}.`, field });
}
