/**
 * What a change of policy does to available-to-sell: counts, sums per channel, and the largest losses and gains.
 *
 * Takes in one position after the other and keeps no more than the answer itself. Channels are never added up: their
 * answers overlap. An answer that is unknown, or of a channel that is not there, is null; it adds nothing to a sum and
 * is counted beside it.
 */
import { worseOf } from "./network.ts";
import type { Confidence } from "./source-status.ts";

/** What one channel may sell of one position under both policies; null: unknown, or there is no such channel. */
export interface AnswerChange {
  readonly channel: string;
  readonly before: number | null;
  readonly after: number | null;
  readonly confidence: Confidence;
}

export interface PositionChange {
  readonly sku: string;
  readonly locationId: string;
  readonly channel: string;
  readonly before: number | null;
  readonly after: number | null;
  /** `after` less `before`, where null can promise nothing. */
  readonly change: number;
}

/** Base units over the positions in scope. */
export interface ChannelEffect {
  readonly channel: string;
  readonly before: number;
  readonly after: number;
  /** Positions whose answer differs, also from null to 0. */
  readonly positionsChanged: number;
  readonly unknownBefore: number;
  readonly unknownAfter: number;
}

export interface PolicyEffect {
  readonly positionsInScope: number;
  /** Positions whose answer differs on any channel. */
  readonly positionsChanged: number;
  /** By id. */
  readonly channels: readonly ChannelEffect[];
  /** The most first; equal ones by SKU, location and channel. */
  readonly largestLosses: readonly PositionChange[];
  readonly largestGains: readonly PositionChange[];
  /** The worst of the answers under the new policy. */
  readonly confidence: Confidence;
}

export interface EffectTally {
  /** The position is in scope; `answers` has each channel of either policy once. */
  add(sku: string, locationId: string, answers: readonly AnswerChange[]): void;
  effect(): PolicyEffect;
}

/** `largest`: how many losses, and how many gains, are listed. */
export function tallyEffect(channelIds: readonly string[], largest: number): EffectTally {
  const none = { before: 0, after: 0, positionsChanged: 0, unknownBefore: 0, unknownAfter: 0 };
  const channels = new Map(channelIds.map((channel) => [channel, { channel, ...none }]));
  const losses: PositionChange[] = [];
  const gains: PositionChange[] = [];
  let positionsInScope = 0;
  let positionsChanged = 0;
  let confidence: Confidence = "FRESH";

  return {
    add(sku, locationId, answers) {
      positionsInScope += 1;
      let changed = false;
      for (const { channel, before, after, confidence: of } of answers) {
        const sums = channels.get(channel);
        if (!sums) continue;
        confidence = worseOf(confidence, of);
        sums.before += before ?? 0;
        sums.after += after ?? 0;
        if (before === null) sums.unknownBefore += 1;
        if (after === null) sums.unknownAfter += 1;
        if (before === after) continue;
        changed = true;
        sums.positionsChanged += 1;
        const change = (after ?? 0) - (before ?? 0);
        if (change !== 0)
          keep(change < 0 ? losses : gains, { sku, locationId, channel, before, after, change }, largest);
      }
      if (changed) positionsChanged += 1;
    },
    effect: () => ({
      positionsInScope,
      positionsChanged,
      channels: [...channels.values()].sort((a, b) => (a.channel < b.channel ? -1 : 1)),
      largestLosses: losses,
      largestGains: gains,
      confidence,
    }),
  };
}

/** Into its place in a list of at most `most`. */
function keep(list: PositionChange[], entry: PositionChange, most: number): void {
  const last = list.at(-1);
  if (list.length >= most && (!last || inOrder(last, entry) <= 0)) return;
  let low = 0;
  for (let high = list.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (inOrder(list[middle] as PositionChange, entry) <= 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, entry);
  if (list.length > most) list.pop();
}

function inOrder(a: PositionChange, b: PositionChange): number {
  const size = Math.abs(b.change) - Math.abs(a.change);
  if (size !== 0) return size;
  const [one, other] = [keyOf(a), keyOf(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

function keyOf({ sku, locationId, channel }: PositionChange): string {
  return JSON.stringify([sku, locationId, channel]);
}
