/**
 * Many deliveries of the same suppliers at once: each line counts once, on every database.
 */
import { expect, it } from "vitest";
import { loadLateness, recordArrivals } from "../../subgraphs/availability/store/inbound.ts";
import { availabilityDatabase } from "../../subgraphs/availability/subgraph.ts";
import { eachDatabase } from "../helpers/databases.ts";

eachDatabase("arrivals of one supplier at many positions at once", (makeKernel) => {
  it("are all counted, and counted anew where a line is told once more", async () => {
    const db = await (await makeKernel()).openDatabase(availabilityDatabase);
    const arrivalsOf = (n: number, seq: number, daysLate: number) =>
      ["ZETA", "ACME", "MID"].map((from) => ({
        sku: `S${n}`,
        locationId: "L",
        documentType: "PURCHASE_ORDER" as const,
        documentId: `PO-${from}`,
        line: String(n),
        from,
        daysLate,
        seq,
      }));
    const record = (seq: number, daysLate: (n: number) => number) =>
      Promise.all(
        Array.from({ length: 12 }, (_, n) => {
          // Half of them the other way round: the order they come in must not make them wait for each other.
          const arrivals = arrivalsOf(n, seq, daysLate(n));
          return db.transaction((tx) => recordArrivals(tx, n % 2 === 0 ? arrivals : arrivals.toReversed()));
        }),
      );
    await record(1, (n) => n % 3);
    await record(2, () => 5);
    await record(1, () => 9);
    const counts = await loadLateness(db, ["ACME", "MID", "ZETA"]);
    expect([...counts.values()]).toEqual(Array.from({ length: 3 }, () => [{ daysLate: 5, lines: 12 }]));
  });
});
