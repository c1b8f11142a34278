/**
 * How returned goods leave quarantine: facts of the warehouse, to the shelf or elsewhere.
 *
 * A fact is refused only when its numbers cannot be true. It needs no approval to be believed: what has been moved has
 * been moved, and the units are no longer in quarantine. So a putaway that names the return makes its units sellable
 * also before anybody has judged them: that they may leave quarantine is for the warehouse to see to.
 */
import { AppError } from "../../../shared/errors.ts";
import { assertPositive } from "../../../shared/quantity.ts";
import { inQuarantine, linesOf, type ReturnEvent, type ReturnLine, type ReturnState, spread } from "./return.ts";

/** Units of a return went out of quarantine: put on the shelf, or scrapped, shipped, moved to another bucket. */
export interface Departure {
  readonly returnId: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly toShelf: boolean;
}

/** Fails with UNKNOWN_DOCUMENT, INVALID_INPUT, RETURN_EXCEEDED, QUANTITY_NOT_POSITIVE, QUANTITY_OUT_OF_RANGE. */
export function depart(state: ReturnState | null, fact: Departure, atMs: number): ReturnEvent {
  assertPositive(fact.quantity);
  const { returnId, sku, toShelf } = fact;
  if (!state) throw new AppError("UNKNOWN_DOCUMENT", { returnId, message: `No such return: ${returnId}.` });
  if (state.locationId !== fact.locationId) {
    const message = `Return ${returnId} is at ${state.locationId}, not at ${fact.locationId}.`;
    throw new AppError("INVALID_INPUT", { returnId, message });
  }
  const [lines, rest] = spread(bestFirst(linesOf(state.lines, sku), toShelf), fact.quantity, inQuarantine);
  if (rest > 0) {
    const message = `Return ${returnId}: ${rest} more of ${sku} moved than is in quarantine.`;
    throw new AppError("RETURN_EXCEEDED", { returnId, sku, message });
  }
  return { type: toShelf ? "restocked" : "removed", atMs, lines };
}

/** The warehouse names the item, not the line: first the lines of which it was expected, then the others. */
function bestFirst(lines: readonly ReturnLine[], toShelf: boolean): readonly ReturnLine[] {
  const expected = (line: ReturnLine) => line.disposition !== null && (line.disposition === "RESTOCKED") === toShelf;
  return [...lines.filter(expected), ...lines.filter((line) => !expected(line))];
}
