/**
 * Story 3: what arrives in a unit that nobody can convert, or under a code that nobody knows, waits where somebody sees
 * it, and counts once when the mapping is there.
 *
 * Nobody sends anything again: what waited is applied by itself.
 */
import { beforeAll, expect, it } from "vitest";
import type { ApiClient } from "../../shared/graphql/client.ts";
import { eachTarget } from "../helpers/target.ts";

interface Letter {
  readonly id: string;
  readonly code: string;
  readonly class: string;
  readonly status: string;
  readonly owner: string;
  readonly source: string;
  readonly attempts: number;
  readonly topic: string;
}

eachTarget("dead letters", (target) => {
  let petra: ApiClient;
  let keys = 0;

  beforeAll(async () => {
    petra = target().client(await target().token("petra", ["planner", "manager"]));
    await saveProduct("TEA");
    await target().connector.request(`mutation {
      saveLocations(input: { idempotencyKey: "dl-l", locations: [{ id: "SHED", name: "Shed", type: WAREHOUSE }] }) { userErrors { code } } }`);
  });

  const saveProduct = (sku: string, units: object[] = []) =>
    target().connector.request(
      `mutation ($input: SaveProductsInput!) { saveProducts(input: $input) { userErrors { code } } }`,
      { input: { idempotencyKey: `dl-p-${++keys}`, products: [{ sku, name: sku, baseUnit: "EA", units }] } },
    );

  async function receive(id: string, more: object, input: object = {}) {
    const event = { id, type: "RECEIPT", sku: "TEA", locationId: "SHED", quantity: 5, ...more };
    const { recordStockEvents } = await target().connector.request<{
      recordStockEvents: { results: { status: string; code: string | null }[]; userErrors: { code: string }[] };
    }>(
      `mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) {
        results { status code } userErrors { code } } }`,
      {
        input: {
          idempotencyKey: `dl-r-${++keys}`,
          source: "acme",
          events: [{ occurredAt: "2026-01-05T08:00:00Z", ...event }],
          ...input,
        },
      },
    );
    return recordStockEvents.results[0] ?? recordStockEvents.userErrors[0];
  }

  const fields = "id code class status owner source attempts topic";
  async function letters(status = "OPEN"): Promise<readonly Letter[]> {
    const { deadLetters } = await petra.request<{ deadLetters: { nodes: Letter[] } }>(
      `query ($status: DeadLetterStatus) { deadLetters(status: $status, source: "acme") { nodes { ${fields} } } }`,
      { status },
    );
    return deadLetters.nodes;
  }
  const waiting = (code: string) =>
    target().eventually(async () => {
      const [letter, ...others] = await letters();
      expect([letter, others]).toMatchObject([{ code, class: "MAPPING", status: "OPEN", owner: "planner" }, []]);
      return letter as Letter;
    });
  async function exceptions(): Promise<readonly { subject: string; status: string; hint: string }[]> {
    const { exceptions } = await petra.request<{ exceptions: { nodes: [] } }>(
      "{ exceptions(type: DEAD_LETTER) { nodes { subject status hint } } }",
    );
    return exceptions.nodes;
  }

  /** Warehouse, book and position say the same, nothing waits, and the letter is settled. */
  async function everythingMatches(onHand: number, letter: Letter) {
    await target().eventually(async () => {
      const { stockPosition } = await petra.request<{ stockPosition: object }>(
        `{ stockPosition(sku: "TEA", locationId: "SHED") { physical { dock } book { onHand } availability { terms { name quantity } } } }`,
      );
      expect(stockPosition).toMatchObject({ physical: { dock: onHand }, book: { onHand } });
      expect(await letters()).toEqual([]);
      expect(await exceptions()).toEqual([]);
      const { deadLetter } = await petra.request<{ deadLetter: Letter }>(
        `{ deadLetter(id: "${letter.id}") { status } }`,
      );
      expect(deadLetter.status).toBe("SETTLED");
    });
  }

  it("a receipt in CASE without a factor waits for the factor, and then everything matches", async () => {
    expect(await receive("case-1", { unit: "CASE" })).toMatchObject({ status: "REJECTED", code: "UOM_UNMAPPED" });
    const letter = await waiting("UOM_UNMAPPED");
    expect(await exceptions()).toMatchObject([{ subject: letter.topic, status: "OPEN" }]);
    await saveProduct("TEA", [{ unit: "CASE", numerator: 12, denominator: 1 }]);
    await everythingMatches(60, letter);
    expect(await receive("case-1", { unit: "CASE" })).toMatchObject({ status: "DUPLICATE" });
  });

  it("a partner's code waits for its mapping, alone and together with what counts all or none", async () => {
    expect(await receive("sku-1", { sku: "PARTNER-TEA" })).toMatchObject({ status: "REJECTED", code: "UNKNOWN_SKU" });
    const letter = await waiting("UNKNOWN_SKU");
    await savePartnerCode("SKU", "PARTNER-TEA", "TEA");
    await everythingMatches(65, letter);
    const all = { allOrNone: true };
    expect(await receive("place-1", { locationId: "GLN-1" }, all)).toMatchObject({ code: "UNKNOWN_LOCATION" });
    const other = await waiting("UNKNOWN_LOCATION");
    await savePartnerCode("LOCATION", "GLN-1", "SHED");
    await everythingMatches(70, other);
    expect(await receive("sku-1", { sku: "PARTNER-TEA" })).toMatchObject({ status: "DUPLICATE" });
    expect(await receive("sku-2", { sku: "PARTNER-TEA", locationId: "GLN-1" })).toMatchObject({ status: "ACCEPTED" });
  });

  it("what is redriven in vain stays, with one attempt more, and counts once when it comes again", async () => {
    await receive("again-1", { unit: "BOX" });
    const letter = await waiting("UOM_UNMAPPED");
    const { redriveDeadLetters } = await petra.request<{ redriveDeadLetters: object }>(
      `mutation { redriveDeadLetters(input: { idempotencyKey: "dl-re", class: MAPPING }) { letters userErrors { code } } }`,
    );
    expect(redriveDeadLetters).toEqual({ letters: 1, userErrors: [] });
    await target().eventually(async () => {
      expect((await letters())[0]?.attempts).toBeGreaterThan(letter.attempts);
    });
    await savePartnerCode("UNIT", "BOX", "CASE");
    await everythingMatches(75 + 60, letter);
  });

  async function savePartnerCode(kind: string, code: string, to: string): Promise<void> {
    const { savePartnerMappings } = await petra.request<{ savePartnerMappings: { userErrors: object[] } }>(
      `mutation ($input: SavePartnerMappingsInput!) { savePartnerMappings(input: $input) { userErrors { code } } }`,
      { input: { idempotencyKey: `dl-m-${++keys}`, partner: "acme", mappings: [{ kind, code, target: to }] } },
    );
    expect(savePartnerMappings.userErrors).toEqual([]);
  }
});
