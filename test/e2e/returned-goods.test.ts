/**
 * Returned goods, from the customer to where they end: nothing of them is sold before the warehouse has put it away.
 *
 * ATS is looked at after every step and must not rise before the putaway, whatever the returns desk has decided.
 */
import { expect, it } from "vitest";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Judged {
  readonly return: { readonly status: string; readonly contentHash: string | null } | null;
  readonly userErrors: readonly { readonly code: string }[];
}

/** What the owners say of a position, and what may be sold of it. */
interface Picture {
  readonly ats: number | null;
  readonly onHand: number;
  readonly quarantine: number;
  /** Of the returns desk: quarantined, in inspection, approved for the shelf. */
  readonly desk: readonly number[];
}

/** One item at one place of its own, 20 of it on the shelf. */
async function stock(target: Target, sku: string) {
  const place = { sku, locationId: `${sku}-L` };
  let events = 0;

  async function record(event: Readonly<Record<string, unknown>>): Promise<void> {
    const id = `${sku}-${++events}`;
    const input = { idempotencyKey: id, events: [{ id, occurredAt: "2026-01-05T08:00:00Z", ...place, ...event }] };
    const { recordStockEvents } = await target.connector.request<{ recordStockEvents: { results: unknown } }>(
      "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status code } } }",
      { input },
    );
    expect(recordStockEvents.results).toEqual([{ status: "ACCEPTED", code: null }]);
  }

  async function picture(): Promise<Picture> {
    const { stockPosition } = await target.connector.request<{
      stockPosition: {
        availability: { availableToSell: number | null };
        physical: { onHand: number; quarantine: number };
        returns: { quarantined: number; inInspection: number; restockApproved: number };
      };
    }>(
      `query ($sku: ID!, $locationId: ID!) { stockPosition(sku: $sku, locationId: $locationId) {
         availability { availableToSell } physical { onHand quarantine }
         returns { quarantined inInspection restockApproved } } }`,
      place,
    );
    const { availability, physical, returns } = stockPosition;
    const desk = [returns.quarantined, returns.inInspection, returns.restockApproved];
    return { ats: availability.availableToSell, ...physical, desk };
  }

  /** Waits for the picture; on the way to it, ATS is never above what it will be then. */
  async function becomes(expected: Picture & { readonly ats: number }): Promise<void> {
    const seen: number[] = [];
    await target.eventually(async () => {
      const now = await picture();
      seen.push(now.ats ?? 0);
      expect(now).toEqual(expected);
    });
    expect(Math.max(...seen)).toBeLessThanOrEqual(expected.ats);
  }

  await target.connector.request(
    `mutation ($p: SaveProductsInput!, $l: SaveLocationsInput!) {
      saveProducts(input: $p) { userErrors { code } } saveLocations(input: $l) { userErrors { code } } }`,
    {
      p: { idempotencyKey: `${sku}-p`, products: [{ sku, name: sku, baseUnit: "EA" }] },
      l: { idempotencyKey: `${sku}-l`, locations: [{ id: place.locationId, name: sku, type: "WAREHOUSE" }] },
    },
  );
  await record({ type: "SNAPSHOT", quantity: 20, buckets: { unrestricted: 20 } });
  return { place, record, becomes };
}

/** The return of 6 of it, and the people who decide about that: rita at the desk, and sue. */
async function open(target: Target, sku: string) {
  const { place, ...warehouse } = await stock(target, sku);
  const returnId = `${sku}-R`;
  const rita = target.client(await target.token("rita", ["returns-desk"]));
  const ritaPromoted = target.client(await target.token("rita", ["returns-desk", "supervisor"]));
  const sue = target.client(await target.token("sue", ["supervisor"]));
  let keys = 0;

  async function judge(by: typeof rita, step: string, type: string, input: object): Promise<Judged> {
    const reply = await by.request<Record<string, Judged>>(
      `mutation ($input: ${type}!) { ${step}(input: $input) { return { status contentHash } userErrors { code } } }`,
      { input: { idempotencyKey: `${returnId}-${++keys}`, ...input } },
    );
    return reply[step] as Judged;
  }

  const lines = [{ sku, quantity: 6 }];
  const announced = {
    orderId: `${sku}-O`,
    locationId: place.locationId,
    lines: [{ ...lines[0], reasonCode: "UNWANTED" }],
  };
  return {
    ...warehouse,
    documentRef: { type: "RETURN", id: returnId },
    authorize: () => judge(rita, "authorizeReturn", "AuthorizeReturnInput", { id: returnId, ...announced }),
    receive: () => judge(rita, "receiveReturn", "ReceiveReturnInput", { returnId, lines }),
    inspect: () =>
      judge(rita, "inspectReturn", "InspectReturnInput", { returnId, lines: [{ lineId: "1", condition: "GOOD" }] }),
    propose: (disposition: string) =>
      judge(rita, "proposeDisposition", "ProposeDispositionInput", { returnId, lines: [{ lineId: "1", disposition }] }),
    approve: (contentHash: string | null, by: "rita" | "sue" = "sue") =>
      judge(by === "sue" ? sue : ritaPromoted, "approveDisposition", "DecideDispositionInput", {
        returnId,
        contentHash,
      }),
    status: async () =>
      (
        await rita.request<{ return: { status: string } }>("query ($id: ID!) { return(id: $id) { status } }", {
          id: returnId,
        })
      ).return.status,
  };
}

