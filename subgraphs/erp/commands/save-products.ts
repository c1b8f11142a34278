/**
 * saveProducts: item master in bulk, a result per item.
 *
 * What does not differ from what is there leaves no trace: no version, no audit row, no event.
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
import { parseSku } from "../../../shared/ids.ts";
import { changesOf, type Draft, judge, resultOf, type SaveResult, soundDrafts, startDrafts } from "../domain/draft.ts";
import { productEvent } from "../domain/events.ts";
import { brokenKits } from "../domain/kit.ts";
import { decideProduct, type Product, type ProductInput } from "../domain/product.ts";
import { bookedSkus, lockProducts, saveProducts as storeProducts } from "../store/master-data.ts";
import { assertItemCount } from "./item-limit.ts";

export interface SaveProductsInput extends CommandInput {
  readonly products: readonly ProductInput[];
}

export interface SaveProductsReply {
  readonly results: readonly SaveResult[];
}

type ProductDraft = Draft<ProductInput, Product>;

/**
 * Can fail with TOO_MANY_ITEMS; an item with INVALID_INPUT, UOM_INVALID_FACTOR, QUANTITY_NOT_POSITIVE,
 * QUANTITY_OUT_OF_RANGE, UNKNOWN_SKU (a component), COMPONENT_CYCLE.
 */
export function saveProducts(
  deps: CommandDeps,
  input: SaveProductsInput,
  context: RequestContext,
): Promise<Payload<SaveProductsReply>> {
  return runCommand<SaveProductsReply>(deps, {
    operation: "saveProducts",
    input,
    context,
    refused: { results: [] },
    work: async (tx, recorder) => {
      assertItemCount(input.products, "products");
      const drafts: ProductDraft[] = startDrafts(
        input.products,
        ({ sku }) => sku,
        ({ sku }) => parseSku(sku, ["sku"]),
      );
      const skus = soundDrafts(drafts).map(({ id }) => id);
      const known = await lockProducts(tx, skus);
      for (const draft of drafts) {
        draft.stored = known.get(draft.id) ?? null;
        judge(draft, () => {
          draft.next = decideProduct(draft.input, draft.stored);
        });
      }
      await refuseBrokenKits(tx, drafts, known);
      await refuseNewBaseUnits(tx, drafts);
      const changes = changesOf(drafts);
      await storeProducts(
        tx,
        changes.map(({ next }) => next),
        deps.clock.now(),
      );
      for (const { stored, next } of changes) {
        recorder.audit({
          subject: `product:${next.sku}`,
          action: "saveProducts",
          detail: { before: stored, after: next },
        });
        recorder.event(productEvent(next));
      }
      return { results: drafts.map(resultOf) };
    },
  });
}

/** Locks what it reads, so that two saves cannot close a cycle between them. */
async function refuseBrokenKits(
  tx: Transaction,
  drafts: readonly ProductDraft[],
  stored: ReadonlyMap<string, Product>,
): Promise<void> {
  const sound = soundDrafts(drafts).flatMap((draft) => (draft.next ? [{ draft, next: draft.next }] : []));
  if (sound.every(({ next }) => next.components.length === 0)) return;
  const reached = new Map(stored);
  const asked = new Set(drafts.map(({ id }) => id));
  let level = [...stored.values(), ...sound.map(({ next }) => next)];
  while (level.length > 0) {
    const unseen = level.flatMap(({ components }) => components.map(({ sku }) => sku)).filter((sku) => !asked.has(sku));
    for (const sku of unseen) asked.add(sku);
    const found = await lockProducts(tx, unseen);
    for (const [sku, product] of found) reached.set(sku, product);
    level = [...found.values()];
  }
  const broken = brokenKits(
    new Map(sound.map(({ draft, next }) => [draft.id, next.components])),
    new Map([...reached].map(([sku, { components }]) => [sku, components])),
  );
  for (const { draft } of sound) {
    const problem = broken.get(draft.id);
    if (problem) draft.error = new AppError(problem.code, { message: problem.message, field: ["components"] });
  }
}

/** Quantities in the books are in base units: another base unit would change what they mean. */
async function refuseNewBaseUnits(tx: Transaction, drafts: readonly ProductDraft[]): Promise<void> {
  const renamed = soundDrafts(drafts).filter(({ stored, next }) => stored && next && stored.baseUnit !== next.baseUnit);
  const booked = await bookedSkus(
    tx,
    renamed.map(({ id }) => id),
  );
  for (const draft of renamed) {
    if (!booked.has(draft.id)) continue;
    const message = `The books of ${draft.id} are kept in ${draft.stored?.baseUnit}: its base unit cannot change.`;
    draft.error = new AppError("INVALID_INPUT", { message, field: ["baseUnit"] });
  }
}
