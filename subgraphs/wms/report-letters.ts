/**
 * Reports that wait for a mapping, as dead letters: kept, tried again, and taken back when they come again by themselves.
 *
 * One report is one letter; reports that count all or none are one letter together, under the id of the first.
 */
import { seesEverywhere } from "../../shared/accounts.ts";
import type { Clock } from "../../shared/clock.ts";
import type { RequestContext } from "../../shared/command.ts";
import type { Transaction } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import type { Role } from "../../shared/identity.ts";
import { findLocations, findProducts, masterDataOf } from "../../shared/master-data.ts";
import { keepLetter, takeBack } from "../../shared/messaging/dead-letters.ts";
import { lettersOf, type OpenLetter } from "../../shared/messaging/letter-store.ts";
import type { MessageRedrive } from "../../shared/messaging/redrive.ts";
import { findPartnerCodes, textOf } from "../../shared/partner-codes.ts";
import { type Cause, createRecorder, type Recorder } from "../../shared/recorder.ts";
import type { StockFact } from "./domain/stock-fact.ts";
import { postFacts, type Verdict } from "./posting.ts";
import {
  codesOf,
  entryOf,
  inOurCodes,
  missingCode,
  parseReport,
  type StockEventInput,
  waitsFor,
} from "./stock-reports.ts";

const consumer = "recordStockEvents";

interface Reports {
  readonly source: string;
  readonly events: readonly StockEventInput[];
  readonly cause: Cause;
}

/** Where reports came from, for the letters that they may become. */
export interface Sender {
  readonly source: string;
  readonly context: RequestContext;
  readonly nowMs: number;
}

/** Each by itself: what waits is kept, and what counts now is waited for no longer. */
export async function followReports(
  tx: Transaction,
  recorder: Recorder,
  sender: Sender,
  events: readonly StockEventInput[],
  verdicts: readonly Verdict[],
): Promise<void> {
  if (!isHeard(sender)) return;
  const kept = await lettersOf(
    tx,
    consumer,
    sender.source,
    events.map(({ id }) => id),
  );
  const letters = new Map(kept.map((letter) => [letter.messageId, letter]));
  for (const [i, event] of events.entries()) {
    const verdict = verdicts[i] as Verdict;
    const letter = letters.get(event.id);
    const error = waitsFor(verdict);
    if (error) await keep(tx, recorder, sender, [event], error, (letter?.attempts ?? 0) + 1);
    else if (letter && verdict.status !== "REJECTED") await takeBack(tx, recorder, letter.id, letter.attempts);
    letters.delete(event.id);
  }
}

/** Who sees only some places puts it right themselves: to them another place is one that does not exist. */
function isHeard({ context }: Sender): boolean {
  return seesEverywhere(context.identity);
}

/** Of reports that count all or none, and were refused because one of them lacks a mapping. */
export async function keepTogether(
  tx: Transaction,
  recorder: Recorder,
  sender: Sender,
  events: readonly StockEventInput[],
  error: AppError,
): Promise<void> {
  if (error.row.class !== "MAPPING" || !isHeard(sender)) return;
  const [letter] = await lettersOf(
    tx,
    consumer,
    sender.source,
    events.slice(0, 1).map(({ id }) => id),
  );
  await keep(tx, recorder, sender, events, error, (letter?.attempts ?? 0) + 1);
}

/** `error.details.field` may say which of them it is. */
async function keep(
  tx: Transaction,
  recorder: Recorder,
  { source, nowMs }: Sender,
  events: readonly StockEventInput[],
  error: AppError,
  attempts: number,
): Promise<void> {
  const reports: Reports = { source, events, cause: recorder.cause };
  await keepReports(tx, recorder, reports, { error, attempts, nowMs });
}

async function keepReports(
  tx: Transaction,
  recorder: Recorder,
  reports: Reports,
  { error, attempts, nowMs }: { readonly error: unknown; readonly attempts: number; readonly nowMs: number },
): Promise<void> {
  const { source, events } = reports;
  const [first, failed] = [events[0], events[indexOf(error)]];
  if (!first || !failed) return;
  const missing = error instanceof AppError ? missingCode(failed, error) : null;
  await keepLetter(tx, recorder, {
    stage: "INTAKE",
    ...{ consumer, error, attempts, nowMs, raises: true },
    sender: source,
    messageId: first.id,
    messageType: `stock.${first.type.toLowerCase()}`,
    body: JSON.stringify(reports),
    waitsForCode: missing ? textOf(missing) : null,
    about: { sku: failed.sku, locationId: failed.locationId, documentRef: failed.documentRef ?? null },
  });
}

/** Which of the events an error is about: `input.events.2`. */
function indexOf(error: unknown): number {
  const index = error instanceof AppError ? Number(error.details.field?.[2] ?? 0) : 0;
  return Number.isInteger(index) ? index : 0;
}

export function createReportRedrive(clock: Clock): MessageRedrive {
  const reportsOf = ({ body }: OpenLetter) => JSON.parse(body) as Reports;
  return {
    consumer,
    recorderOf: (letter) => createRecorder("wms", clock, reportsOf(letter).cause),
    apply: (tx, letter, recorder) => applyAll(tx, reportsOf(letter), recorder, clock.now()),
    keep: (tx, letter, recorder, error) =>
      keepReports(tx, recorder, reportsOf(letter), { error, attempts: letter.attempts + 1, nowMs: clock.now() }),
  };
}

/** All of them, or fails with the first refusal. */
async function applyAll(tx: Transaction, reports: Reports, recorder: Recorder, nowMs: number): Promise<void> {
  const { source, events, cause } = reports;
  const roles = new Set(cause.roles as readonly Role[]);
  const told = events.map((event): StockFact => {
    const fact = parseReport(event, roles);
    if (fact instanceof AppError) throw fact;
    return fact;
  });
  const codes = await findPartnerCodes(tx, source, told.flatMap(codesOf));
  const facts = told.map((fact) => inOurCodes(fact, codes));
  const masterData = masterDataOf(
    await findProducts(
      tx,
      facts.map(({ sku }) => sku),
    ),
    await findLocations(
      tx,
      facts.map(({ locationId }) => locationId),
    ),
  );
  const entries = told.map((fact) => entryOf(fact, codes, masterData));
  const verdicts = await postFacts(tx, recorder, { source, action: consumer, nowMs, entries });
  for (const [i, verdict] of verdicts.entries()) {
    if (verdict.status !== "REJECTED") continue;
    const { code, message, details } = verdict.error;
    throw new AppError(code, { ...details, message, field: ["input", "events", String(i)] });
  }
}
