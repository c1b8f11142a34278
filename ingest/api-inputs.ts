/**
 * What the importers hand to the public API, member by member as the contract names the inputs.
 *
 * Types only. Idempotency keys are not here: they belong to a request, not to what it says.
 */
export interface ProductInput {
  readonly sku: string;
  readonly name: string;
  readonly baseUnit: string;
  readonly class?: string;
  readonly unitCost?: string;
  readonly safetyStock?: number;
  readonly active: boolean;
  readonly components?: readonly { readonly sku: string; readonly quantity: number }[];
  /** False: an assembly, not sold from its components. */
  readonly kit?: boolean;
}

export interface LocationInput {
  readonly id: string;
  readonly name: string;
  readonly type: "WAREHOUSE" | "PRODUCTION";
  readonly timeZone?: string;
  readonly sellable: boolean;
}

export interface BookBalanceInput {
  readonly sku: string;
  readonly locationId: string;
  readonly onHand: number;
}

export interface StockEventInput {
  readonly id: string;
  readonly type: "SNAPSHOT" | "PICK" | "SHIPMENT" | "ADJUSTMENT";
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  /** RFC 3339, UTC. */
  readonly occurredAt: string;
  readonly documentRef?: { readonly type: string; readonly id: string; readonly line: string };
  readonly reasonCode?: string;
  readonly note?: string;
  readonly buckets?: { readonly unrestricted: number };
}

export type PurchaseOrderStatus = "PENDING" | "APPROVED" | "REJECTED" | "COMPLETE";

export interface PurchaseOrderInput {
  readonly id: string;
  readonly supplierId: string;
  readonly status: PurchaseOrderStatus;
  /** RFC 3339 dates. */
  readonly orderedOn: string;
  readonly lines: readonly PurchaseOrderLineInput[];
}

export interface PurchaseOrderLineInput {
  readonly line: string;
  readonly sku: string;
  readonly locationId: string;
  readonly ordered: number;
  readonly received: number;
  readonly rejected: number;
  readonly promisedOn: string;
}

export interface OrderInput {
  readonly orderId: string;
  readonly lines: readonly OrderLineInput[];
}

export interface OrderLineInput {
  readonly line: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
}

/** A return that was announced and received in one: a credit note. */
export interface ReturnInput {
  readonly id: string;
  readonly orderId: string;
  readonly locationId: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly reasonCode: string }[];
}
