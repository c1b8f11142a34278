/**
 * What the background simulation knows: the positions it works on, and the few documents it has open.
 *
 * Immutable: every function returns a new state. Each list has a maximum, so the state never grows. Beliefs about
 * stock are only that: `withReadings` replaces them by what the systems say.
 */
import { partitionKey } from "../shared/ids.ts";

/** A position that the simulation works on. Quantities are base units. */
export interface WatchedPosition {
  readonly sku: string;
  readonly locationId: string;
  readonly caseSize: number;
  readonly sellMultiple: number;
  /** The unrestricted stock that replenishment aims at. */
  readonly target: number;
}

/** What the warehouse and the ERP say of a position. */
export interface PositionReading {
  readonly unrestricted: number;
  readonly dock: number;
  readonly damaged: number;
  readonly hold: number;
  /** Allocated to orders and not yet picked, whoever's orders they are. */
  readonly claimed: number;
}

export interface PositionState extends WatchedPosition, PositionReading {}

export interface OpenOrder {
  readonly orderId: string;
  readonly channel: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly status: "allocated" | "picked";
}

export interface OpenPurchase {
  readonly id: string;
  readonly sku: string;
  readonly locationId: string;
  readonly cases: number;
  readonly orderedOn: string;
  readonly promisedOn: string;
  readonly orderedAtStep: number;
}

/** Waits in quarantine until it is put back on the shelf. */
export interface OpenReturn {
  readonly id: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly receivedAtStep: number;
}

export interface SimulationState {
  /** Starts every id, so that a later run never uses one again. */
  readonly prefix: string;
  readonly step: number;
  readonly positions: readonly PositionState[];
  readonly orders: readonly OpenOrder[];
  readonly purchases: readonly OpenPurchase[];
  /** The latest shipments: what customers may send back. */
  readonly shipped: readonly OpenOrder[];
  readonly returns: readonly OpenReturn[];
}

export const simulationLimits = { ordersMax: 12, purchasesMax: 6, returnsMax: 4, shippedMax: 10 } as const;

export function initialState(prefix: string, watched: readonly WatchedPosition[]): SimulationState {
  const positions = watched.map((position) => ({ ...position, ...nothing }));
  return { prefix, step: 0, positions, orders: [], purchases: [], shipped: [], returns: [] };
}

/** Replaces what the state believes by what the systems say; readings by `partitionKey`, absent: nothing there. */
export function withReadings(state: SimulationState, readings: ReadonlyMap<string, PositionReading>): SimulationState {
  const positions = state.positions.map((position) => ({ ...position, ...(readings.get(keyOf(position)) ?? nothing) }));
  return { ...state, positions };
}

/** Gives up the document that met a refusal. What it did to the stock is read again by the driver. */
export function forget(state: SimulationState, subject: string | null): SimulationState {
  return {
    ...state,
    orders: state.orders.filter(({ orderId }) => orderId !== subject),
    purchases: state.purchases.filter(({ id }) => id !== subject),
    shipped: state.shipped.filter(({ orderId }) => orderId !== subject),
    returns: state.returns.filter(({ id }) => id !== subject),
  };
}

const nothing: PositionReading = { unrestricted: 0, dock: 0, damaged: 0, hold: 0, claimed: 0 };

/** One SKU at one location. */
export type Place = Pick<WatchedPosition, "sku" | "locationId">;

export function keyOf({ sku, locationId }: Place): string {
  return partitionKey(sku, locationId);
}

/** May still be sold. */
export function free({ unrestricted, claimed }: PositionState): number {
  return unrestricted - claimed;
}

export function canSell(position: PositionState): boolean {
  return free(position) >= position.sellMultiple;
}

/** What is there or on its way. */
export function coverOf(state: SimulationState, position: PositionState): number {
  const coming = state.purchases.filter((purchase) => keyOf(purchase) === keyOf(position));
  return coming.reduce((sum, { cases }) => sum + cases * position.caseSize, free(position) + position.dock);
}

export function isLow(state: SimulationState, position: PositionState): boolean {
  return coverOf(state, position) < position.target * 0.6;
}

/** Adds `deltas` to one position. */
export function change(state: SimulationState, place: Place, deltas: Partial<PositionReading>): SimulationState {
  const positions = state.positions.map((position) => {
    if (keyOf(position) !== keyOf(place)) return position;
    const { unrestricted, dock, damaged, hold: held, claimed } = position;
    return {
      ...position,
      unrestricted: unrestricted + (deltas.unrestricted ?? 0),
      dock: dock + (deltas.dock ?? 0),
      damaged: damaged + (deltas.damaged ?? 0),
      hold: held + (deltas.hold ?? 0),
      claimed: Math.max(0, claimed + (deltas.claimed ?? 0)),
    };
  });
  return { ...state, positions };
}
