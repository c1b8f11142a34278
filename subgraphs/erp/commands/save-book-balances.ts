/**
 * saveBookBalances: the ERP's own on-hand per SKU and location, absolute, in bulk.
 *
 * What is recorded is the difference, as a posting and an event, so that the journal adds up to the balance.
 */
import {
  type CommandDeps,
  type CommandInput,
  type Payload,
  type RequestContext,
  runCommand,
} from "../../../shared/command.ts";
import { parseLocationId, parseSku } from "../../../shared/ids.ts";
import { assertQuantity } from "../../../shared/quantity.ts";
import type { Recorder } from "../../../shared/recorder.ts";
import { type Book, type BookPosition, openBook, type PositionKey, positionKeyOf } from "../domain/book.ts";
import { knownLocation, knownProduct } from "../domain/catalogue.ts";
import { type Draft, judge, resultOf, type SaveResult, soundDrafts, startDrafts } from "../domain/draft.ts";
import { balanceEvent } from "../domain/events.ts";
import { lockPositions, saveBook } from "../store/books.ts";
import { loadCatalogue } from "../store/master-data.ts";
import { assertItemCount } from "./item-limit.ts";

export interface BookBalanceInput extends PositionKey {
  readonly onHand: number;
}

export interface SaveBookBalancesInput extends CommandInput {
  readonly balances: readonly BookBalanceInput[];
}

export interface SaveBookBalancesReply {
  readonly results: readonly SaveResult[];
}

type BalanceDraft = Draft<BookBalanceInput, BookPosition>;

/** Can fail with TOO_MANY_ITEMS; an item with INVALID_INPUT, UNKNOWN_SKU, UNKNOWN_LOCATION, QUANTITY_OUT_OF_RANGE. */
export function saveBookBalances(
  deps: CommandDeps,
  input: SaveBookBalancesInput,
  context: RequestContext,
): Promise<Payload<SaveBookBalancesReply>> {
  return runCommand<SaveBookBalancesReply>(deps, {
    operation: "saveBookBalances",
    input,
    context,
    refused: { results: [] },
    work: async (tx, recorder) => {
      assertItemCount(input.balances, "balances");
      const drafts: BalanceDraft[] = startDrafts(input.balances, positionKeyOf, (balance) => {
        parseSku(balance.sku, ["sku"]);
        parseLocationId(balance.locationId, ["locationId"]);
        assertQuantity(balance.onHand, ["onHand"]);
      });
      const catalogue = await loadCatalogue(
        tx,
        soundDrafts(drafts).map((draft) => draft.input),
        context.identity,
      );
      for (const draft of drafts) {
        judge(draft, () => {
          knownProduct(catalogue, draft.input.sku, ["sku"]);
          knownLocation(catalogue, draft.input.locationId, ["locationId"]);
        });
      }
      const sound = soundDrafts(drafts);
      const keys = sound.map((draft) => draft.input);
      const book = openBook(await lockPositions(tx, keys));
      for (const draft of sound) balance(draft, book, recorder);
      await saveBook(tx, book, () => recorder.cause, deps.clock.now());
      return { results: drafts.map(resultOf) };
    },
  });
}

/** A position that the books do not know yet becomes known, also with nothing on hand. */
function balance(draft: BalanceDraft, book: Book, recorder: Recorder): void {
  const { input } = draft;
  const before = book.position(input);
  draft.stored = before.version === 0 ? null : before;
  const bookDelta = input.onHand - before.onHand;
  if (draft.stored && bookDelta === 0) {
    draft.next = draft.stored;
    return;
  }
  const version = book.post(input, {
    kind: "BALANCE",
    bookDelta,
    committedDelta: 0,
    eventId: null,
    documentRef: null,
    occurredAt: null,
  });
  draft.next = book.position(input);
  recorder.audit({
    subject: `position:${positionKeyOf(input)}`,
    action: "saveBookBalances",
    detail: { before: before.onHand, after: input.onHand, version },
  });
  recorder.event(balanceEvent(input, bookDelta, version));
}
