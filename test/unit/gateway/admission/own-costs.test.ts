/**
 * What our own schema makes operations cost: what one question may ask for by the other limits, it can afford, and what
 * no client needs, it cannot.
 */
import { parse } from "graphql";
import { describe, expect, it } from "vitest";
import { readCostTable } from "../../../../gateway/admission/cost-table.ts";
import { createOperationCosts, isAffordable } from "../../../../gateway/admission/operation-costs.ts";
import { composeSupergraph } from "../../../../gateway/compose.ts";
import { createPlanner } from "../../../../gateway/planner.ts";
import { systemNames } from "../../../../shared/config.ts";
import { readSdl } from "../../../../shared/graphql/subgraph.ts";
import { limits } from "../../../../shared/limits.ts";
import { readText } from "../../../helpers/repository.ts";

const folder = (name: string) => new URL(`../../../../subgraphs/${name}/`, import.meta.url).href;
const supergraph = composeSupergraph(systemNames.map((name) => ({ name, sdl: readSdl(folder(name)) })));
const { schema } = createPlanner(supergraph, false);
const costs = createOperationCosts(readCostTable(supergraph));

function costOf(query: string, variables: Record<string, unknown> = {}): number {
  const document = parse(query);
  return costs.of({ schema, document, operation: document.definitions[0] as never }, variables) ?? Number.NaN;
}

const positions = (skus: number) => ({ s: Array.from({ length: skus }, (_, i) => `SKU-${i}`) });

describe("our own schema", () => {
  it("makes the examples of the documents cost what they say", () => {
    const page = (below: string) => `{ products(first: 50) { nodes { sku name ${below} } } }`;
    const text = readText("docs/limits.md");
    expect(text).toContain(`costs ${costOf(page(""))};`);
    const deep = costOf(page("networkAvailability { locations { terms { name } } }"));
    expect(text).toContain(deep.toLocaleString("en"));
  });

  it.each<[string, number, string, Record<string, unknown>?]>([
    ["one answer", 1, 'query { availability(skus: ["A"], locationIds: ["W"]) { availableToSell } }'],
    ["an item everywhere", 10, 'query { availability(skus: ["A"]) { availableToSell } }'],
    [
      "as many positions as one question may name, explained",
      limits.availabilityPositionsMax * (1 + 8 + 3 + 2),
      `query ($s: [ID!]!) { availability(skus: $s, locationIds: ["W"]) {
        availableToSell terms { name } sources { system } product { name } location { name }
      } }`,
      positions(limits.availabilityPositionsMax),
    ],
  ])("lets a client afford %s: %i", (_, cost, query, variables) => {
    expect(costOf(query, variables)).toBe(cost);
    expect(isAffordable(cost)).toBe(true);
  });

  it("lets no client ask for every item with every location's whole story at once", () => {
    const availability =
      "locations { terms { name } sources { system } product { networkAvailability { locations { terms { name } } } } }";
    expect(isAffordable(costOf(`{ products(first: 200) { nodes { networkAvailability { ${availability} } } } }`))).toBe(
      false,
    );
  });
});
