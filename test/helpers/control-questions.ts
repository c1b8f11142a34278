/**
 * What is asked of the figures, of the copies of audits and of variances where statements are looked at, and how their tables grow.
 */
import { systemClock } from "../../shared/clock.ts";
import type { Day, Office } from "./busy-day.ts";
import type { Growth } from "./grown-tables.ts";
import type { Paged } from "./pages-read.ts";

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

/** Positions without a difference: or each of them would become a case. */
export const varianceGrowth: Growth = {
  recon_positions: {
    own: ["sku"],
    set: {
      ...{ on_hand: "0", book: "0", shipped: "0", received: "0", adjusted: "0", failed: "'[]'", pending: "'[]'" },
      ...{ due_at_ms: "NULL", case_id: "NULL" },
    },
  },
  variance_cases: { own: ["id"], set: { open_key: "NULL" } },
  reconciliations: { own: ["id"], set: { status: "'DONE'" } },
};

export const pagedCases: Paged = {
  field: "varianceCases",
  nodes: "id variance",
  system: "control",
  key: "SELECT id FROM variance_cases ORDER BY 1",
  filters: [
    ...[{}, { status: "CLOSED" }, { status: "OPEN" }, { locationId: "L1" }],
    ...[
      { locationId: "L1", status: "OPEN" },
      { locationId: "L1", status: "CLOSED" },
    ],
  ],
};

export async function askVariances({ ask }: Office, { caseId, runId }: Day): Promise<void> {
  await ask("varianceCase", "{ status }", { id: caseId });
  await ask("reconciliation", "{ status }", { id: runId });
  await ask("reconciliationPolicy", "{ version }");
}
