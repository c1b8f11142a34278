/**
 * Story 4 through the public API, as far as books and warehouse go apart: a count above tolerance opens a case with the
 * position's history and holds its postings; an approved correction moves warehouse and books, and ends the case.
 */
import { expect, it, vi } from "vitest";
import type { Role } from "../../shared/identity.ts";
import { openStock } from "../helpers/opening-stock.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Case {
  readonly id: string;
  readonly status: string;
  readonly contentHash: string;
}

const fields = `id status class variance countedDelta warehouseOnHand bookOnHand contentHash
  evidence { type } counts { countedBy }`;

type Person = readonly [name: string, roles: readonly Role[]];
const rosa: Person = ["rosa", ["warehouse"]];
const wanda: Person = ["wanda", ["warehouse"]];
const petra: Person = ["petra", ["planner"]];
const cora: Person = ["cora", ["controller"]];

async function as<T>(target: Target, [person, roles]: Person, query: string, variables: object): Promise<T> {
  return target.client(await target.token(person, roles)).request<T>(query, { ...variables });
}

let keys = 0;

async function change<T>(target: Target, person: Person, field: string, input: object, selection: string): Promise<T> {
  const document = `mutation ($input: ${field[0]?.toUpperCase()}${field.slice(1)}Input!) {
    ${field}(input: $input) { ${selection} userErrors { code message } } }`;
  const variables = { input: { idempotencyKey: `variance-${++keys}`, ...input } };
  const reply = await as<Record<string, { userErrors: unknown[] }>>(target, person, document, variables);
  expect(reply[field]?.userErrors).toEqual([]);
  return reply[field] as T;
}

async function casesAt(target: Target, locationId: string): Promise<Case[]> {
  const query = `query ($locationId: ID) { varianceCases(locationId: $locationId) { nodes { ${fields} } } }`;
  const reply = await as<{ varianceCases: { nodes: Case[] } }>(target, petra, query, { locationId });
  return reply.varianceCases.nodes;
}

/** What warehouse and books have. */
async function expectFigures(target: Target, sku: string, locationId: string, onHand: number, book: number) {
  const { stockPosition } = await target.connector.request<{ stockPosition: unknown }>(
    `query ($sku: ID!, $locationId: ID!) { stockPosition(sku: $sku, locationId: $locationId) {
      physical { onHand } book { onHand } } }`,
    { sku, locationId },
  );
  expect(stockPosition).toEqual({ physical: { onHand }, book: { onHand: book } });
}

function decide(target: Target, { id, contentHash }: Case) {
  const decision = { id, contentHash, decision: "APPROVE", note: "Agreed." };
  return change<{ varianceCase: Case }>(target, cora, "decideVarianceCase", decision, "varianceCase { status }");
}

