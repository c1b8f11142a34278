/**
 * What every profile is given and gives back: a profile turns one data set into calls of the loader.
 *
 * A profile knows the order of things; it knows neither HTTP nor the terminal.
 */
import type { ApiClient } from "../../shared/graphql/client.ts";
import type { Loader } from "./loader.ts";
import type { Progress } from "./progress.ts";
import type { Tally } from "./tally.ts";

export interface ImportRun {
  readonly dir: string;
  /** YYYY-MM; null for all. Only profiles with monthly files have a use for it. */
  readonly months: readonly string[] | null;
  readonly client: ApiClient;
  readonly loader: Loader;
  readonly tally: Tally;
  readonly progress: Progress;
}

/** What must be there in the end. */
export interface Imported {
  readonly locationIds: readonly string[];
  readonly positions: number;
}

export interface Profile {
  readonly name: string;
  readonly hasMonths: boolean;
  /** Fails with INVALID_INPUT where files are missing, before anything is sent; otherwise as `ApiClient.request`. */
  load(run: ImportRun): Promise<Imported>;
}
