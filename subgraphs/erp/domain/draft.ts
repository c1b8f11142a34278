/**
 * A bulk save, item by item: each input becomes a draft that ends as CREATED, UPDATED, UNCHANGED or REJECTED.
 *
 * A bad item is rejected with its code and does not touch the others. A repeated id is judged once: the later is bad.
 */
import { AppError, isUserError } from "../../../shared/errors.ts";

export type SaveStatus = "CREATED" | "UPDATED" | "UNCHANGED" | "REJECTED";

export interface SaveResult {
  readonly id: string;
  readonly status: SaveStatus;
  readonly code: string | null;
  readonly message: string | null;
}

export interface Draft<I, T> {
  readonly id: string;
  readonly input: I;
  /** What is there already. */
  stored: T | null;
  /** What should be there; the very same object as `stored` when nothing differs. */
  next: T | null;
  error: AppError | null;
}

/** `idOf` gives the id as sent, `parse` fails when it cannot be one. */
export function startDrafts<I, T>(
  inputs: readonly I[],
  idOf: (input: I) => string,
  parse: (input: I) => unknown,
): Draft<I, T>[] {
  const seen = new Set<string>();
  return inputs.map((input) => {
    const draft: Draft<I, T> = { id: idOf(input), input, stored: null, next: null, error: null };
    judge(draft, () => {
      parse(input);
      if (seen.has(draft.id)) {
        throw new AppError("INVALID_INPUT", { message: `${draft.id} is in this request more than once.` });
      }
      seen.add(draft.id);
    });
    return draft;
  });
}

/** Runs `work` for the draft; a user error rejects it. A rejected draft is left alone. */
export function judge<I, T>(draft: Draft<I, T>, work: () => void): void {
  if (draft.error) return;
  try {
    work();
  } catch (error) {
    if (!isUserError(error)) throw error;
    draft.error = error;
  }
}

export function soundDrafts<I, T>(drafts: readonly Draft<I, T>[]): Draft<I, T>[] {
  return drafts.filter((draft) => draft.error === null);
}

/** The drafts that change something, each with what should be there. */
export function changesOf<I, T>(drafts: readonly Draft<I, T>[]): { stored: T | null; next: T }[] {
  return soundDrafts(drafts).flatMap(({ stored, next }) =>
    next === null || next === stored ? [] : [{ stored, next }],
  );
}

export function resultOf<I, T>({ id, stored, next, error }: Draft<I, T>): SaveResult {
  if (error) return { id, status: "REJECTED", code: error.code, message: error.message };
  const status = stored === null ? "CREATED" : next === stored ? "UNCHANGED" : "UPDATED";
  return { id, status, code: null, message: null };
}
