/**
 * Promises over several locations, and kits, from events to answers, on every database.
 */
import { expect, it } from "vitest";
import { eachDatabase } from "../helpers/databases.ts";
import { type Horizon, openHorizon, person, today } from "./promise-fixture.ts";
import { unexplainedClaims } from "./reservation-fixture.ts";

const buyer = person("web-shop", "storefront");

const question = `query ($input: PromiseInput!) { promise(input: $input) { confirmedQuantity fullDate confidence
  lines { locationId location { name } quantity date basis } } }`;

async function promised(horizon: Horizon, input: object) {
  const { promise } = await horizon.read<{ promise: Record<string, unknown> }>(question, {
    input: { sku: "A", ...input },
  });
  return promise;
}

eachDatabase("a promise", (makeKernel) => {
  it("comes from the fewest locations on the first day, with the day and the basis of each line", async () => {
    const horizon = await openHorizon(makeKernel);
    await horizon.stock("A", "L", 30);
    await horizon.stock("A", "M", 50);
    await horizon.publish(
      horizon.supply("A", "L", { openQuantity: 100 }),
      horizon.supply("A", "M", {
        documentType: "TRANSFER",
        documentId: "T1",
        openQuantity: 5,
        promisedOn: "2026-01-09",
      }),
    );
    expect(await promised(horizon, { quantity: 60 })).toEqual({
      confirmedQuantity: 60,
      fullDate: today,
      confidence: "FRESH",
      lines: [
        { locationId: "M", location: { name: "Place M" }, quantity: 50, date: today, basis: "ON_HAND" },
        { locationId: "L", location: { name: "Place L" }, quantity: 10, date: today, basis: "ON_HAND" },
      ],
    });
    expect(await promised(horizon, { quantity: 60, maxSplits: 1 })).toMatchObject({
      confirmedQuantity: 60,
      fullDate: "2026-01-19",
      lines: [
        { locationId: "L", quantity: 30, date: today, basis: "ON_HAND" },
        { locationId: "L", quantity: 30, date: "2026-01-19", basis: "INBOUND" },
      ],
    });
    expect(await promised(horizon, { quantity: 85, needBy: "2026-01-12" })).toMatchObject({
      confirmedQuantity: 85,
      fullDate: "2026-01-09",
      lines: [
        { quantity: 50 },
        { locationId: "M", quantity: 5, date: "2026-01-09", basis: "TRANSFER" },
        { quantity: 30 },
      ],
    });
    expect(await promised(horizon, { quantity: 60, locationIds: ["L", "L"], needBy: today })).toMatchObject({
      confirmedQuantity: 30,
      fullDate: "2026-01-19",
    });
  });

  it("asks one statement of each kind, however many positions there are", async () => {
    const horizon = await openHorizon(makeKernel);
    for (const place of ["L", "M", "N"]) {
      await horizon.stock("A", place, 10);
      await horizon.publish(horizon.supply("A", place, { documentId: `PO-${place}` }));
    }
    const asked: string[] = [];
    const { query } = horizon.db;
    horizon.db.query = (sql, ...rest) => {
      asked.push(sql);
      return query.call(horizon.db, sql, ...rest) as never;
    };
    expect(await promised(horizon, { quantity: 100 })).toMatchObject({ confirmedQuantity: 100 });
    const of = (table: string) => asked.filter((sql) => sql.includes(`FROM ${table} `)).length;
    expect([of("inbound_lines"), of("inbound_receipts"), of("lateness")]).toEqual([1, 1, 1]);
  });

  it("refuses what cannot be asked, and says so where nothing is known", async () => {
    const horizon = await openHorizon(makeKernel);
    const refusal = async (input: object) => {
      const { errors } = await horizon.ask(question, { input: { sku: "A", quantity: 1, ...input } });
      return errors?.map(({ extensions }) => [extensions?.["code"], extensions?.["reason"]]);
    };
    expect(await refusal({ sku: "X" })).toEqual([["BAD_USER_INPUT", "UNKNOWN_SKU"]]);
    expect(await refusal({ channel: "X" })).toEqual([["BAD_USER_INPUT", "UNKNOWN_CHANNEL"]]);
    expect(await refusal({ channel: "B2B" })).toEqual([["UNAUTHENTICATED", undefined]]);
    expect(await refusal({ quantity: 0 })).toEqual([["BAD_USER_INPUT", "QUANTITY_NOT_POSITIVE"]]);
    expect(await refusal({ maxSplits: 0 })).toEqual([["BAD_USER_INPUT", undefined]]);
    expect((await horizon.ask(question, { input: { sku: "A", quantity: 2 ** 31 } })).errors).toHaveLength(1);
    expect(await promised(horizon, { quantity: 5 })).toEqual({
      confirmedQuantity: 0,
      fullDate: null,
      confidence: "UNKNOWN",
      lines: [],
    });
  });
});

