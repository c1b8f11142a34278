/**
 * Reads under way: whoever asks for the same key joins, and the keys of one turn of the event loop are one batch.
 *
 * A key that changes while it is being read is read again before anybody gets it. Keeps nothing: what has landed is
 * handed over, with whether it may be kept.
 */
import type { Reading } from "./read-through.ts";

export interface Flights<V> {
  /** The value as it is read next, or by the read under way. `atLeast`: an older version is known to be old. */
  join(key: string, atLeast: number): Promise<Reading<V>>;
  /** The key has this version by now; infinity: it has changed, and nobody said how far. */
  changed(key: string, version: number): void;
  /** All of them may have changed. */
  allChanged(): void;
}

export interface FlightsParts<V> {
  /** Each key's value. `again`: only the truth will do. */
  readonly read: (keys: readonly string[], again: boolean) => Promise<ReadonlyMap<string, Reading<V>>>;
  /** A read has ended. `isOld`: it had changed meanwhile. */
  readonly landed: (key: string, reading: Reading<V>, isOld: boolean, beganAt: number) => void;
  readonly now: () => number;
}

interface Flight<V> {
  readonly result: Promise<Reading<V>>;
  readonly resolve: (reading: Reading<V>) => void;
  readonly reject: (error: unknown) => void;
  atLeast: number;
}

const rereadsMax = 2;

export function createFlights<V>({ read, landed, now }: FlightsParts<V>): Flights<V> {
  const flights = new Map<string, Flight<V>>();
  let boarding = new Map<string, Flight<V>>();

  function depart(): void {
    const batch = boarding;
    boarding = new Map();
    fly(batch).catch((error) => {
      for (const [key, flight] of batch) {
        // Of those that had landed before, somebody may have begun another.
        if (flights.get(key) === flight) flights.delete(key);
        flight.reject(error);
      }
    });
  }

  async function fly(batch: ReadonlyMap<string, Flight<V>>): Promise<void> {
    let left = [...batch.keys()];
    for (let reads = 0; left.length > 0; reads++) {
      const beganAt = now();
      const readings = await read(left, reads > 0);
      left = left.filter(
        (key) => !land(key, batch.get(key) as Flight<V>, readings.get(key) as Reading<V>, beganAt, reads),
      );
    }
  }

  /** False: it has to be read once more. */
  function land(key: string, flight: Flight<V>, reading: Reading<V>, beganAt: number, reads: number): boolean {
    const isOld = reading.version < flight.atLeast;
    landed(key, reading, isOld, beganAt);
    if (isOld && reads < rereadsMax) {
      // The next read begins after the change, whatever its version is.
      if (flight.atLeast === Number.POSITIVE_INFINITY) flight.atLeast = 0;
      return false;
    }
    flights.delete(key);
    flight.resolve(reading);
    return true;
  }

  function changed(key: string, version: number): void {
    const flight = flights.get(key);
    if (flight) flight.atLeast = Math.max(flight.atLeast, version);
  }

  return {
    changed,
    allChanged() {
      for (const key of flights.keys()) changed(key, Number.POSITIVE_INFINITY);
    },
    join(key, atLeast) {
      const known = flights.get(key);
      if (known) return known.result;
      const flight = { ...openResult<V>(), atLeast };
      flights.set(key, flight);
      if (boarding.size === 0) setImmediate(depart);
      boarding.set(key, flight);
      return flight.result;
    },
  };
}

function openResult<V>(): Omit<Flight<V>, "atLeast"> {
  let resolve: Flight<V>["resolve"] = () => {};
  let reject: Flight<V>["reject"] = () => {};
  const result = new Promise<Reading<V>>((resolveWith, rejectWith) => {
    resolve = resolveWith;
    reject = rejectWith;
  });
  return { result, resolve, reject };
}
