/**
 * What events say of variance cases.
 *
 * Only shapes; quantities are base units.
 */

export interface VarianceOpened {
  readonly caseId: string;
  readonly class: string;
  readonly variance: number;
  readonly countedDelta: number;
}

/** What an approved correction adds to books and warehouse. */
export interface VarianceCorrection {
  readonly caseId: string;
  readonly bookDelta: number;
  readonly warehouseDelta: number;
  /** Adjustments of the warehouse that are approved with it. */
  readonly adjustments: readonly string[];
  /** Of who approved it. */
  readonly roles: readonly string[];
}
