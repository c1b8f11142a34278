/**
 * `adventureworks`: master data, book balances, purchase orders, then the stock as the warehouse counted it.
 *
 * The tables are small and read whole. What they mean is in `ingest/adventureworks.ts`.
 */
import { readAdventureWorks } from "../../ingest/adventureworks.ts";
import { type AdventureWorksTable, adventureWorksTables } from "../../ingest/adventureworks-tables.ts";
import { readTables } from "./files.ts";
import { saveNewBookBalances } from "./opening-books.ts";
import type { Profile } from "./profile.ts";

export const adventureworks: Profile = {
  name: "adventureworks",
  hasMonths: false,
  async load({ dir, client, loader, tally, progress }) {
    const names = Object.keys(adventureWorksTables) as AdventureWorksTable[];
    const { products, locations, bookBalances, purchaseOrders, stockEvents, findings } = readAdventureWorks(
      readTables(dir, names),
    );
    tally.find(findings);
    const locationIds = locations.map(({ id }) => id);

    progress.stage("master data", ["locations", "products"], locations.length + products.length);
    await loader.saveLocations(locations);
    await loader.saveProducts(products);
    progress.stage("books", ["bookBalances"], bookBalances.length);
    await saveNewBookBalances({ client, loader, tally }, locationIds, bookBalances);
    progress.stage("purchase orders", ["purchaseOrders"], purchaseOrders.length);
    await loader.savePurchaseOrders(purchaseOrders);
    progress.stage("stock", ["events"], stockEvents.length);
    await loader.recordStockEvents(stockEvents);
    return { locationIds, positions: stockEvents.length };
  },
};
