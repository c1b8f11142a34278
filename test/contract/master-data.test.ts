/**
 * The replica of master data that every follower of the ERP keeps: newest wins, in any order.
 *
 * The bounded wait for what is still on its way is driven by pauses in which something happens, not by time.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import { MasterData1767225600002 } from "../../migrations/shared/002-master-data.ts";
import { ProductCost1767225600003 } from "../../migrations/shared/003-product-cost.ts";
import { LocationAccounts1767225600006 } from "../../migrations/shared/006-location-accounts.ts";
import type { Database } from "../../shared/db/database.ts";
import type { AnyEvent, LocationChanged, ProductChanged } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { applyMasterData, findLocations, findProducts, waitForMasterData } from "../../shared/master-data.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";

eachDatabase("master data replica", (makeKernel) => {
  let db: Database;

  beforeAll(async () => {
    const kernel = await makeKernel();
    db = await kernel.openDatabase({
      system: "returns",
      entities: [],
      migrations: [
        Kernel1767225600001,
        MasterData1767225600002,
        ProductCost1767225600003,
        LocationAccounts1767225600006,
      ],
    });
  });

  const apply = (...events: AnyEvent[]) => db.transaction((tx) => applyMasterData(tx, events));

  describe("newest wins", () => {
    it("keeps every member of a product", async () => {
      await apply(
        product("KIT", 3, {
          class: "A",
          active: false,
          unitCost: "12.50",
          safetyStock: 7,
          units: [{ unit: "CASE", numerator: 12, denominator: 1 }],
          sellMultiple: 6,
          components: [{ sku: "PART", quantity: 2 }],
        }),
      );
      expect((await findProducts(db, ["KIT"])).get("KIT")).toEqual({
        sku: "KIT",
        name: "Product KIT v3",
        baseUnit: "EA",
        class: "A",
        active: false,
        unitCost: "12.50",
        safetyStock: 7,
        sellMultiple: 6,
        units: [{ unit: "CASE", numerator: 12, denominator: 1 }],
        components: [{ sku: "PART", quantity: 2 }],
        version: 3,
      });
    });

    it("keeps every member of a location", async () => {
      await apply(
        location("WEST", 2, { type: "STORE", timeZone: "Europe/Berlin", sellable: false, accounts: ["ACME"] }),
      );
      expect((await findLocations(db, ["WEST"])).get("WEST")).toEqual({
        locationId: "WEST",
        name: "Location WEST v2",
        type: "STORE",
        timeZone: "Europe/Berlin",
        sellable: false,
        accounts: ["ACME"],
        version: 2,
      });
    });

    it.each([
      ["in order", [1, 2, 3]],
      ["in reverse order", [3, 2, 1]],
      ["with copies", [2, 3, 3, 1, 2]],
    ])("ends at version 3 when versions arrive %s, in one batch or one by one", async (title, versions) => {
      await apply(...versions.map((version) => product(`${title}-batch`, version)));
      for (const version of versions) await apply(product(`${title}-single`, version));
      const found = await findProducts(db, [`${title}-batch`, `${title}-single`]);
      expect([...found.values()].map(({ name, version }) => [name.slice(-2), version])).toEqual([
        ["v3", 3],
        ["v3", 3],
      ]);
    });

    it("tells SKUs apart that differ by case only", async () => {
      await apply(product("85123A", 1, { safetyStock: 1 }), product("85123a", 1, { safetyStock: 2 }));
      const found = await findProducts(db, ["85123a", "85123A"]);
      expect([found.get("85123A")?.safetyStock, found.get("85123a")?.safetyStock]).toEqual([1, 2]);
    });

    it("leaves out what nobody has announced", async () => {
      expect((await findProducts(db, ["NOWHERE"])).size).toBe(0);
      expect((await findProducts(db, [])).size).toBe(0);
      expect((await findLocations(db, ["NOWHERE"])).size).toBe(0);
      expect((await findLocations(db, [])).size).toBe(0);
    });

    it("takes over 500 products with one statement's worth of work and finds them all", async () => {
      const skus = Array.from({ length: 500 }, (_, i) => `BULK-${i}`);
      await apply(...skus.map((sku) => product(sku, 1)));
      expect((await findProducts(db, skus)).size).toBe(500);
    });
  });

  describe("waiting", () => {
    /** Pauses that let something happen instead of time passing. */
    function pauses(onPause: (nth: number) => Promise<void> = async () => {}) {
      const ms: number[] = [];
      return { ms, pause: async (stepMs: number) => onPause(ms.push(stepMs)) };
    }

    it("does not wait for what is known", async () => {
      await apply(product("KNOWN", 1), location("KNOWN", 1));
      const { ms, pause } = pauses();
      const known = await waitForMasterData(db, { items: [{ sku: "KNOWN" }], locationIds: ["KNOWN"] }, { pause });
      expect(known.product("KNOWN").version).toBe(1);
      expect(known.location("KNOWN").version).toBe(1);
      expect(ms).toEqual([]);
    });

    it("sees a product, a unit and a location that arrive while it waits", async () => {
      const arrivals = [
        product("LATE", 1),
        location("LATE", 1),
        product("LATE", 2, { units: [{ unit: "CASE", numerator: 12, denominator: 1 }] }),
      ];
      const { ms, pause } = pauses(async (nth) => apply(arrivals[nth - 1] as AnyEvent));
      const need = { items: [{ sku: "LATE", unit: "CASE" }], locationIds: ["LATE"] };
      const known = await waitForMasterData(db, need, { pause });
      expect(ms.length).toBe(3);
      expect(known.baseUnits({ sku: "LATE", quantity: 2, unit: "CASE" }, "supply")).toBe(24);
    });

    it("gives up after the limit and names what is missing", async () => {
      await apply(product("NO-CASE", 1));
      const { ms, pause } = pauses();
      const need = { items: [{ sku: "MISSING" }, { sku: "NO-CASE", unit: "CASE" }], locationIds: ["MISSING"] };
      const known = await waitForMasterData(db, need, { pause });
      const waitedMs = ms.reduce((sum, step) => sum + step, 0);
      expect(waitedMs).toBeGreaterThanOrEqual(limits.masterDataWaitMs);
      expect(waitedMs).toBeLessThan(limits.masterDataWaitMs + 250);
      expect(() => known.product("MISSING", ["input", "lines", "0", "sku"])).toThrow(
        expect.objectContaining({
          code: "UNKNOWN_SKU",
          details: expect.objectContaining({ sku: "MISSING", field: ["input", "lines", "0", "sku"] }),
        }),
      );
      expect(() => known.location("MISSING")).toThrow(expect.objectContaining({ code: "UNKNOWN_LOCATION" }));
      expect(() => known.baseUnits({ sku: "NO-CASE", quantity: 1, unit: "CASE" }, "supply", ["line"])).toThrow(
        expect.objectContaining({
          code: "UOM_UNMAPPED",
          details: expect.objectContaining({ sku: "NO-CASE", unit: "CASE", field: ["line", "unit"] }),
        }),
      );
    });

    it("does not wait for codes that can never be known", async () => {
      const { ms, pause } = pauses();
      await waitForMasterData(db, { items: [{ sku: " X" }, { sku: "" }], locationIds: ["Y ", "\n"] }, { pause });
      expect(ms).toEqual([]);
    });
  });
});

function product(sku: string, version: number, more: Partial<ProductChanged> = {}): AnyEvent {
  return canonicalEvent("erp", "master.changed", `product:${sku}`, version, {
    sku,
    data: {
      kind: "product",
      version,
      name: `Product ${sku} v${version}`,
      baseUnit: "EA",
      class: null,
      active: true,
      safetyStock: 0,
      units: [],
      ...more,
    },
  });
}

function location(locationId: string, version: number, more: Partial<LocationChanged> = {}): AnyEvent {
  return canonicalEvent("erp", "master.changed", `location:${locationId}`, version, {
    locationId,
    data: {
      kind: "location",
      version,
      name: `Location ${locationId} v${version}`,
      type: "WAREHOUSE",
      timeZone: "UTC",
      sellable: true,
      ...more,
    },
  });
}
