/**
 * A wholesaler's ledger as two warehouses report it, day by day, through the door: one over a line that loses nothing,
 * the other over a line that sends a fifth twice, mixes up 500 at a time and loses one in a hundred, which the
 * warehouse heals with a snapshot at the end of the day. Both end where the files say (domain.md, story 6).
 *
 * MONTHS=9 takes all nine months and says how long it took; the suite takes two days.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ledgerFiles, readLedger } from "../../cli/import/files.ts";
import { createLedgerReader, type LedgerLine, onlineRetailHeader } from "../../ingest/online-retail.ts";
import { createOpeningStock, type OpeningPosition } from "../../ingest/opening-stock.ts";
import { isAbsent, ledgerMonths, onlineRetailDir } from "../helpers/data-sets.ts";
import { type Chance, chanceFrom } from "../helpers/fuzzed-documents.ts";
import { ledgerSums } from "../helpers/ledger-sums.ts";
import { openPlain } from "../helpers/plain-sql.ts";
import { postDocument, saveInParts } from "../helpers/taken-in.ts";
import { settled, startTarget, type Target } from "../helpers/target.ts";

const copiesOneIn = 5;
const lostOneIn = 100;
const mixedUpTo = 500;
/** The two quietest that follow each other. */
const daysInSuite = new Set(["2010-12-22", "2010-12-23"]);

interface Fact {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly data: object;
}

interface Line {
  readonly clean: readonly (readonly Fact[])[];
  /** In batches of about a day. */
  readonly bad: readonly (readonly Fact[])[];
  readonly lost: number;
  readonly snapshots: number;
}

const missing = isAbsent(onlineRetailDir);

