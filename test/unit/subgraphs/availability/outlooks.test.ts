/**
 * What a kit consists of in the end.
 */
import { expect, it } from "vitest";
import { limits } from "../../../../shared/limits.ts";
import type { ProductReplica } from "../../../../shared/master-data.ts";
import { partsOf } from "../../../../subgraphs/availability/outlooks.ts";

type Made = Readonly<Record<string, Readonly<Record<string, number>>>>;

async function parts(made: Made, sku: string): Promise<Record<string, number>> {
  const find = (of: string) =>
    ({
      sku: of,
      components: Object.entries(made[of] ?? {}).map(([component, quantity]) => ({ sku: component, quantity })),
    }) as unknown as ProductReplica;
  const found = await partsOf(find(sku), async (skus) => skus.map(find));
  return Object.fromEntries(found.map((part) => [part.sku, part.required]));
}

it("a kit inside a kit counts as its own components, and a shared one once with all that is needed", async () => {
  const made = { SET: { KIT: 2, BOLT: 3 }, KIT: { BOLT: 4, NUT: 1 } };
  expect(await parts(made, "SET")).toEqual({ BOLT: 11, NUT: 2 });
  expect(await parts(made, "BOLT")).toEqual({});
});

it("what goes deeper than kits may, or in a circle, ends with what is reached by then", async () => {
  const chain = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`K${n}`, { [`K${n + 1}`]: 1 }]));
  expect(await parts(chain, "K0")).toEqual({ [`K${limits.kitDepthMax}`]: 1 });
  expect(await parts({ A: { B: 1 }, B: { A: 1 } }, "A")).toEqual({ A: 1 });
});
