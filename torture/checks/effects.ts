/**
 * I2, I3, I12: what clients were told for certain is what the databases have, once: by plain SQL.
 *
 * A reply is compared with what is stored under its key, its audit rows and its events; a fact with its movement.
 */
import type { Config, SystemName } from "../../shared/config.ts";
import { systemNames } from "../../shared/config.ts";
import { openPlain } from "../../test/helpers/plain-sql.ts";
import type { Journal, Settled } from "../journal.ts";
import { hotUnits } from "../workload/stage.ts";
import type { Findings } from "./verdict.ts";

type Row = Record<string, unknown>;

export async function checkEffects(config: Config, journal: Journal): Promise<Findings> {
  const effects: string[] = [];
  const audited: string[] = [];
  for (const system of systemNames) {
    const own = journal.settled.filter((one) => one.system === system);
    const found = await findEffects(config, system, own);
    effects.push(...found.effects);
    audited.push(...found.audited);
  }
  return {
    I3: [...effects, ...(await findFacts(config, journal))],
    I12: audited,
    I2: await findOversold(config, journal),
  };
}

async function findEffects(config: Config, system: SystemName, settled: readonly Settled[]) {
  const plain = await openPlain(config, system);
  const keys = byKey(await plain.query("SELECT caller, operation, idempotency_key, reply FROM idempotency_keys"));
  const twice = await plain.query(
    `SELECT idempotency_key, person, subject, action, COUNT(*) AS n FROM audit_rows WHERE idempotency_key IS NOT NULL
      AND subject NOT LIKE 'position:%' GROUP BY idempotency_key, person, subject, action HAVING COUNT(*) > 1`,
  );
  const rows = await plain.query("SELECT DISTINCT idempotency_key FROM audit_rows WHERE idempotency_key IS NOT NULL");
  const events = await plain.query(
    `SELECT JSON_VALUE(body, '$.idempotencyKey') AS k, COUNT(*) AS n FROM outbox WHERE type = 'reservation.created' GROUP BY k`,
  );
  await plain.close();
  const withRow = new Set(rows.map((row) => String(row["idempotency_key"])));
  const told = new Map(events.map((row) => [String(row["k"]), Number(row["n"])]));
  const effects = settled.flatMap((one) => [
    ...compareStored(one, keys.get(textOf(one.person, one.operation, one.key))),
    ...compareReservation(one, told.get(one.key) ?? 0),
  ]);
  const doubled = twice.map(
    (row) => `${system}: ${row["n"]} audit rows ${row["action"]} under ${row["idempotency_key"]}`,
  );
  const unaudited = settled
    .filter(({ key }) => !withRow.has(key))
    .map(({ key }) => `${system}: no audit row for ${key}`);
  return { effects: [...effects, ...doubled], audited: unaudited };
}

function byKey(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [textOf(row["caller"], row["operation"], row["idempotency_key"]), row]));
}

function textOf(...parts: readonly unknown[]): string {
  return parts.join("\n");
}

/** Codes and ids: what the stored reply and the one that came must have in common. */
function compareStored({ operation, key, reply }: Settled, row: Row | undefined): string[] {
  if (!row?.["reply"]) return [`${operation} ${key} was answered, and nothing is stored under it`];
  const text = row["reply"];
  const stored = (typeof text === "string" ? JSON.parse(text) : text) as Settled["reply"];
  const codes = (one: Settled["reply"]) => JSON.stringify(one.userErrors.map(({ code }) => code));
  return codes(stored) === codes(reply)
    ? []
    : [`${operation} ${key} was answered ${codes(reply)}, and ${codes(stored)} is stored`];
}

function compareReservation({ operation, key, reply }: Settled, events: number): string[] {
  if (operation !== "reserveStock") return [];
  const granted = reply["reservation"] ? 1 : 0;
  return granted === events ? [] : [`reserveStock ${key}: granted ${granted}, and told ${events} times`];
}

/** Each fact that was accepted moved stock once, and nothing else did under our source's name. */
async function findFacts(config: Config, journal: Journal): Promise<string[]> {
  const plain = await openPlain(config, "wms");
  const rows = await plain.query(
    "SELECT event_id, COUNT(*) AS n FROM stock_movements WHERE source = 'wcs' GROUP BY event_id",
  );
  await plain.close();
  const moved = new Map(rows.map((row) => [String(row["event_id"]), Number(row["n"])]));
  const accepted = new Set(
    journal.settled
      .filter(({ operation }) => operation === "recordStockEvents")
      .flatMap(({ reply }) => reply["results"] as { id: string; status: string }[])
      .filter(({ status }) => status === "ACCEPTED" || status === "DUPLICATE")
      .map(({ id }) => id),
  );
  return [
    ...[...accepted].filter((id) => moved.get(id) !== 1).map((id) => `fact ${id}: ${moved.get(id) ?? 0} movements`),
    ...[...moved.keys()].filter((id) => !accepted.has(id)).map((id) => `fact ${id} moved stock and was not accepted`),
  ];
}

/** Of what nobody gave back: granted is held, never more than there is, and whoever wanted one got it while there was. */
async function findOversold(config: Config, journal: Journal): Promise<string[]> {
  const plain = await openPlain(config, "availability");
  const rows = await plain.query(
    `SELECT p.sku, p.reserved, p.unrestricted, COALESCE(SUM(l.held), 0) AS held FROM positions p
       LEFT JOIN reservation_lines l ON l.sku = p.sku AND l.location_id = p.location_id
      WHERE p.sku LIKE 'HOT-%' GROUP BY p.sku, p.reserved, p.unrestricted`,
  );
  await plain.close();
  return rows.flatMap((row) => {
    const sku = String(row["sku"]);
    const [reserved, held, there] = [row["reserved"], row["held"], row["unrestricted"]].map(Number) as [
      number,
      number,
      number,
    ];
    const asked = journal.settled.filter((one) => one.operation === "reserveStock" && linesOf(one)[0]?.sku === sku);
    const units = (one: Settled) => linesOf(one)[0]?.quantity ?? 0;
    const granted = asked.filter(({ reply }) => reply["reservation"]).reduce((sum, one) => sum + units(one), 0);
    const refused = asked.filter(({ reply }) => !reply["reservation"]).map(units);
    const found: string[] = [];
    if (granted !== held || held !== reserved)
      found.push(`${sku}: granted ${granted}, held ${held}, reserved ${reserved}`);
    if (reserved > there || there !== hotUnits) found.push(`${sku}: reserved ${reserved} of ${there}`);
    const left = hotUnits - granted;
    if (refused.some((wanted) => wanted <= left))
      found.push(`${sku}: ${left} are left, and somebody was refused fewer`);
    return found;
  });
}

function linesOf({ input }: Settled): { sku: string; quantity: number }[] {
  return (input["lines"] ?? []) as { sku: string; quantity: number }[];
}
