/**
 * How many items one request may carry: a bound on the size of a transaction, the same for every bulk command.
 *
 * The request is refused as a whole, before any item is looked at.
 */
import { AppError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";

/** `member`: of the mutation's input. Fails with TOO_MANY_ITEMS. */
export function assertItemCount(items: readonly unknown[], member: string): void {
  if (items.length <= limits.commandItemsMax) return;
  const message = `${member} may have at most ${limits.commandItemsMax} items.`;
  throw new AppError("TOO_MANY_ITEMS", { message, field: ["input", member] });
}