eachTarget("a variance", (target) => {
  it("that a count found above tolerance is a case with its history, and holds the posting until it is decided", async () => {
    const place = { sku: "VC-1", locationId: "VC-L1" };
    await openStock(target(), { ...place, onHand: 500 });
    await inTime(target(), () => expectFigures(target(), "VC-1", "VC-L1", 500, 500));
    const lines = [{ sku: "VC-1", countedQuantity: 460 }];
    const count = { locationId: "VC-L1", countedBy: "carl", lines };
    await change(target(), rosa, "recordCount", count, "stockCount { id }");
    await inTime(target(), async () =>
      expect(await casesAt(target(), "VC-L1")).toMatchObject([
        {
          ...{ status: "EVIDENCE_ATTACHED", variance: 0, countedDelta: -40, warehouseOnHand: 500, bookOnHand: 500 },
          ...{
            evidence: [{ type: "inventory.snapshot" }, { type: "book.balance.changed" }],
            counts: [{ countedBy: "carl" }],
          },
        },
      ]),
    );
    // A correction of somebody else, small enough to need nobody, waits in the books as well.
    const small = { ...place, delta: -1, reasonCode: "CORRECTION", evidence: ["document:D-1"] };
    await inTime(target(), () => expectHeld(target(), place));
    await change(target(), wanda, "requestAdjustment", small, "adjustment { status }");
    await inTime(target(), () => expectFigures(target(), "VC-1", "VC-L1", 499, 500));
    const again = [{ sku: "VC-1", countedQuantity: 460 }];
    const [open] = await casesAt(target(), "VC-L1");
    await change(target(), petra, "requestRecount", { id: open?.id }, "varianceCase { status }");
    const { stockCount } = await change<{ stockCount: { lines: unknown } }>(
      target(),
      rosa,
      "recordCount",
      { ...count, lines: again, recountOf: await lastCount(target(), place.locationId) },
      "stockCount { lines { outcome } }",
    );
    expect(stockCount.lines).toEqual([{ outcome: "PENDING_APPROVAL" }]);
    await inTime(target(), async () =>
      expect(await casesAt(target(), "VC-L1")).toMatchObject([{ status: "RECOUNTED", countedDelta: -39 }]),
    );
    await expectFigures(target(), "VC-1", "VC-L1", 499, 500);
    const proposal = { id: open?.id, rootCause: "Sold without a scan.", correct: "COUNT" };
    const { varianceCase } = await change<{ varianceCase: Case }>(
      target(),
      petra,
      "proposeVarianceCorrection",
      proposal,
      `varianceCase { ${fields} }`,
    );
    await decide(target(), varianceCase);
    await inTime(target(), async () => {
      await expectFigures(target(), "VC-1", "VC-L1", 460, 460);
      expect(await casesAt(target(), "VC-L1")).toMatchObject([{ status: "CLOSED", variance: 0, countedDelta: 0 }]);
    });
  });

  it.each(["BOOKS", "WAREHOUSE"] as const)("is corrected in the %s alone when they are wrong", async (correct) => {
    const place = { sku: `VC-${correct}`, locationId: `VC-${correct}-L` };
    const policy = { settleSeconds: 0, everyHours: 0, tolerances: [] };
    await change(target(), cora, "setReconciliationPolicy", policy, "policy { version }");
    await openStock(target(), { ...place, onHand: 100 });
    await inTime(target(), () => expectFigures(target(), place.sku, place.locationId, 100, 100));
    const { locationId } = place;
    const balances = [{ ...place, onHand: 130 }];
    await target().connector.request(
      "mutation ($input: SaveBookBalancesInput!) { saveBookBalances(input: $input) { userErrors { code } } }",
      { input: { idempotencyKey: `variance-book-${correct}`, balances } },
    );
    await inTime(target(), async () =>
      expect(await openCases(target(), locationId)).toMatchObject([
        { status: "EVIDENCE_ATTACHED", class: "PHYSICAL", variance: -30, warehouseOnHand: 100, bookOnHand: 130 },
      ]),
    );
    const [open] = await openCases(target(), locationId);
    const proposal = { id: open?.id, rootCause: "Typed wrong.", correct };
    const { varianceCase } = await change<{ varianceCase: Case }>(
      target(),
      petra,
      "proposeVarianceCorrection",
      proposal,
      `varianceCase { ${fields} }`,
    );
    await decide(target(), varianceCase);
    const agreed = correct === "BOOKS" ? 100 : 130;
    await inTime(target(), async () => {
      await expectFigures(target(), place.sku, locationId, agreed, agreed);
      expect(await openCases(target(), locationId)).toEqual([]);
    });
  });
});

/** What waits for its time, or goes to and fro between four systems, is waited for. */
function inTime(target: Target, check: () => Promise<unknown>) {
  return vi.waitFor(() => target.eventually(check), { timeout: 20_000, interval: 100 });
}

/** The opening of a position may have been a difference of its own for a moment. */
async function openCases(target: Target, locationId: string): Promise<Case[]> {
  return (await casesAt(target, locationId)).filter(({ status }) => status !== "CLOSED");
}

/** It is told, so the books hear of it before they hear of what comes after. */
async function expectHeld(target: Target, { locationId }: { locationId: string }): Promise<void> {
  const query = `query ($locationId: ID) { varianceCases(locationId: $locationId) { nodes { correlationId } } }`;
  type Reply = { varianceCases: { nodes: { correlationId: string }[] } };
  const { varianceCases } = await as<Reply>(target, petra, query, { locationId });
  const { eventLineage } = await as<{ eventLineage: { type: string }[] }>(
    target,
    petra,
    "query ($id: ID!) { eventLineage(correlationId: $id) { type } }",
    { id: varianceCases.nodes[0]?.correlationId },
  );
  expect(eventLineage.map(({ type }) => type)).toContain("variance.opened");
}

async function lastCount(target: Target, locationId: string): Promise<string> {
  const query = "query ($locationId: ID) { varianceCases(locationId: $locationId) { nodes { counts { countId } } } }";
  type Reply = { varianceCases: { nodes: { counts: { countId: string }[] }[] } };
  const { varianceCases } = await as<Reply>(target, petra, query, { locationId });
  return varianceCases.nodes[0]?.counts[0]?.countId ?? "";
}
