/**
 * The bill of materials of AdventureWorks → what each assembly is made of, in whole EA.
 *
 * Only rows in force (no EndDate) of an assembly count. An assembly with a component that is not counted in whole EA
 * (paint in OZ, wire in IN) gets no list: a list without its paint would say that more can be built than can.
 */
import type { CatalogueProduct, ReadTable } from "./adventureworks-tables.ts";
import { type Finding, finding } from "./finding.ts";

export interface Component {
  readonly sku: string;
  readonly quantity: number;
}

/** Assembly SKU → its components. */
export function readComponents(
  table: ReadTable,
  findings: Finding[],
  products: ReadonlyMap<string, CatalogueProduct>,
): ReadonlyMap<string, readonly Component[]> {
  const components = new Map<string, Map<string, number>>();
  const notCounted = new Set<string>();
  table("BillOfMaterials.csv", (read) => {
    const assemblyId = read.text(1);
    // No assembly: the product stands at the top of its own tree. An EndDate: the row is history.
    if (assemblyId === "" || read.text(4) !== "") return;
    const unit = read.code(5);
    const quantity = read.decimal(7);
    const assembly = products.get(assemblyId);
    const component = products.get(read.code(2));
    if (!read.ok) return;
    if (!assembly || !component) {
      findings.push(finding("UNKNOWN_PRODUCT", read.row, `${assemblyId} or ${read.text(2)}`));
      if (assembly) notCounted.add(assembly.sku);
      return;
    }
    if (unit !== "EA" || !Number.isInteger(Number(quantity))) {
      findings.push(finding("BOM_NOT_WHOLE_UNITS", read.row, `${assembly.sku}: ${component.sku} ${quantity} ${unit}`));
      notCounted.add(assembly.sku);
      return;
    }
    const own = components.get(assembly.sku) ?? new Map<string, number>();
    own.set(component.sku, (own.get(component.sku) ?? 0) + Number(quantity));
    components.set(assembly.sku, own);
  });
  for (const sku of notCounted) components.delete(sku);
  const toList = (own: ReadonlyMap<string, number>) => [...own].map(([sku, quantity]) => ({ sku, quantity }));
  return new Map([...components].map(([sku, own]) => [sku, toList(own)]));
}
