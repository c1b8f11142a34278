/**
 * Where the real data sets lie on this machine: beside the repository, never in it.
 *
 * Suites that need one skip by name when it is absent.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const shared = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

export const adventureWorksDir = `${shared}adventureworks`;
export const onlineRetailDir = `${shared}uci-online-retail`;
export const epcisDir = `${shared}epcis`;
export const ediDir = `${shared}edi`;
export const cloudEventsDir = `${shared}cloudevents`;
export const openboxesDir = `${shared}openboxes`;

/** For `describe.skipIf`. */
export function isAbsent(dir: string): boolean {
  return !existsSync(dir);
}

/** A month of the ledger to import, e.g. MONTH=2011-02: a minute and a half. Null: none. */
export const ledgerMonth = process.env["MONTH"] ?? null;
/** How many months of it go through a bad line, e.g. MONTHS=9 for all. 0: two days, in some seconds. */
export const ledgerMonths = Number(process.env["MONTHS"] ?? 0);
