/**
 * What events say of exceptions: of one in the queue of `control`, and of what an order's books find wrong with a line.
 *
 * Quantities are integers in base units. Decides nothing about who is told.
 */
export interface ExceptionTold {
  readonly exceptionId: string;
  readonly exceptionType: string;
  readonly priority: number;
  readonly escalationLevel: number;
}

/** Of one line of a purchase order; zeros take back what was told. */
export interface SupplyDiscrepancyTold {
  readonly purchaseOrderId: string;
  readonly line: string;
  readonly supplierId: string;
  readonly short: number;
  readonly rejected: number;
}