describe.skipIf(missing)(`a bad line${missing ? " (needs ../shared/data)" : ""}`, () => {
  let target: Target;
  beforeAll(async () => {
    target = await startTarget("embedded");
  }, 120_000);
  afterAll(() => target?.stop());

  it("ends where a clean one ends, and where the files say", async ({ annotate }) => {
    const { days, positions, files } = await readDays();
    await saveInParts(target.connector, "saveProducts", "products", positions.map(toProduct));
    const places = ["CLEAN", "BAD"].map((id) => ({ id, name: id, type: "WAREHOUSE" }));
    await saveInParts(target.connector, "saveLocations", "locations", places);
    const { clean, bad, lost, snapshots } = report(days, positions, chanceFrom(1));
    const startedMs = performance.now();
    const told = { events: 0, duplicate: 0 };
    const token = await target.token("line", ["connector-wms"]);
    for (const [day, facts] of clean.entries()) {
      for (const [place, batch] of [
        ["CLEAN", facts],
        ["BAD", bad[day] ?? []],
      ] as const) {
        const { body } = await postDocument(target.url, token, "cloudevents", written(batch, place));
        expect(body, JSON.stringify(body.rejected?.[0])).toMatchObject({ rejectedCount: 0 });
        expect(body.accepted + body.duplicate).toBe(batch.length);
        told.events += batch.length;
        told.duplicate += body.duplicate;
      }
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    await settled(target);
    const sums = await balances(target);
    expect(sums.get("BAD")).toEqual(sums.get("CLEAN"));
    expect(sums.get("CLEAN")).toEqual(ledgerSums(files, ledgerMonths > 0 ? null : daysInSuite));
    expect(lost * told.duplicate * snapshots).toBeGreaterThan(0);
    await annotate(
      `${days.length} days, ${positions.length} items, ${told.events} events in ${seconds.toFixed(0)} s ` +
        `(${Math.round(told.events / seconds)}/s): ${told.duplicate} duplicates, ${lost} lost, ${snapshots} snapshots`,
    );
  }, 7_200_000);
});

async function readDays() {
  const files = ledgerFiles(onlineRetailDir, null).slice(0, ledgerMonths || 1);
  const read = createLedgerReader();
  const opening = createOpeningStock();
  const days: LedgerLine[][] = [];
  for await (const row of readLedger(files, onlineRetailHeader)) {
    const { line } = read(row);
    if (!line || (ledgerMonths === 0 && !daysInSuite.has(line.day))) continue;
    if (days.at(-1)?.[0]?.day !== line.day) days.push([]);
    days.at(-1)?.push(line);
    opening.add(line);
  }
  return { days, positions: opening.positions(), files };
}

const toProduct = ({ sku, name }: OpeningPosition) => ({ sku, name, baseUnit: "EA" });

interface Stock {
  seq: number;
  unrestricted: number;
  quarantine: number;
}

/** What both warehouses report; each counts the events of a position. */
function report(days: readonly LedgerLine[][], positions: readonly OpeningPosition[], chance: Chance): Line {
  const stock = new Map<string, Stock>();
  const opened = positions.map(({ sku, openingStock }) => {
    const own = { seq: 1, unrestricted: openingStock, quarantine: 0 };
    stock.set(sku, own);
    return snapshotOf(sku, own, "2010-11-30T00:00:00Z");
  });
  const clean: Fact[][] = [opened];
  const sent: { at: number; fact: Fact }[] = [];
  const send = (fact: Fact) => sent.push({ at: sent.length + chance(mixedUpTo), fact });
  const ends: number[] = [];
  const counts = { lost: 0, snapshots: 0 };
  for (const lines of days) {
    const facts: Fact[] = [];
    const lostOf = new Set<string>();
    for (const line of lines) {
      const fact = factOf(line, stock.get(line.sku) as Stock);
      facts.push(fact);
      if (chance(lostOneIn) === 0) {
        lostOf.add(line.sku);
        counts.lost += 1;
        continue;
      }
      send(fact);
      if (chance(copiesOneIn) === 0) send(fact);
    }
    const evening = `${lines[0]?.day}T23:59:59Z`;
    for (const sku of lostOf) {
      const own = stock.get(sku) as Stock;
      own.seq += 1;
      send(snapshotOf(sku, own, evening));
      counts.snapshots += 1;
    }
    clean.push(facts);
    ends.push(sent.length);
  }
  const mixed = sent.sort((a, b) => a.at - b.at).map(({ fact }) => fact);
  const bad = [opened, ...ends.map((end, day) => mixed.slice(ends[day - 1] ?? 0, end))];
  return { clean, bad, ...counts };
}

function factOf({ kind, sku, quantity, invoiceNo, invoiceLine, occurredAt }: LedgerLine, own: Stock): Fact {
  own.seq += 1;
  const [type, more] = {
    sale: ["shipment.confirmed", { fromBucket: "UNRESTRICTED" }] as const,
    credit: ["receipt.recorded", { toBucket: "QUARANTINE" }] as const,
    correction: ["adjustment.posted", { reasonCode: "CORRECTED" }] as const,
  }[kind];
  if (kind === "credit") own.quarantine += quantity;
  else own.unrestricted += kind === "sale" ? -quantity : quantity;
  const data = { sku, quantity, sourceSeq: own.seq, ...more };
  return { id: `${invoiceNo}:${invoiceLine}`, type, time: occurredAt, data };
}

function snapshotOf(sku: string, { seq, unrestricted, quarantine }: Stock, time: string): Fact {
  const data = { sku, sourceSeq: seq, buckets: { unrestricted, quarantine } };
  return { id: `${sku}:${seq}`, type: "inventory.snapshot", time, data };
}

function written(facts: readonly Fact[], locationId: string): Uint8Array {
  const envelope = { specversion: "1.0", source: `//wms-${locationId.toLowerCase()}` };
  return Buffer.from(
    JSON.stringify(facts.map((fact) => ({ ...envelope, ...fact, data: { ...fact.data, locationId } }))),
  );
}

/** Place → SKU → what is on the shelf and in quarantine; the journal's sums are compared with it by `settled`. */
async function balances({ config }: Target) {
  const plain = await openPlain(config, "wms");
  const rows = await plain.query("SELECT sku, location_id, unrestricted, quarantine FROM stock_balances");
  await plain.close();
  const sums = new Map<string, Map<string, { shelf: number; credits: number }>>();
  for (const { sku, location_id: place, unrestricted, quarantine } of rows) {
    const own = sums.get(String(place)) ?? new Map();
    sums.set(String(place), own.set(String(sku), { shelf: Number(unrestricted), credits: Number(quarantine) }));
  }
  return sums;
}
