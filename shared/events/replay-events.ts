/**
 * What the events of a replay say: which facts are tried out, and what they would do.
 *
 * Only types; quantities are base units.
 */

export interface ReplayPart {
  readonly replayId: string;
  /** From 1 to `parts`. */
  readonly part: number;
  readonly parts: number;
}

export interface Rehearsal {
  /** How many of the events have had no effect on positions yet. */
  readonly unseen: number;
  /** The code with which they cannot be applied; null: they can. */
  readonly refusal: string | null;
  readonly differences: readonly PositionDifference[];
}

/** A position as it is, and as it would be. */
export interface PositionDifference {
  readonly sku: string;
  readonly locationId: string;
  /** Figures that would be others, e.g. `wms.unrestricted`, in base units. */
  readonly figures: readonly { readonly name: string; readonly before: number; readonly after: number }[];
  /** Available-to-sell of each channel, in base units; null is unknown. */
  readonly channels: readonly {
    readonly channel: string;
    readonly before: number | null;
    readonly after: number | null;
  }[];
}
