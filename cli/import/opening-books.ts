/**
 * Book balances of an import: only where the ERP keeps no book yet.
 *
 * A balance is absolute. Saved again by a later run, when idempotency keys are forgotten and stock has moved, it would
 * set the books back to where they began.
 */
import type { BookBalanceInput } from "../../ingest/api-inputs.ts";
import { partitionKey } from "../../shared/ids.ts";
import { readBookedPositions } from "./positions.ts";
import type { ImportRun } from "./profile.ts";

export async function saveNewBookBalances(
  { client, loader, tally }: Pick<ImportRun, "client" | "loader" | "tally">,
  locationIds: readonly string[],
  balances: readonly BookBalanceInput[],
): Promise<void> {
  const booked = await readBookedPositions(client, locationIds);
  const missing = balances.filter(({ sku, locationId }) => !booked.has(partitionKey(sku, locationId)));
  tally.skip("bookBalances", balances.length - missing.length);
  await loader.saveBookBalances(missing);
}