eachDatabase("a kit", (makeKernel) => {
  /** K is one A and two B; SET is a K and one B more. */
  async function openKits(): Promise<Horizon> {
    const horizon = await openHorizon(makeKernel);
    const { facts } = horizon;
    const of = (...components: readonly (readonly [string, number])[]) => ({
      components: components.map(([sku, quantity]) => ({ sku, quantity })),
    });
    await horizon.publish(
      facts.product("K", of(["A", 1], ["B", 2])),
      facts.product("SET", of(["K", 1], ["B", 1])),
      facts.product("ASSEMBLY", { ...of(["A", 1]), kit: false }),
    );
    await horizon.stock("A", "L", 9);
    await horizon.stock("B", "L", 17);
    await horizon.stock("A", "M", 3);
    await horizon.stock("B", "M", 100);
    return horizon;
  }
  const fields = "locationId availableToSell net reason confidence limitingComponent terms { name quantity }";

  it("is sold as often as its scarcest component allows, location by location, and names it", async () => {
    const horizon = await openKits();
    const { availability } = await horizon.read<{ availability: unknown }>(
      `{ availability(skus: ["K", "SET", "ASSEMBLY"]) { sku ${fields} } }`,
    );
    const terms = (components: number) => [
      { name: "onHand", quantity: 0 },
      { name: "components", quantity: components },
      { name: "committed", quantity: 0 },
      { name: "safetyStock", quantity: 0 },
    ];
    const plain = { reason: null, confidence: "FRESH" };
    expect(availability).toEqual([
      { sku: "K", locationId: "L", availableToSell: 8, net: 8, limitingComponent: "B", terms: terms(8), ...plain },
      { sku: "K", locationId: "M", availableToSell: 3, net: 3, limitingComponent: "A", terms: terms(3), ...plain },
      { sku: "SET", locationId: "L", availableToSell: 5, net: 5, limitingComponent: "B", terms: terms(5), ...plain },
      { sku: "SET", locationId: "M", availableToSell: 3, net: 3, limitingComponent: "A", terms: terms(3), ...plain },
    ]);
    const network = `{ _entities(representations: [{ __typename: "Product", sku: "K" }]) { ... on Product {
      networkAvailability { availableToSell } availability(locationIds: ["L"]) { availableToSell } } } }`;
    expect(await horizon.read(network)).toEqual({
      _entities: [{ networkAvailability: { availableToSell: 11 }, availability: [{ availableToSell: 8 }] }],
    });
  });

  it("adds what is assembled already, and its own demand comes off both", async () => {
    const horizon = await openKits();
    await horizon.stock("K", "L", 4);
    expect(await horizon.promised("K", "L")).toEqual([12]);
    const documentRef = { type: "ORDER", id: "O1", line: "1" };
    await horizon.publish(
      horizon.next("erp", "order.allocated", "K", "L", { committedDelta: 7 }, { quantity: 7, documentRef }),
    );
    expect(await horizon.promised("K", "L")).toEqual([5]);
  });

  it("an assembly is sold from its own stock alone", async () => {
    const horizon = await openKits();
    await horizon.stock("ASSEMBLY", "L", 2);
    expect(await horizon.promised("ASSEMBLY", "L")).toEqual([2]);
  });

  it("is unknown where a component is, and says which; 0 where another is out", async () => {
    const horizon = await openKits();
    await horizon.publish(
      horizon.facts.product("Z", {
        components: [
          { sku: "A", quantity: 1 },
          { sku: "GHOST", quantity: 1 },
        ],
      }),
    );
    const ask = (at: string) =>
      horizon.read(
        `{ availability(skus: ["Z"], locationIds: ["${at}"]) { availableToSell reason confidence limitingComponent } }`,
      );
    expect(await ask("L")).toEqual({
      availability: [
        {
          availableToSell: null,
          reason: "UNKNOWN_SKU (component GHOST)",
          confidence: "UNKNOWN",
          limitingComponent: "GHOST",
        },
      ],
    });
    expect(await ask("N")).toMatchObject({ availability: [{ availableToSell: 0, limitingComponent: "A" }] });
  });

  it("is promised from the day its components arrive on", async () => {
    const horizon = await openKits();
    await horizon.publish(
      horizon.supply("B", "L", { openQuantity: 10, promisedOn: "2026-01-10" }),
      horizon.supply("A", "L", { openQuantity: 2, promisedOn: "2026-01-12" }),
    );
    expect(await horizon.promised("K", "L", today, "2026-01-10", "2026-01-12")).toEqual([8, 8, 9, 11]);
    expect(await promised(horizon, { sku: "K", quantity: 14 })).toMatchObject({
      fullDate: "2026-01-12",
      lines: [
        { locationId: "L", quantity: 8, basis: "ON_HAND" },
        { locationId: "L", quantity: 1, date: "2026-01-10" },
        { locationId: "L", quantity: 2, date: "2026-01-12" },
        { locationId: "M", quantity: 3 },
      ],
    });
  });

  const reserve = `mutation ($input: ReserveStockInput!) { reserveStock(input: $input) {
    reservation { id lines { sku locationId quantity } } shortages { sku requested available } userErrors { code field } } }`;
  const reserving = (horizon: Horizon, key: string, ...lines: readonly (readonly [string, number])[]) =>
    horizon.read<{ reserveStock: { reservation: { id: string; lines: unknown } | null } }>(
      reserve,
      { input: { idempotencyKey: key, lines: lines.map(([sku, quantity]) => ({ sku, locationId: "L", quantity })) } },
      buyer,
    );

  it("is reserved as what is assembled and as its components, all or nothing, and given back whole", async () => {
    const horizon = await openKits();
    await horizon.stock("K", "L", 2);
    const { reserveStock } = await reserving(horizon, "k1", ["K", 7]);
    expect(reserveStock).toMatchObject({
      reservation: {
        lines: [
          { sku: "K", locationId: "L", quantity: 2 },
          { sku: "A", locationId: "L", quantity: 5 },
          { sku: "B", locationId: "L", quantity: 10 },
        ],
      },
      userErrors: [],
    });
    expect([await horizon.promised("K", "L"), await horizon.promised("A", "L")]).toEqual([[3], [4]]);
    expect(await reserving(horizon, "k2", ["K", 4])).toMatchObject({
      reserveStock: { reservation: null, shortages: [{ sku: "K", requested: 4, available: 3 }] },
    });
    expect(await unexplainedClaims(horizon.db)).toEqual([]);
    const release = `mutation { releaseReservation(input: { idempotencyKey: "r1", id: "${reserveStock.reservation?.id}" }) {
      userErrors { code } } }`;
    await horizon.read(release, {}, buyer);
    expect([await horizon.promised("K", "L"), await horizon.promised("A", "L")]).toEqual([[10], [9]]);
  });

  it("a component that two lines need counts once", async () => {
    const horizon = await openKits();
    // 8 kits would fit alone, and 17 B alone; together they would need 23 B.
    expect(await reserving(horizon, "s1", ["K", 8], ["B", 7])).toMatchObject({
      reserveStock: {
        reservation: null,
        shortages: [{ sku: "B", requested: 7, available: 1 }],
        userErrors: [{ code: "INSUFFICIENT_STOCK", field: ["input", "lines", "1"] }],
      },
    });
    expect(await reserving(horizon, "s2", ["K", 3], ["SET", 3], ["B", 2])).toMatchObject({
      reserveStock: {
        reservation: {
          lines: [
            { sku: "A", quantity: 6 },
            { sku: "B", quantity: 17 },
          ],
        },
      },
    });
    expect([await horizon.promised("B", "L"), await horizon.promised("K", "L")]).toEqual([[0], [0]]);
  });

  it("with too many components for one reservation is refused by name, and answered in full", async () => {
    const horizon = await openKits();
    const components = (n: number) => Array.from({ length: 100 }, (_, i) => ({ sku: `P-${n}-${i}`, quantity: 1 }));
    const kits = Array.from({ length: 30 }, (_, n) => `BIG-${n}`);
    await horizon.publish(...kits.map((sku, n) => horizon.facts.product(sku, { components: components(n) })));
    expect(await reserving(horizon, "b1", ["BIG-1", 1], ["BIG-2", 1])).toMatchObject({
      reserveStock: { reservation: null, userErrors: [{ code: "TOO_MANY_ITEMS", field: ["input", "lines"] }] },
    });
    // 3,000 positions of components: more than one statement is given.
    const { availability } = await horizon.read<{ availability: { limitingComponent: string }[] }>(
      `query ($skus: [ID!]!) { availability(skus: $skus, locationIds: ["L"]) { limitingComponent } }`,
      { skus: kits },
    );
    expect(availability.map(({ limitingComponent }) => limitingComponent)).toEqual(kits.map((_, n) => `P-${n}-0`));
  });

  it("many buyers of kits and of their components at once get no more than there is", async () => {
    const horizon = await openKits();
    const granted = await Promise.all(
      Array.from({ length: 24 }, (_, n) =>
        n % 3 === 0
          ? reserving(horizon, `n${n}`, ["B", 2])
          : reserving(horizon, `n${n}`, [n % 3 === 1 ? "K" : "SET", 1]),
      ),
    );
    expect(granted.filter(({ reserveStock }) => reserveStock.reservation !== null).length).toBeGreaterThan(4);
    const rows = await horizon.db.query<{ sku: string; reserved: number }>(
      "SELECT sku, reserved FROM positions WHERE location_id = 'L' ORDER BY sku",
    );
    const reserved = new Map(rows.map((row) => [row.sku, row.reserved]));
    expect(reserved.get("A")).toBeLessThanOrEqual(9);
    expect(reserved.get("B")).toBeLessThanOrEqual(17);
    // Nobody who could still have been served was turned away: not even one more pair of B is left.
    expect(reserved.get("B")).toBeGreaterThanOrEqual(16);
    expect(await unexplainedClaims(horizon.db)).toEqual([]);
  }, 30_000);
});
