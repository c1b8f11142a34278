/**
 * Kits: what exists may be a component, and nothing contains itself.
 *
 * The property compares with the plain definition: from a kit that was saved, no path leads back to it.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { brokenKits, type Components } from "../../../../../subgraphs/erp/domain/kit.ts";

const kits = (edges: Record<string, readonly string[]>): Map<string, Components> =>
  new Map(Object.entries(edges).map(([sku, parts]) => [sku, parts.map((part) => ({ sku: part, quantity: 1 }))]));
const codes = (wanted: Record<string, readonly string[]>, stored: Record<string, readonly string[]> = {}) =>
  Object.fromEntries([...brokenKits(kits(wanted), kits(stored))].map(([sku, { code }]) => [sku, code]));

describe("kits", () => {
  it("may be made of items that are there, or come in the same request", () => {
    expect(codes({ KIT: ["OLD", "NEW"], NEW: [] }, { OLD: [] })).toEqual({});
  });

  it("are refused when a component is nowhere, and take with them what needs them", () => {
    expect(codes({ KIT: ["NOWHERE"], SET: ["KIT"], BOX: ["SET"] })).toEqual({
      KIT: "UNKNOWN_SKU",
      SET: "UNKNOWN_SKU",
      BOX: "UNKNOWN_SKU",
    });
  });

  it("are refused when they contain each other, at whatever depth", () => {
    expect(codes({ A: ["B"], B: ["C"], C: ["A"], D: [] })).toEqual({
      A: "COMPONENT_CYCLE",
      B: "COMPONENT_CYCLE",
      C: "COMPONENT_CYCLE",
    });
  });

  it("are refused when the way back leads through kits that are there", () => {
    expect(codes({ A: ["B"] }, { A: [], B: ["C"], C: ["A"] })).toEqual({ A: "COMPONENT_CYCLE" });
  });

  it("may use a kit that keeps its old components because its new ones were refused", () => {
    expect(codes({ SET: ["KIT"], KIT: ["NOWHERE"] }, { KIT: [] })).toEqual({ KIT: "UNKNOWN_SKU" });
  });

  it("above a cycle are not in it, but fall with it when it is new", () => {
    expect(codes({ TOP: ["A"], A: ["B"], B: ["A"] })).toMatchObject({ TOP: "UNKNOWN_SKU", A: "COMPONENT_CYCLE" });
  });

  it("never end up containing themselves or something unknown, and are refused only for a reason", () => {
    const sku = fc.constantFrom("A", "B", "C", "D", "E", "F");
    const edges = fc.dictionary(sku, fc.uniqueArray(sku, { maxLength: 3 }), { maxKeys: 6 });
    fc.assert(
      fc.property(edges, (wanted) => {
        const broken = brokenKits(kits(wanted), new Map());
        const saved = kits(Object.fromEntries(Object.entries(wanted).filter(([name]) => !broken.has(name))));
        for (const [name, parts] of saved) {
          for (const part of parts) expect(saved.has(part.sku)).toBe(true);
          expect(reaches(saved, name, name)).toBe(false);
        }
        // One at a time, what was refused could not be added to what was saved.
        for (const [name] of broken) {
          const parts = (wanted[name] ?? []).map((part) => ({ sku: part, quantity: 1 }));
          const tried = new Map(saved).set(name, parts);
          expect(parts.some((part) => !tried.has(part.sku)) || reaches(tried, name, name)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("are judged in reasonable time when a thousand of them are tangled", () => {
    const names = Array.from({ length: 1_000 }, (_, n) => `K${n}`);
    const tangle = Object.fromEntries(
      names.map((name, n) => [name, Array.from({ length: 20 }, (_, k) => `K${(n * 7 + k * 13 + 1) % 1_000}`)]),
    );
    const broken = brokenKits(kits(tangle), new Map());
    expect(broken.size).toBe(1_000);
  });
});

function reaches(graph: ReadonlyMap<string, Components>, from: string, to: string, seen = new Set<string>()): boolean {
  return (graph.get(from) ?? []).some(({ sku }) => {
    if (sku === to) return true;
    if (seen.has(sku)) return false;
    seen.add(sku);
    return reaches(graph, sku, to, seen);
  });
}
