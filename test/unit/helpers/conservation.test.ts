/**
 * The audit after every end-to-end test finds what it is there to find.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { SystemName } from "../../../shared/config.ts";
import { createKernel, type Kernel } from "../../../shared/kernel.ts";
import { silentLogger } from "../../../shared/logging.ts";
import { expectConservation, expectSettled } from "../../helpers/conservation.ts";
import { lineOf, stockUp } from "../../helpers/rush.ts";
import { settled, startTarget, type Target } from "../../helpers/target.ts";

describe("conservation", () => {
  let target: Target;
  let kernel: Kernel;
  beforeAll(async () => {
    target = await startTarget("embedded");
    kernel = await createKernel({ ...target.config, migrateOnStart: false }, { log: silentLogger });
    await stockUp(target, [lineOf("CO-1", 5)]);
  });
  afterAll(async () => {
    await kernel.close();
    await target.stop();
  });

  /** Changes a number behind everybody's back, looks, and puts it right again. */
  async function tampering(system: SystemName, table: string, column: string, look: () => Promise<void>) {
    const db = await kernel.openDatabase({ system, entities: [], migrations: [] });
    await db.transaction((tx) => tx.run(`UPDATE ${table} SET ${column} = ${column} + 1`));
    await look();
    await db.transaction((tx) => tx.run(`UPDATE ${table} SET ${column} = ${column} - 1`));
    await settled(target);
  }

  it("holds where every number has its movement", async () => {
    await settled(target);
  });

  it.each(["reserved", "unrestricted", "committed", "quarantined", "shipped_not_posted"])(
    "finds a position whose %s nobody explains",
    (column) =>
      tampering("availability", "positions", column, async () => {
        await expect(expectSettled(target)).rejects.toMatchObject({
          actual: [expect.stringContaining(`CO-1|L: ${column} is`)],
        });
        await expectConservation(target);
      }),
  );

  it("finds a balance that is not the sum of its movements", () =>
    tampering("wms", "stock_balances", "damaged", () =>
      expect(expectConservation(target)).rejects.toMatchObject({
        actual: { unexplained: [{ sku: "CO-1", location_id: "L" }], unposted: [], unreturned: [] },
      }),
    ));

  it("finds an audit row that is not what it was, and one that is gone", async () => {
    const wms = await kernel.openDatabase({ system: "wms", entities: [], migrations: [] });
    const change = (sql: string) => wms.transaction((tx) => tx.run(sql));
    const finding = (name: string) =>
      expect(expectSettled(target)).rejects.toMatchObject({
        actual: { system: "wms", broken: expect.objectContaining({ finding: name }) },
      });
    await vi.waitFor(async () => expect(await wms.query("SELECT 1 FROM audit_seals")).not.toEqual([]));
    await change("UPDATE audit_rows SET action = UPPER(action) WHERE id = 1");
    await finding("HASH_DIFFERS");
    await change("DELETE FROM audit_rows WHERE id = 1");
    await finding("ROW_MISSING");
    await change("DELETE FROM audit_rows");
    await change("DELETE FROM audit_seals");
    await finding("KEY_WITHOUT_ROW");
  });
});
