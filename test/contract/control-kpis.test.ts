/**
 * Figures as they are kept: summed up while facts come, equal to a plain recount of the journal, and answered for a
 * period and a place.
 */
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { recount } from "../../subgraphs/control/domain/kpi-facts.ts";
import { kpiDefinitions } from "../../subgraphs/control/domain/kpis.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { anyFacts } from "../helpers/kpi-facts.ts";
import { type ControlDesk, openControl } from "./control-fixture.ts";
import { location } from "./returns-fixture.ts";

interface Shown {
  readonly name: string;
  readonly value: number | null;
  readonly numerator: number;
  readonly denominator: number;
  readonly timeZone: string;
}

eachDatabase("figures", (makeKernel) => {
  let desk: ControlDesk;
  let seq = 0;

  beforeAll(async () => {
    desk = await openControl(makeKernel);
  });

  async function figures(args: string): Promise<Map<string, Shown>> {
    const { data, errors } = await desk.ask<{ kpis: Shown[] }>(
      `{ kpis(${args}) { name value numerator denominator timeZone unit definition } }`,
    );
    expect(errors).toBeUndefined();
    return new Map(data.kpis.map((kpi) => [kpi.name, kpi]));
  }

  it("are what a plain recount of the journal comes to, whatever the order and however often facts come", async () => {
    const facts = fc.sample(anyFacts, { seed: 7, numRuns: 60 }).flat();
    const own = facts.map((event, i): AnyEvent => ({ ...event, id: `kpi-${i}` }));
    const shuffled = [...own, ...own].sort((a, b) => (a.id + a.type < b.id + b.type ? 1 : -1));
    for (let from = 0; from < shuffled.length; from += 40) {
      await desk.kernel.bus.publish("facts", shuffled.slice(from, from + 40));
    }
    const rows = await desk.db.query<{ body: string }>("SELECT body FROM journal_events ORDER BY id");
    const expected = recount(rows.map(({ body }) => JSON.parse(body) as AnyEvent));
    const kept = await desk.db.query<Record<string, string | number>>(
      `SELECT * FROM kpi_buckets WHERE location_id <> '*' AND measure NOT IN ('exceptionAging', 'exceptionResolutionTime', 'disputeResolutionTime', 'reconciliationEffort')
          AND (numerator <> 0 OR denominator <> 0 OR squares <> 0)`,
    );
    const text = (cell: object) => JSON.stringify(Object.values(cell).map(String));
    const keptTexts = kept.map(({ location_id, hour, measure, bound, numerator, denominator, squares }) =>
      text({ measure, location_id, hour, bound, numerator, denominator, squares }),
    );
    const placed = expected.filter(({ locationId }) => locationId !== null);
    expect(placed.length).toBeGreaterThan(20);
    expect(keptTexts.sort()).toEqual(
      placed
        .map(({ measure, locationId, hour, bound, numerator, denominator, squares }) =>
          text({ measure, locationId, hour, bound, numerator, denominator, squares }),
        )
        .sort(),
    );
  });

  const day = (date: string) => `from: "${date}T00:00:00Z", to: "${date}T23:30:00Z"`;
  const order = (type: "order.allocated" | "shipment.confirmed", at: string, quantity: number, more = {}) =>
    canonicalEvent(type === "order.allocated" ? "erp" : "wms", type, "A|WEST", ++seq, {
      ...{ sku: "A", locationId: "WEST", quantity, time: at, recordedAt: at },
      documentRef: { type: "ORDER", id: "O-1", line: "1" },
      data: { committedDelta: quantity, deltas: {} },
      ...more,
    } as never);

  it("tell of a period and a place what is divided by what", async () => {
    await desk.deliver(
      order("shipment.confirmed", "2026-02-02T12:00:00Z", 6),
      order("order.allocated", "2026-02-02T08:00:00Z", 10),
    );
    const one = await figures(`${day("2026-02-02")}, locationId: "WEST"`);
    expect(one.get("fillRate")).toMatchObject({ value: 0.6, numerator: 6, denominator: 10, timeZone: "UTC" });
    expect(one.get("orderCycleTime")).toMatchObject({ value: null, denominator: 0 });
    await desk.deliver(order("shipment.confirmed", "2026-02-02T14:00:00Z", 4));
    const all = await figures(day("2026-02-02"));
    expect(all.get("fillRate")).toMatchObject({ value: 1, numerator: 10 });
    expect(all.get("orderCycleTime")).toMatchObject({ value: 6 * 3_600_000, denominator: 1 });
    expect(all.get("backorderRate")).toMatchObject({ value: 0, denominator: 1 });
    expect((await figures(`${day("2026-02-02")}, locationId: "EAST"`)).get("fillRate")?.value).toBeNull();
    expect((await figures(day("2026-02-03"))).get("fillRate")?.value).toBeNull();
  });

  it("tell how long exceptions are open, and how old those are that still are", async () => {
    const missing = (units: number) =>
      canonicalEvent("erp", "transfer.discrepancy", "B|NORTH", ++seq, {
        ...{ sku: "B", locationId: "NORTH" },
        data: { transferId: "T-K", missing: units },
      });
    await desk.deliver(missing(3));
    desk.clock.advance(60_000);
    const now = new Date(desk.clock.now()).toISOString().slice(0, 10);
    const period = `from: "${now}T00:00:00Z", to: "${now}T23:30:00Z", locationId: "NORTH"`;
    expect((await figures(period)).get("exceptionAging")).toMatchObject({ denominator: 1 });
    expect((await figures(period)).get("exceptionAging")?.value).toBeGreaterThan(59_000);
    await desk.deliver(missing(0));
    const after = await figures(period);
    expect(after.get("exceptionAging")).toMatchObject({ value: null, denominator: 0 });
    expect(after.get("exceptionResolutionTime")).toMatchObject({ value: 60_000, denominator: 1 });
    expect(after.get("disputeResolutionTime")).toMatchObject({ value: 60_000, denominator: 1 });
  });

  it("are told of one's own places, and not of all of them, to a token that names accounts", async () => {
    await desk.deliver(location("OURS", ["ACME"]), location("THEIRS", ["BETA"]));
    const ask = async (more: string) =>
      (
        await desk.ask<{ kpis: Shown[] }>(`{ kpis(${day("2026-02-02")}${more}) { name } }`, {}, ["planner"], "petra", [
          "ACME",
        ])
      ).data.kpis.length;
    expect(await ask(', locationId: "OURS"')).toBe(kpiDefinitions.length);
    expect([await ask(', locationId: "THEIRS"'), await ask("")]).toEqual([0, 0]);
  });

  it("are for a period that is not too long, and not for customers", async () => {
    const period = 'from: "2026-01-01T00:00:00Z", to: "2026-06-01T00:00:00Z"';
    const long = await desk.ask(`{ kpis(${period}) { name } }`);
    expect(long.errors?.[0]?.extensions?.["code"]).toBe("BAD_USER_INPUT");
    const { errors } = await desk.ask(`{ kpis(${day("2026-02-02")}) { name } }`, {}, ["storefront"], "sam");
    expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
  });
});
