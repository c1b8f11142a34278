/**
 * What somebody has to look at, and which facts say so.
 *
 * An exception is about one thing, its subject; the same fact told twice is one exception, and a fact that takes the
 * matter back closes it. Decides nothing about who looks at it.
 */
import { type AnyEvent, type Buckets, buckets, type DocumentRef } from "../../../shared/events/canonical-event.ts";
import type { SupplyDiscrepancyTold } from "../../../shared/events/exception-events.ts";

export const exceptionTypes = [
  "DEAD_LETTER",
  "VARIANCE",
  "SHORT_RECEIPT",
  "SUPPLIER_DISCREPANCY",
  "NEGATIVE_STOCK",
  "STALE_SOURCE",
  "TRANSFER_DISCREPANCY",
  "FAILED_POSTING",
  "ORPHAN_RETURN",
] as const;
export type ExceptionType = (typeof exceptionTypes)[number];

export type ExceptionStatus = "OPEN" | "ASSIGNED" | "RESOLVED";

/** What an exception is about; there is one open exception of a topic at most. */
export interface ExceptionTopic {
  readonly type: ExceptionType;
  /** What it is about, e.g. `transfer:T-1|4711`; 1 to 255 characters. */
  readonly subject: string;
}

export interface Finding extends ExceptionTopic {
  readonly sku: string | null;
  readonly locationId: string | null;
  /** Base units concerned; null where it is not about a quantity. */
  readonly quantity: number | null;
  /** What is wrong, for a person. */
  readonly hint: string;
  readonly document: DocumentRef | null;
  readonly correlationId: string;
}

/** What a fact says about exceptions: which there are, and which are no more. */
export interface Verdict {
  readonly raised: readonly Finding[];
  readonly cleared: readonly ExceptionTopic[];
}

const nothing: Verdict = { raised: [], cleared: [] };

export function verdictOf(event: AnyEvent): Verdict {
  const { sku, locationId, documentRef: document, correlationId } = event;
  const about = { sku, locationId, document, correlationId };
  switch (event.type) {
    case "transfer.discrepancy": {
      const { transferId, missing } = event.data;
      const topic = { type: "TRANSFER_DISCREPANCY", subject: `transfer:${transferId}|${sku}` } as const;
      if (missing <= 0) return { raised: [], cleared: [topic] };
      const hint = `${missing} units of transfer ${transferId} left the origin and did not arrive.`;
      return { raised: [{ ...topic, ...about, quantity: missing, hint }], cleared: [] };
    }
    case "transfer.resolved":
      return {
        raised: [],
        cleared: [{ type: "TRANSFER_DISCREPANCY", subject: `transfer:${event.data.transferId}|${sku}` }],
      };
    case "erp.posting.failed": {
      const { postedEventId, code } = event.data;
      const topic = { type: "FAILED_POSTING", subject: `posting:${postedEventId}` } as const;
      const hint = `The books refuse what the warehouse has done: ${code}.`;
      return { raised: [{ ...topic, ...about, quantity: event.quantity, hint }], cleared: [] };
    }
    case "erp.posting.acknowledged":
      return { raised: [], cleared: [{ type: "FAILED_POSTING", subject: `posting:${event.data.postedEventId}` }] };
    case "receipt.discrepancy":
      return ofReceipt(event.data, about);
    case "inventory.snapshot":
      return ofSnapshot(event.data.wms, about);
    case "supply.discrepancy":
      return ofOrderLine(event.data, about);
    case "return.received": {
      const { returnId, announced } = event.data;
      if (announced !== false) return nothing;
      const hint = `Return ${returnId} arrived without an authorisation.`;
      const topic = { type: "ORPHAN_RETURN", subject: `return:${returnId}|${sku}` } as const;
      return { raised: [{ ...topic, ...about, quantity: event.quantity, hint }], cleared: [] };
    }
    default:
      return nothing;
  }
}

type About = Pick<Finding, "sku" | "locationId" | "document" | "correlationId">;

/** Only the warehouse's own snapshots say how much there is; its movements say by how much it changed. */
function ofSnapshot(stock: Buckets | undefined, about: About): Verdict {
  if (!stock || about.sku === null || about.locationId === null) return nothing;
  const topic = { type: "NEGATIVE_STOCK", subject: `position:${about.sku}|${about.locationId}` } as const;
  const below = buckets.filter((bucket) => stock[bucket] < 0);
  if (below.length === 0) return { raised: [], cleared: [topic] };
  const hint = `The warehouse reports ${below.map((bucket) => `${stock[bucket]} ${bucket}`).join(", ")}.`;
  const quantity = below.reduce((sum, bucket) => sum - stock[bucket], 0);
  return { raised: [{ ...topic, ...about, quantity, hint }], cleared: [] };
}

/** Historical or without a warehouse's receipt: what the books say of a line. */
function ofOrderLine(
  { purchaseOrderId, line, supplierId, short, rejected }: SupplyDiscrepancyTold,
  about: About,
): Verdict {
  const subject = `purchase-order:${purchaseOrderId}|${line}`.slice(0, 255);
  const of = `Order ${purchaseOrderId} of supplier ${supplierId}, line ${line}`;
  const parts = [
    { type: "SHORT_RECEIPT", subject, quantity: short, hint: `${of}: ${short} short.` },
    { type: "SUPPLIER_DISCREPANCY", subject, quantity: rejected, hint: `${of}: ${rejected} rejected.` },
  ] as const;
  return {
    raised: parts.filter(({ quantity }) => quantity > 0).map((part) => ({ ...part, ...about })),
    cleared: parts.filter(({ quantity }) => quantity <= 0).map(({ type }) => ({ type, subject })),
  };
}

type ReceiptData = Extract<AnyEvent, { type: "receipt.discrepancy" }>["data"];

/** Too little is the buyer's to chase; too much, damaged or wrong is to be settled with the supplier. */
function ofReceipt({ receiptId, discrepancies }: ReceiptData, about: About): Verdict {
  const subject = `receipt:${receiptId}|${about.sku}`;
  const [short, others] = [
    discrepancies.filter(({ type }) => type === "SHORT"),
    discrepancies.filter(({ type }) => type !== "SHORT"),
  ];
  const parts = [
    ["SHORT_RECEIPT", short],
    ["SUPPLIER_DISCREPANCY", others],
  ] as const;
  return {
    raised: parts.flatMap(([type, found]) => {
      if (found.length === 0) return [];
      const what = found.map((one) => `${one.quantity} ${one.type.toLowerCase().replaceAll("_", " ")}`).join(", ");
      const quantity = found.reduce((sum, one) => sum + one.quantity, 0);
      return [{ type, subject, ...about, quantity, hint: `Receipt ${receiptId}: ${what}.` }];
    }),
    cleared: parts.flatMap(([type, found]) => (found.length === 0 ? [{ type, subject }] : [])),
  };
}