eachTarget("returned goods", (target) => {
  it("2: quarantine rises and ATS does not, until inspection, approval by another person and the warehouse's putaway", async () => {
    const story = await open(target(), "RG-1");
    await story.becomes({ ats: 20, onHand: 20, quarantine: 0, desk: [0, 0, 0] });

    await story.authorize();
    expect(await story.receive()).toMatchObject({ return: { status: "RECEIVED" }, userErrors: [] });
    await story.becomes({ ats: 20, onHand: 26, quarantine: 6, desk: [6, 0, 0] });

    expect(await story.inspect()).toMatchObject({ return: { status: "IN_INSPECTION" }, userErrors: [] });
    await story.becomes({ ats: 20, onHand: 26, quarantine: 6, desk: [0, 6, 0] });

    const proposal = await story.propose("RESTOCKED");
    expect(proposal).toMatchObject({ return: { status: "DISPOSITION_PROPOSED" }, userErrors: [] });
    const contentHash = proposal.return?.contentHash ?? null;
    expect(await story.approve(contentHash, "rita")).toEqual({ return: null, userErrors: [{ code: "SAME_PERSON" }] });
    expect(await story.approve("of-something-else")).toMatchObject({ userErrors: [{ code: "CONTENT_CHANGED" }] });
    expect(await story.approve(contentHash)).toMatchObject({ return: { status: "APPROVED" }, userErrors: [] });
    await story.becomes({ ats: 20, onHand: 26, quarantine: 6, desk: [0, 6, 6] });

    const putaway = { type: "PUTAWAY", fromBucket: "QUARANTINE", documentRef: story.documentRef };
    await story.record({ ...putaway, quantity: 2 });
    await story.becomes({ ats: 22, onHand: 26, quarantine: 4, desk: [0, 4, 4] });
    await story.record({ ...putaway, quantity: 4 });
    await story.becomes({ ats: 26, onHand: 26, quarantine: 0, desk: [0, 0, 0] });
    expect(await story.status()).toBe("RESTOCKED");
  });

  it("what is scrapped leaves by the warehouse's word, and nothing stays in quarantine", async () => {
    const story = await open(target(), "RG-2");
    await story.authorize();
    await story.receive();
    await story.inspect();
    const { return: proposed } = await story.propose("SCRAPPED");
    expect(await story.approve(proposed?.contentHash ?? null)).toMatchObject({ return: { status: "APPROVED" } });
    await story.becomes({ ats: 20, onHand: 26, quarantine: 6, desk: [0, 6, 0] });
    const out = { fromBucket: "QUARANTINE", documentRef: story.documentRef };
    await story.record({ ...out, type: "ADJUSTMENT", quantity: -4, reasonCode: "SCRAP" });
    await story.record({ ...out, type: "SHIPMENT", quantity: 2 });
    await story.becomes({ ats: 20, onHand: 20, quarantine: 0, desk: [0, 0, 0] });
    expect(await story.status()).toBe("SCRAPPED");
  });

  it("units that the warehouse puts away in the return's name are sellable by its word, judged at the desk or not", async () => {
    const story = await open(target(), "RG-4");
    await story.authorize();
    await story.receive();
    await story.becomes({ ats: 20, onHand: 26, quarantine: 6, desk: [6, 0, 0] });
    await story.record({ type: "PUTAWAY", quantity: 6, fromBucket: "QUARANTINE", documentRef: story.documentRef });
    await story.becomes({ ats: 26, onHand: 26, quarantine: 0, desk: [0, 0, 0] });
    expect(await story.status()).toBe("RESTOCKED");
    expect(await story.inspect()).toMatchObject({ return: null, userErrors: [{ code: "ILLEGAL_TRANSITION" }] });
  });

  it("units that the warehouse calls sellable without naming the return stay blocked, approved or not", async () => {
    const story = await open(target(), "RG-3");
    await story.authorize();
    await story.receive();
    await story.becomes({ ats: 20, onHand: 26, quarantine: 6, desk: [6, 0, 0] });
    await story.record({ type: "STATUS_CHANGE", quantity: 6, fromBucket: "QUARANTINE", toBucket: "UNRESTRICTED" });
    await story.becomes({ ats: 20, onHand: 26, quarantine: 0, desk: [6, 0, 0] });
    await story.inspect();
    const { return: proposed } = await story.propose("RESTOCKED");
    await story.approve(proposed?.contentHash ?? null);
    await story.becomes({ ats: 20, onHand: 26, quarantine: 0, desk: [0, 6, 6] });
  });
});
