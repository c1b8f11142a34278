/**
 * Positions made from nothing but the journal, to be compared with those that the system has.
 *
 * Compared is what the owners told: a reservation is availability's own, and versions count how often it was told.
 */
import { canonicalHash } from "../../shared/canonical-json.ts";
import type { Config } from "../../shared/config.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { createKernel } from "../../shared/kernel.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createAvailability } from "../../subgraphs/availability/subgraph.ts";
import { createScratch } from "./databases.ts";
import { openPlain } from "./plain-sql.ts";

export interface PositionsHash {
  readonly positions: number;
  readonly hash: string;
}

const own = /^(version|reserved|reserved_by_channel|updated_at_ms|resync_asked_at_ms|.*progress.*|.*as_of.*)$/;

export async function storedPositions(config: Config): Promise<PositionsHash> {
  const availability = await openPlain(config, "availability");
  const rows = await availability.query("SELECT * FROM positions ORDER BY sku, location_id");
  await availability.close();
  const told = rows.map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => !own.test(column))));
  return { positions: rows.length, hash: canonicalHash(JSON.parse(JSON.stringify(told))) };
}

/** A new `availability` on an empty database, given the journal of the system at `config` and nothing else. */
export async function rebuiltPositions(config: Config, order: "as told" | "backwards"): Promise<PositionsHash> {
  const control = await openPlain(config, "control");
  const rows = await control.query("SELECT body FROM journal_events ORDER BY id");
  await control.close();
  const events = rows.map(({ body }) => JSON.parse(String(body)) as AnyEvent);
  const scratch = createScratch("sqlite");
  const kernel = await createKernel(scratch.config, { log: silentLogger });
  try {
    const availability = await createAvailability(kernel);
    for (const consumer of availability.consumers) await consumer.start();
    await kernel.bus.publish("facts", order === "as told" ? events : events.reverse());
    for (const consumer of [...availability.consumers].reverse()) await consumer.stop();
    return await storedPositions(scratch.config);
  } finally {
    await kernel.close();
    await scratch.remove();
  }
}
