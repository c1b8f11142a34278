/**
 * Kits: every component exists, and no kit contains itself, at whatever depth.
 *
 * Judges a whole request at once, because its items may name each other. Knows nothing of stock.
 */
import type { ErrorCode } from "../../../shared/errors.ts";
import type { KitComponent } from "./product.ts";

export type Components = readonly KitComponent[];

export interface BrokenKit {
  readonly code: Extract<ErrorCode, "UNKNOWN_SKU" | "COMPONENT_CYCLE">;
  readonly message: string;
}

/**
 * Which of `wanted` cannot be saved, and why. `stored`: what is there now of everything that can be reached.
 * An item that is refused takes those with it that need it; if it was stored before, its old components count again.
 */
export function brokenKits(
  wanted: ReadonlyMap<string, Components>,
  stored: ReadonlyMap<string, Components>,
): Map<string, BrokenKit> {
  const broken = new Map<string, BrokenKit>();
  const componentsOf = (sku: string) => (broken.has(sku) ? undefined : wanted.get(sku)) ?? stored.get(sku);
  for (let before = -1; before !== broken.size; ) {
    before = broken.size;
    for (const [sku, components] of wanted) {
      const missing = components.find((component) => componentsOf(component.sku) === undefined);
      if (missing && !broken.has(sku)) {
        broken.set(sku, { code: "UNKNOWN_SKU", message: `No such component: ${missing.sku}.` });
      }
    }
    const skus = new Set([...wanted.keys(), ...stored.keys()]);
    for (const sku of inCycles(skus, (sku) => (componentsOf(sku) ?? []).map((component) => component.sku))) {
      if (wanted.has(sku) && !broken.has(sku)) {
        broken.set(sku, { code: "COMPONENT_CYCLE", message: `The kit ${sku} would contain itself.` });
      }
    }
  }
  return broken;
}

/** The nodes of cycles (and of paths between two cycles), in time linear in the number of edges. */
function inCycles(nodes: ReadonlySet<string>, next: (node: string) => readonly string[]): Set<string> {
  const edges = new Map<string, string[]>();
  const back = new Map<string, string[]>([...nodes].map((node) => [node, []]));
  for (const node of nodes) {
    const targets = next(node).filter((target) => nodes.has(target));
    edges.set(node, targets);
    for (const target of targets) back.get(target)?.push(node);
  }
  const withoutEnds = peel(nodes, edges, back);
  return peel(withoutEnds, back, edges);
}

/** What is left when nodes that lead nowhere are taken away, again and again. */
function peel(
  nodes: ReadonlySet<string>,
  out: ReadonlyMap<string, readonly string[]>,
  back: ReadonlyMap<string, readonly string[]>,
): Set<string> {
  const left = new Set(nodes);
  const degree = new Map<string, number>();
  for (const node of nodes) degree.set(node, (out.get(node) ?? []).filter((target) => nodes.has(target)).length);
  const ends = [...nodes].filter((node) => degree.get(node) === 0);
  for (let node = ends.pop(); node !== undefined; node = ends.pop()) {
    left.delete(node);
    for (const from of back.get(node) ?? []) {
      const rest = (degree.get(from) ?? 0) - 1;
      degree.set(from, rest);
      if (rest === 0 && left.has(from)) ends.push(from);
    }
  }
  return left;
}
