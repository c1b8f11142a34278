/**
 * Reservations on every database: granted whole or not at all, counted while they live and not a moment longer, and
 * handed over to an order's own demand without being counted twice or not at all.
 */
import { afterEach, beforeEach, expect, it } from "vitest";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { createFacts } from "../helpers/facts.ts";
import { lineOf, openShop, person, type Shop, shopper, unexplainedClaims } from "./reservation-fixture.ts";

const codes = (payload: { userErrors: readonly { code: string }[] }) => payload.userErrors.map(({ code }) => code);

eachDatabase("a reservation", (makeKernel) => {
  let shop: Shop;
  beforeEach(async () => {
    shop = await openShop(makeKernel);
    await shop.stock(10);
    await shop.stock(15, "A", "M");
  });
  afterEach(async () => {
    expect(await unexplainedClaims(shop.db)).toEqual([]);
  });

  it("takes its units out of what is left, and says so as its own term", async () => {
    const { reservation, userErrors } = await shop.reserve([lineOf(4)], { reference: "basket-7" });
    expect(userErrors).toEqual([]);
    expect(reservation).toMatchObject({
      status: "ACTIVE",
      channel: "WEB",
      reference: "basket-7",
      lines: [{ sku: "A", locationId: "L", quantity: 4, held: 4 }],
      expiresAt: new Date(shop.clock.now() + limits.reservationTtlDefaultS * 1000).toISOString(),
    });
    expect(await shop.figures()).toMatchObject({ ats: 6, net: 6, terms: { onHand: 10, reserved: -4 } });
    expect(await shop.figures("B2B")).toMatchObject({ ats: 6 });
  });

  it("of 13 where 10 and 15 are left is granted as 10 and 3, and refused as 13 of one place", async () => {
    const refused = await shop.reserve([lineOf(13)]);
    expect(refused).toMatchObject({ reservation: null, shortages: [{ requested: 13, available: 10 }] });
    expect(codes(await shop.reserve([lineOf(10), lineOf(3, "A", "M")]))).toEqual([]);
    expect(await shop.figures()).toMatchObject({ ats: 0 });
    expect(await shop.figures("WEB", "A", "M")).toMatchObject({ ats: 12 });
  });

  it("adds up the lines about one position before it asks whether there is enough", async () => {
    const { userErrors } = await shop.reserve([lineOf(6), lineOf(1, "A", "M"), lineOf(5)]);
    expect(userErrors).toMatchObject([{ code: "INSUFFICIENT_STOCK", field: ["input", "lines", "0"] }]);
    const { reservation } = await shop.reserve([lineOf(6), lineOf(4)]);
    expect(reservation.lines).toEqual([{ sku: "A", locationId: "L", quantity: 10, held: 10 }]);
  });

  it("is granted whole or not at all, and the refusal names the line and what is left", async () => {
    const refused = await shop.reserve([lineOf(2, "A", "M"), lineOf(11)]);
    expect(refused).toMatchObject({
      reservation: null,
      shortages: [{ sku: "A", locationId: "L", requested: 11, available: 10 }],
      userErrors: [{ code: "INSUFFICIENT_STOCK", field: ["input", "lines", "1"] }],
    });
    expect(refused.userErrors[0]?.message).toContain("10 left");
    expect(await shop.figures("WEB", "A", "M")).toMatchObject({ ats: 15 });
    expect(await shop.events("reservation.created")).toEqual([]);
    expect(await shop.reserve([lineOf(1, "B")])).toMatchObject({ shortages: [{ available: 0 }] });
  });

  it("refuses what it cannot understand, each with its code", async () => {
    expect(codes(await shop.reserve([]))).toEqual(["INVALID_INPUT"]);
    expect(codes(await shop.reserve([lineOf(0)]))).toEqual(["QUANTITY_NOT_POSITIVE"]);
    expect(codes(await shop.reserve([lineOf(2_000_000_000), lineOf(2_000_000_000)]))).toEqual([
      "QUANTITY_OUT_OF_RANGE",
    ]);
    expect(codes(await shop.reserve([lineOf(1, "X")]))).toEqual(["UNKNOWN_SKU"]);
    expect(codes(await shop.reserve([lineOf(1, "A", "X")]))).toEqual(["UNKNOWN_LOCATION"]);
    expect(codes(await shop.reserve([lineOf(1)], { channel: "PIGEON" }))).toEqual(["UNKNOWN_CHANNEL"]);
    expect(codes(await shop.reserve([lineOf(1)], { ttlSeconds: 0 }))).toEqual(["INVALID_INPUT"]);
    expect(codes(await shop.reserve([lineOf(1)], { ttlSeconds: limits.reservationTtlMaxS + 1 }))).toEqual([
      "INVALID_INPUT",
    ]);
    const many = Array.from({ length: limits.reservationLinesMax + 1 }, () => lineOf(1));
    expect(codes(await shop.reserve(many))).toEqual(["TOO_MANY_ITEMS"]);
  });

  it("counts no longer from the moment it expires, before anybody has swept it, and can be reserved again", async () => {
    const { reservation } = await shop.reserve([lineOf(10)], { ttlSeconds: 60 });
    shop.clock.advance(59_999);
    expect(codes(await shop.reserve([lineOf(1)]))).toEqual(["INSUFFICIENT_STOCK"]);
    shop.clock.advance(1);
    expect(await shop.figures()).toMatchObject({ ats: 10, net: 10, terms: { onHand: 10 } });
    expect(codes(await shop.confirm(reservation.id, "O1"))).toEqual(["RESERVATION_EXPIRED"]);
    expect(codes(await shop.release(reservation.id))).toEqual(["RESERVATION_EXPIRED"]);
    expect(codes(await shop.reserve([lineOf(10)]))).toEqual([]);
    const { data } = await shop.ask(`{ reservation(id: "${reservation.id}") { status } }`);
    expect(data).toEqual({ reservation: { status: "EXPIRED" } });
    // The row still has both, the answers only the second; then the sweep gives the first one back.
    expect(await shop.figures()).toMatchObject({ ats: 0, net: 0 });
    expect(await shop.sweep.sweep()).toBe(1);
    expect(await shop.figures()).toMatchObject({ ats: 0, net: 0 });
    expect(await shop.sweep.sweep()).toBe(0);
    expect((await shop.events("reservation.expired")).map(({ sourceSeq }) => sourceSeq)).toEqual([2]);
  });

  it("is released once, by its owner", async () => {
    const { reservation } = await shop.reserve([lineOf(4), lineOf(2, "A", "M")]);
    expect(codes(await shop.release(reservation.id, {}, person("stranger", "storefront")))).toEqual([
      "UNKNOWN_DOCUMENT",
    ]);
    const released = await shop.release(reservation.id, { idempotencyKey: "r1" });
    expect(released.reservation).toMatchObject({ status: "RELEASED", lines: [{ held: 0 }, { held: 0 }] });
    expect(await shop.release(reservation.id, { idempotencyKey: "r1" })).toMatchObject({ replayed: true });
    expect(codes(await shop.release(reservation.id))).toEqual(["ILLEGAL_TRANSITION"]);
    expect(codes(await shop.confirm(reservation.id, "O1"))).toEqual(["ILLEGAL_TRANSITION"]);
    expect(await shop.figures()).toMatchObject({ ats: 10 });
  });

  it("confirmed, is held until the ERP has committed the order, and then counted once", async () => {
    const { reservation } = await shop.reserve([lineOf(4), lineOf(2, "A", "M")]);
    const confirmed = await shop.confirm(reservation.id, "O1");
    expect(confirmed.reservation).toMatchObject({ status: "CONFIRMED", orderId: "O1", lines: [{ held: 4 }, {}] });
    shop.clock.advance(limits.reservationTtlDefaultS * 1000);
    expect(await shop.figures()).toMatchObject({ net: 6, terms: { reserved: -4 } });
    await shop.allocate("ANOTHER", 1);
    expect(await shop.figures()).toMatchObject({ net: 5, terms: { reserved: -4, committed: -1 } });
    await shop.allocate("O1", 4);
    expect(await shop.figures()).toMatchObject({ net: 5, terms: { committed: -5 } });
    expect(await shop.figures("WEB", "A", "M")).toMatchObject({ net: 13, terms: { reserved: -2 } });
    await shop.allocate("O1", 2, "A", "M");
    expect(await shop.figures("WEB", "A", "M")).toMatchObject({ net: 13, terms: { committed: -2 } });
  });

  it("confirmed after the ERP has committed the order, is handed over at once", async () => {
    const { reservation } = await shop.reserve([lineOf(4)]);
    await shop.allocate("O1", 3);
    expect(await shop.figures()).toMatchObject({ net: 3 });
    const { reservation: confirmed } = await shop.confirm(reservation.id, "O1");
    expect(confirmed.lines).toEqual([{ sku: "A", locationId: "L", quantity: 4, held: 1 }]);
    expect(await shop.figures()).toMatchObject({ net: 6, terms: { reserved: -1, committed: -3 } });
    await shop.allocate("O1", 5);
    expect(await shop.figures()).toMatchObject({ net: 2, terms: { committed: -8 } });
  });

  it("confirmed to an order that the ERP does not commit, is told of after a day and given back by a planner only", async () => {
    const { reservation } = await shop.reserve([lineOf(4)]);
    await shop.confirm(reservation.id, "O1");
    expect(codes(await shop.release(reservation.id))).toEqual(["ILLEGAL_TRANSITION"]);
    shop.clock.advance(limits.reservationAllocationWaitMs);
    expect(await shop.sweep.sweep()).toBe(1);
    expect(await shop.sweep.sweep()).toBe(0);
    expect(await shop.events("reservation.unallocated")).toMatchObject([
      { documentRef: { type: "ORDER", id: "O1" }, data: { lines: [{ held: 4 }] } },
    ]);
    const { data } = await shop.ask(`{ reservation(id: "${reservation.id}") { status allocationOverdue } }`);
    expect(data).toEqual({ reservation: { status: "CONFIRMED", allocationOverdue: true } });
    const released = await shop.release(reservation.id, {}, person("petra", "planner"));
    expect(released.reservation).toMatchObject({ status: "RELEASED", allocationOverdue: false });
  });

  it("is seen by its owner, planners, auditors and the administrator, within the channels of the token", async () => {
    const { reservation } = await shop.reserve([lineOf(1)], { channel: "B2B" });
    const query = `{ reservation(id: "${reservation.id}") { reservedBy createdAt } }`;
    const sees = async (identity: typeof shopper) => {
      const { data, errors } = await shop.ask(query, {}, identity);
      return errors ? errors[0]?.extensions?.["code"] : data?.["reservation"] !== null;
    };
    expect(await sees(shopper)).toBe(true);
    expect(await sees(person("petra", "planner"))).toBe(true);
    expect(await sees(person("otto", "auditor"))).toBe(true);
    expect(await sees(person("root", "admin"))).toBe(true);
    expect(await sees(person("stranger", "storefront"))).toBe(false);
    expect(await sees({ ...shopper, channels: ["WEB"] })).toBe(false);
    expect(await sees(person("wanda", "warehouse"))).toBe("FORBIDDEN");
    await expect(shop.release(reservation.id, {}, person("otto", "auditor"))).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
  });

  it("needs a channel that the token covers, also a public one", async () => {
    const b2b = { ...person("grand-hotels", "portal"), channels: ["B2B"] };
    await expect(shop.reserve([lineOf(1)], { channel: "WEB" }, b2b)).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect((await shop.reserve([lineOf(1)], {}, b2b)).reservation).toMatchObject({ channel: "B2B" });
  });

  it("with the same key is the same one, with the key and other lines a mistake, and a refusal stays one", async () => {
    const first = await shop.reserve([lineOf(4)], { idempotencyKey: "k" });
    const copy = await shop.reserve([lineOf(4)], { idempotencyKey: "k" });
    expect(copy).toEqual({ ...first, replayed: true });
    expect(codes(await shop.reserve([lineOf(5)], { idempotencyKey: "k" }))).toEqual(["IDEMPOTENCY_KEY_REUSED"]);
    const refused = await shop.reserve([lineOf(99)], { idempotencyKey: "n" });
    expect(await shop.reserve([lineOf(99)], { idempotencyKey: "n" })).toEqual({ ...refused, replayed: true });
  });

  it("uses its channel's own protection first and never another's", async () => {
    const propose = `mutation { setChannelPolicy(input: { idempotencyKey: "p", channel: "B2B",
      protections: [{ sku: "A", quantity: 6 }] }) { policy { policyVersion } } }`;
    await shop.ask(propose, {}, person("ann", "planner"));
    const approve = `mutation { approveChannelPolicy(input: { idempotencyKey: "a", policyVersion: 2 }) {
      userErrors { code } } }`;
    await shop.ask(approve, {}, person("bob", "manager"));
    expect(await shop.reserve([lineOf(5)])).toMatchObject({ shortages: [{ requested: 5, available: 4 }] });
    const b2b = await shop.reserve([lineOf(6)], { channel: "B2B" });
    expect(codes(b2b)).toEqual([]);
    // What B2B took was what was kept for it: nobody else has less than before.
    expect(await shop.figures("WEB")).toMatchObject({ ats: 4 });
    expect(codes(await shop.reserve([lineOf(4)]))).toEqual([]);
    expect(await shop.figures("B2B")).toMatchObject({ ats: 0, net: 0 });
    await shop.release(b2b.reservation.id);
    expect(await shop.figures("WEB")).toMatchObject({ ats: 0, net: 6 });
    expect(await shop.figures("B2B")).toMatchObject({ ats: 6 });
  });

  it("is of whole multiples where the item is sold in multiples", async () => {
    await shop.publish(createFacts(shop.clock).product("SIX", { sellMultiple: 6 }));
    await shop.stock(20, "SIX");
    expect((await shop.reserve([lineOf(5, "SIX")])).userErrors).toMatchObject([
      { code: "INVALID_INPUT", field: ["input", "lines", "0", "quantity"] },
    ]);
    expect((await shop.reserve([lineOf(24, "SIX")])).shortages).toMatchObject([{ available: 18 }]);
    expect(codes(await shop.reserve([lineOf(18, "SIX")]))).toEqual([]);
  });

  it("given to an order twice allocated and given back is handed over no more than once", async () => {
    const { reservation } = await shop.reserve([lineOf(4)]);
    await shop.confirm(reservation.id, "O1");
    await shop.allocate("O1", 4);
    await shop.allocate("O1", -4);
    expect(await shop.figures()).toMatchObject({ ats: 10 });
    const { reservation: second } = await shop.reserve([lineOf(3)]);
    await shop.confirm(second.id, "O1");
    expect(await shop.figures()).toMatchObject({ net: 7, terms: { reserved: -3 } });
    await shop.allocate("O1", 3);
    expect(await shop.figures()).toMatchObject({ net: 7, terms: { committed: -3 } });
  });

  it("leaves one audit row, one event, and one changed position with the next version, in one transaction", async () => {
    const { reservation } = await shop.reserve([lineOf(4), lineOf(1, "A", "M")]);
    const [created] = await shop.events("reservation.created");
    expect(created).toMatchObject({
      partitionKey: `reservation:${reservation.id}`,
      sourceSeq: 1,
      actor: "web-shop",
      data: { status: "ACTIVE", lines: [{ quantity: 4 }, { quantity: 1 }] },
    });
    const changed = (await shop.events("availability.changed")).slice(-2);
    expect(changed).toMatchObject([
      {
        partitionKey: "A|L",
        sourceSeq: 2,
        data: {
          version: 2,
          before: { version: 1, reserved: 0 },
          after: { version: 2, reserved: 4, reservedByChannel: { WEB: 4 } },
          cause: { eventId: created?.id, type: "reservation.created", document: { type: "RESERVATION" } },
          causeEventIds: [created?.id],
        },
      },
      { partitionKey: "A|M", sourceSeq: 2 },
    ]);
    const audit = await shop.db.query(
      `SELECT action, outcome, person FROM audit_rows WHERE subject = 'reservation:${reservation.id}'`,
    );
    expect(audit).toEqual([{ action: "reservation.created", outcome: "done", person: "web-shop" }]);
  });
});
