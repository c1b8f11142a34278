/**
 * A run over very many positions: how long it takes, that it keeps no more than a page in memory, and that it finds each
 * one that differs.
 *
 * The rows are written by SQL, as the consumer would have left them; one in a thousand differs. Says what it took.
 */
import { expect, it } from "vitest";
import { manualClock } from "../../shared/clock.ts";
import { emptyReconPosition } from "../../subgraphs/control/domain/recon-position.ts";
import { createReconciliationRuns } from "../../subgraphs/control/reconciliation-runs.ts";
import { findRun } from "../../subgraphs/control/store/reconciliations.ts";
import { createControl } from "../../subgraphs/control/subgraph.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { rowCount } from "../helpers/rush.ts";

const digits =
  "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL \
SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";

eachDatabase(
  `a run over ${rowCount} positions`,
  (makeKernel) => {
    it("goes through all of them in little memory, and opens a case for each that differs", {
      timeout: 900_000,
    }, async ({ annotate }) => {
      const clock = manualClock();
      const kernel = await makeKernel({ clock });
      const { db } = await createControl(kernel);
      const progress = JSON.stringify(emptyReconPosition("S", "L").progress);
      await db.transaction((tx) =>
        tx.run(
          `INSERT INTO recon_positions (sku, location_id, on_hand, book, shipped, received, adjusted, wms_known, erp_known,
             failed, pending, last_count, progress, case_id, cleared, due_at_ms, version)
           SELECT CONCAT('SKU-', LPAD(n, 7, '0')), CONCAT('L', n % 50), n % 900,
             n % 900 + CASE WHEN n % 1000 = 0 THEN 7 ELSE 0 END + CASE WHEN n % 10 = 1 THEN 3 ELSE 0 END,
             CASE WHEN n % 10 = 1 THEN 3 ELSE 0 END, 0, 0, 1, 1, '[]', '[]', NULL, ?, NULL, NULL, NULL, 1
           FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d + 1 AS n
             FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e, ${digits} f, ${digits} g) numbers WHERE n <= ?`,
          [progress, rowCount],
        ),
      );
      const { log } = kernel;
      const runs = createReconciliationRuns({ db, clock, log, committed: () => {} });
      const before = process.memoryUsage().rss;
      let most = before;
      const sampling = setInterval(() => {
        most = Math.max(most, process.memoryUsage().rss);
      }, 50);
      const startedAt = performance.now();
      await runs.sweep();
      const seconds = (performance.now() - startedAt) / 1_000;
      clearInterval(sampling);
      const run = await findRun(db, `scheduled-24-${Math.floor(clock.now() / (24 * 3_600_000))}`);
      const differing = Math.floor(rowCount / 1_000);
      expect(run).toMatchObject({ status: "DONE", positions: rowCount, opened: differing, settling: 0, cleared: 0 });
      const grown = Math.round((most - before) / 1_048_576);
      await annotate(`${rowCount} positions in ${seconds.toFixed(1)} s, ${grown} MB more at most, ${differing} cases`);
      expect(grown).toBeLessThan(400);
    });
  },
  ["mysql"],
);
