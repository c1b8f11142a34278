/**
 * One recorded day under two sets of rules: what they would have answered, and whom they would have asked, differently.
 *
 * What happened stays what happened under both: the same sales, receipts and corrections. So a difference is the rules'
 * alone. Reads nothing but the recording, and changes nothing.
 */
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { positionText } from "../../shared/ids.ts";
import { type IndexedPolicy, indexPolicy } from "../../subgraphs/availability/domain/policy-index.ts";
import { isAboveSelfApproval } from "../../subgraphs/erp/domain/transfer-request.ts";
import { assess, rollingWindowMs } from "../../subgraphs/wms/domain/adjustment-policy.ts";
import { type ExceptionDifference, rerank } from "./queue.ts";
import type { Rules } from "./rules.ts";
import { createSellable, type Place, type Sellable } from "./sellable.ts";
import { applyTo, expireReservations, type World } from "./world.ts";

/** Under the rules in force, and under the changed ones. */
export interface Both<T> {
  readonly before: T;
  readonly after: T;
}

/** Available-to-sell in base units; null: unknown, or no such channel. */
export interface SoldDifference extends Place {
  readonly channel: string;
  readonly atEnd: Both<number | null>;
  /** The least of the day. */
  readonly lowest: Both<number | null>;
}

export interface RefusedReservation extends Place {
  readonly reservationId: string;
  readonly channel: string;
  readonly quantity: number;
  readonly available: Both<number | null>;
}

export interface AdjustmentDifference extends Place {
  readonly adjustmentId: string;
  readonly quantity: number;
  /** Who has to decide; AUTO_APPROVED where nobody has to. */
  readonly decision: Both<string>;
  readonly reasons: Both<readonly string[]>;
}

export interface TransferDifference {
  readonly transferId: string;
  /** ONE_PERSON: who asks for it may approve it as well. */
  readonly approval: Both<"ONE_PERSON" | "SECOND_PERSON">;
}

export interface DayDifference {
  readonly facts: number;
  readonly positions: number;
  readonly sold: readonly SoldDifference[];
  /** Reservations of the day that the changed rules would have refused. */
  readonly refusedReservations: readonly RefusedReservation[];
  readonly adjustments: readonly AdjustmentDifference[];
  readonly transfers: readonly TransferDifference[];
  /** Of those open at the end. */
  readonly exceptions: readonly ExceptionDifference[];
}

export interface Day {
  /** As it was when the day began. */
  readonly world: World;
  readonly events: AsyncIterable<AnyEvent>;
  readonly fromMs: number;
  readonly toMs: number;
}

export async function compareDay(day: Day, rules: Both<Rules>): Promise<DayDifference> {
  const { world } = day;
  const sellable = createSellable(world);
  const policies = { before: indexPolicy(rules.before.channels), after: indexPolicy(rules.after.channels) };
  const sold = watchSold(sellable, policies);
  const refusedReservations: RefusedReservation[] = [];
  const adjustments: AdjustmentDifference[] = [];
  const transfers = new Map<string, Map<string, number>>();
  let facts = 0;

  await sold.look([...world.positions.keys()], day.fromMs);
  for await (const event of day.events) {
    facts += 1;
    const atMs = Date.parse(event.recordedAt);
    if (event.type === "reservation.created") {
      refusedReservations.push(...(await refusals(event, sellable, policies, atMs)));
    }
    if (event.type === "adjustment.requested") adjustments.push(...reassessed(world, event, rules));
    if (event.type === "transfer.approved") addLine(transfers, event);
    await sold.look(applyTo(world, event), atMs);
  }
  expireReservations(world, day.toMs);
  await sold.look([...world.positions.keys()], day.toMs);
  return {
    facts,
    positions: world.positions.size,
    sold: sold.differences(),
    refusedReservations,
    adjustments,
    transfers: [...transfers].flatMap(([transferId, lines]) => reapproved(world, transferId, lines, rules)),
    exceptions: rerank(
      world,
      world.products,
      { before: rules.before.exceptions, after: rules.after.exceptions },
      day.toMs,
    ),
  };
}

interface Seen extends Place {
  readonly channel: string;
  atEnd: Both<number | null>;
  lowest: Both<number | null>;
}

