/**
 * What the availability formula knows about one SKU at one location, and about the item and the place.
 *
 * Integers in base units, as their owners reported them: a negative source number stays negative here.
 * Does not know where the numbers are stored, nor how old they are.
 */
import { type Buckets, noStock } from "../../../shared/events/canonical-event.ts";

/** The systems whose facts make up a position. */
export const sourceSystems = ["erp", "wms", "returns"] as const;
export type SourceSystem = (typeof sourceSystems)[number];

export interface Position {
  readonly sku: string;
  readonly locationId: string;
  /** The physical partition: its sum is on-hand. */
  readonly wms: Buckets;
  /** `committed`: open sales and outbound transfer lines, not yet shipped as far as the ERP knows. */
  readonly erp: { readonly book: number; readonly committed: number };
  readonly returns: { readonly quarantined: number; readonly inInspection: number; readonly restockApproved: number };
  /** Warehouse events that the ERP has not acknowledged yet. */
  readonly shippedNotPosted: number;
  readonly receivedNotPosted: number;
  readonly adjustedNotPosted: number;
  /** Live reservations of all channels; `reservedByChannel` splits them. */
  readonly reserved: number;
  readonly reservedByChannel: Readonly<Record<string, number>>;
  readonly version: number;
}

/** The item, as the ERP's master data describes it. */
export interface ProductFacts {
  readonly sku: string;
  /** False: no master data has ever named this SKU; the other members are then meaningless. */
  readonly known: boolean;
  readonly active: boolean;
  readonly class: string | null;
  /** 0 or null: the item says nothing, so that its class or the default may speak. */
  readonly safetyStock: number | null;
  /** Sold in whole multiples of this; null: in single units. */
  readonly sellMultiple: number | null;
}

export interface LocationFacts {
  readonly locationId: string;
  readonly known: boolean;
  readonly sellable: boolean;
}

/** A position about which nobody has said anything yet. */
export function emptyPosition(sku: string, locationId: string): Position {
  return {
    sku,
    locationId,
    wms: noStock,
    erp: { book: 0, committed: 0 },
    returns: { quarantined: 0, inInspection: 0, restockApproved: 0 },
    shippedNotPosted: 0,
    receivedNotPosted: 0,
    adjustedNotPosted: 0,
    reserved: 0,
    reservedByChannel: {},
    version: 0,
  };
}

/** What the ERP's book would show had it posted every warehouse event: comparable with the warehouse's on-hand. */
export function bookOnHandOf(position: Position): number {
  return position.erp.book - position.shippedNotPosted + position.receivedNotPosted + position.adjustedNotPosted;
}

/** Does the position hold anything that only this system can have said? */
export function hasDataFrom(position: Position, system: SourceSystem): boolean {
  if (system === "wms") return Object.values(position.wms).some((quantity) => quantity !== 0);
  if (system === "erp") return position.erp.book !== 0 || position.erp.committed !== 0;
  const { quarantined, inInspection, restockApproved } = position.returns;
  return quarantined !== 0 || inInspection !== 0 || restockApproved !== 0;
}
