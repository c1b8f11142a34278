/**
 * What is asked of the figures and of the copies of audits where statements are looked at, and how their tables grow.
 */
import { systemClock } from "../../shared/clock.ts";
import type { Day, Office } from "./busy-day.ts";
import type { Growth } from "./grown-tables.ts";

export const figuresGrowth: Growth = {
  kpi_buckets: { own: [], set: { hour: "t.hour - 1000 * n" } },
  kpi_cases: { own: ["case_key"] },
  audit_copies: { own: [], set: { sequence: "t.sequence - 1000000 * n" } },
};

export async function askFigures({ ask }: Office, { from }: Day): Promise<void> {
  const to = new Date(systemClock.now()).toISOString();
  for (const locationId of [undefined, "L1"]) await ask("kpis", "{ name value }", { from, to, locationId });
  await ask("auditVerification", "{ systems { copied verified } }");
  type Trail = { pageInfo: { endCursor: string | null } };
  const trail = { subject: "position:HOT|L1", first: 5 };
  let after: string | null = null;
  for (let page = 0; page < 3; page++) {
    const { pageInfo }: Trail = await ask<Trail>("auditTrail", "{ nodes { action } pageInfo { endCursor } }", {
      ...trail,
      after,
    });
    after = pageInfo.endCursor;
  }
}