/** What may be sold wherever somebody looks, as it is at last and at its least. */
function watchSold(sellable: Sellable, policies: Both<IndexedPolicy>) {
  const seen = new Map<string, Seen>();

  async function lookAt(place: Place, atMs: number): Promise<void> {
    const before = await sellable.of(place, policies.before, atMs);
    const after = await sellable.of(place, policies.after, atMs);
    for (const channel of new Set([...before.keys(), ...after.keys()])) {
      const now = { before: before.get(channel) ?? null, after: after.get(channel) ?? null };
      const key = `${positionText(place)}\n${channel}`;
      const known = seen.get(key);
      const lowest = known
        ? { before: less(known.lowest.before, now.before), after: less(known.lowest.after, now.after) }
        : now;
      seen.set(key, { ...place, channel, atEnd: now, lowest });
    }
  }

  return {
    async look(keys: readonly string[], atMs: number): Promise<void> {
      for (const place of await sellable.withKits(keys)) await lookAt(place, atMs);
    },
    differences: (): SoldDifference[] =>
      [...seen.values()].filter(({ atEnd, lowest }) => differs(atEnd) || differs(lowest)).sort(byPlace),
  };
}

function less(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function differs<T>({ before, after }: Both<T>): boolean {
  return before !== after;
}

function byPlace(a: SoldDifference, b: SoldDifference): number {
  const [x, y] = [a, b].map(({ sku, locationId, channel }) => `${sku}\n${locationId}\n${channel}`) as [string, string];
  return x < y ? -1 : x > y ? 1 : 0;
}

type EventOf<T extends AnyEvent["type"]> = Extract<AnyEvent, { type: T }>;

/** Lines that were there to sell under the rules in force, and would not have been. */
async function refusals(
  { data }: EventOf<"reservation.created">,
  sellable: Sellable,
  policies: Both<IndexedPolicy>,
  atMs: number,
): Promise<RefusedReservation[]> {
  const { reservationId, channel, lines } = data;
  const refused: RefusedReservation[] = [];
  for (const { sku, locationId, quantity } of lines) {
    const ask = async (policy: IndexedPolicy) =>
      (await sellable.of({ sku, locationId }, policy, atMs)).get(channel) ?? null;
    const available = { before: await ask(policies.before), after: await ask(policies.after) };
    if ((available.before ?? 0) < quantity || (available.after ?? 0) >= quantity) continue;
    refused.push({ reservationId, channel, sku, locationId, quantity, available });
  }
  return refused;
}

function reassessed(world: World, event: EventOf<"adjustment.requested">, rules: Both<Rules>): AdjustmentDifference[] {
  const { sku, locationId, quantity, toBucket, reasonCode, data, actor } = event;
  if (sku === null || locationId === null || quantity === null || toBucket === null || reasonCode === null) return [];
  const product = world.products.get(sku);
  const proposal = {
    delta: quantity,
    bucketQuantity: world.positions.get(positionText({ sku, locationId }))?.wms[toBucket] ?? 0,
    reasonCode,
    evidence: data.evidence ?? [],
    itemClass: product?.class ?? null,
    unitCost: product?.unitCost ?? null,
    earlierQuantity: rollingTotal(world, { sku, locationId, person: actor }, Date.parse(event.recordedAt)),
  };
  const [before, after] = [assess(proposal, rules.before.tolerances), assess(proposal, rules.after.tolerances)];
  const decision = { before: before.tier ?? "AUTO_APPROVED", after: after.tier ?? "AUTO_APPROVED" };
  if (!differs(decision)) return [];
  const reasons = { before: before.reasons, after: after.reasons };
  return [{ adjustmentId: data.adjustmentId, sku, locationId, quantity, decision, reasons }];
}

function rollingTotal(world: World, at: Place & { readonly person: string }, nowMs: number): number {
  let units = 0;
  for (const earlier of world.corrections.values()) {
    const same = earlier.person === at.person && earlier.sku === at.sku && earlier.locationId === at.locationId;
    if (same && earlier.atMs > nowMs - rollingWindowMs) units += earlier.units;
  }
  return units;
}

function addLine(transfers: Map<string, Map<string, number>>, { sku, data }: EventOf<"transfer.approved">): void {
  const lines = transfers.get(data.transferId) ?? new Map<string, number>();
  transfers.set(data.transferId, lines);
  if (sku !== null) lines.set(sku, (lines.get(sku) ?? 0) + data.committedDelta);
}

function reapproved(
  { products }: World,
  transferId: string,
  lines: ReadonlyMap<string, number>,
  rules: Both<Rules>,
): TransferDifference[] {
  const requested = [...lines].map(([sku, units]) => ({ sku, requested: units }));
  const approvalBy = ({ selfApprovalValueMax }: Rules) =>
    isAboveSelfApproval(requested, products, selfApprovalValueMax) ? "SECOND_PERSON" : "ONE_PERSON";
  const approval = { before: approvalBy(rules.before), after: approvalBy(rules.after) } as const;
  return differs(approval) ? [{ transferId, approval }] : [];
}
