/**
 * `uci-online-retail`: a sales ledger, read twice: once for what it must have started from, once to replay it.
 *
 * One day of lines is held at a time. A day's goods are picked after its orders are allocated; days follow each other.
 * What the rows mean is in `ingest/online-retail.ts`.
 */

import { londonToUtc } from "../../ingest/london-time.ts";
import { createLedgerReader, type LedgerLine, onlineRetailHeader } from "../../ingest/online-retail.ts";
import { onlineRetailLocation, stockEventsOf, toDay, toOpening } from "../../ingest/online-retail-day.ts";
import { createOpeningStock, type OpeningPosition } from "../../ingest/opening-stock.ts";
import { AppError } from "../../shared/errors.ts";
import { ledgerFiles, readLedger } from "./files.ts";
import type { Loader } from "./loader.ts";
import { saveNewBookBalances } from "./opening-books.ts";
import type { ImportRun, Profile } from "./profile.ts";

export const onlineRetail: Profile = {
  name: "uci-online-retail",
  hasMonths: true,
  async load(run) {
    const { dir, months, loader, progress } = run;
    const paths = ledgerFiles(dir, months);
    const survey = await surveyLedger(paths, run);
    await loadOpening(survey, run);
    progress.stage("ledger", ["events"], survey.stockEvents);
    for await (const lines of readDays(paths)) await loadDay(lines, loader);
    return { locationIds: [onlineRetailLocation.id], positions: survey.positions.length };
  },
};

interface Survey {
  readonly positions: readonly OpeningPosition[];
  /** How many the lines will become. */
  readonly stockEvents: number;
  readonly firstDay: string;
}

/** The first reading; only this one reports findings. */
async function surveyLedger(paths: readonly string[], { tally }: ImportRun): Promise<Survey> {
  const readRow = createLedgerReader();
  const opening = createOpeningStock();
  let stockEvents = 0;
  let firstDay: string | undefined;
  for await (const row of readLedger(paths, onlineRetailHeader)) {
    const { line, findings } = readRow(row);
    tally.find(findings);
    if (!line) continue;
    opening.add(line);
    stockEvents += stockEventsOf(line).length;
    firstDay ??= line.day;
  }
  if (firstDay === undefined) throw new AppError("INVALID_INPUT", { message: "The ledger has no lines to import." });
  return { positions: opening.positions(), stockEvents, firstDay };
}

async function loadOpening({ positions, firstDay }: Survey, { client, loader, tally, progress }: ImportRun) {
  const midnight = londonToUtc(`${firstDay} 00:00:00`) as string;
  const { products, bookBalances, stockEvents } = toOpening(positions, midnight);
  progress.stage("opening stock", ["products", "bookBalances", "events"], 3 * positions.length);
  await loader.saveLocations([onlineRetailLocation]);
  await loader.saveProducts(products);
  await saveNewBookBalances({ client, loader, tally }, [onlineRetailLocation.id], bookBalances);
  await loader.recordStockEvents(stockEvents);
}

async function loadDay(lines: readonly LedgerLine[], loader: Loader): Promise<void> {
  const { orders, stockEvents, returns } = toDay(lines);
  await loader.allocateOrders(orders);
  await loader.recordStockEvents(stockEvents);
  await loader.takeReturns(returns);
}

/** The second reading: runs of lines of one calendar day. */
async function* readDays(paths: readonly string[]): AsyncGenerator<readonly LedgerLine[]> {
  const readRow = createLedgerReader();
  let day: LedgerLine[] = [];
  for await (const row of readLedger(paths, onlineRetailHeader)) {
    const { line } = readRow(row);
    if (!line) continue;
    if (day[0] && day[0].day !== line.day) {
      yield day;
      day = [];
    }
    day.push(line);
  }
  if (day.length > 0) yield day;
}
