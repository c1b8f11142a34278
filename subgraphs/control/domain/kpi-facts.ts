/**
 * Which fact says what about which figure: the one place where events become numbers.
 *
 * A fact adds to sums at once, or says something of a document from whose state the sums follow. Times are those at
 * which things happened, as their owner tells them. Pure; what a figure means stands in `kpis.ts`.
 */
import type { AnyEvent, EventData, SealedRow } from "../../../shared/events/canonical-event.ts";
import {
  type Case,
  type Cell,
  caseKinds,
  cell,
  cellsOfCase,
  duration,
  emptyCase,
  type Observation,
  observe,
  sumCells,
  type Where,
} from "./kpi-cells.ts";

/** What the fact adds whatever else is known. */
export function cellsOf(event: AnyEvent): Cell[] {
  const where = { locationId: event.locationId, atMs: Date.parse(event.time) };
  switch (event.type) {
    case "count.recorded": {
      const { lines } = event.data;
      const units = lines.map(({ expected, counted }) => [Math.max(0, expected), Math.max(0, counted)] as const);
      const right = lines.filter(({ expected, counted }) => expected === counted).length;
      const agreed = units.reduce((sum, [expected, counted]) => sum + Math.min(expected, counted), 0);
      const either = units.reduce((sum, [expected, counted]) => sum + Math.max(expected, counted), 0);
      return [cell("inventoryAccuracy", where, right, lines.length), cell("countAccuracy", where, agreed, either)];
    }
    case "adjustment.posted":
      return [cell("manualAdjustmentVolume", where, Math.abs(event.quantity ?? 0), 1)];
    case "erp.posting.acknowledged": {
      const { postedRecordedAt } = event.data;
      const posted = { locationId: event.locationId, atMs: Date.parse(event.recordedAt) };
      const answered = cell("failedTransactionRate", posted, 0, 1);
      if (postedRecordedAt === undefined) return [answered];
      return [answered, duration("erpPostingLatency", posted, posted.atMs - Date.parse(postedRecordedAt))];
    }
    case "answers.tallied":
      return ofAnswers(event.data, { locationId: null, atMs: where.atMs });
    case "audit.sealed":
      return event.data.rows.flatMap((row) => ofRecord(event.source, row));
    case "erp.posting.failed":
      return [cell("failedTransactionRate", where, 1, 1)];
    default:
      return [];
  }
}

function ofAnswers({ answers, ages, events }: EventData["answers.tallied"], where: Where): Cell[] {
  const { FRESH, STALE, DEGRADED, UNKNOWN } = answers;
  return [
    cell("degradedAnswerRate", where, DEGRADED + UNKNOWN, FRESH + STALE + DEGRADED + UNKNOWN),
    cell("duplicateRate", where, events.duplicate, events.received),
    cell("outOfOrderRate", where, events.late, events.received - events.duplicate),
    ...ages.map((age) => ({ ...cell("answerStaleness", where, age.answers, age.answers), bound: age.upToMs })),
  ];
}

/** Of requests of people, by what they left on record: a refusal is one row. */
function ofRecord(source: AnyEvent["source"], row: SealedRow): Cell[] {
  const { action, outcome, person, idempotency_key, detail, recorded_at_ms } = row;
  const where = { locationId: null, atMs: recorded_at_ms };
  if (source === "control" && action === "finishReconciliation") return ofReconciliation(detail, where);
  if (idempotency_key === null || person.startsWith("system:")) return [];
  const isRefused = outcome !== "done" && outcome !== "unchanged";
  const record = cell("refusedRequestRate", where, isRefused ? 1 : 0, 1);
  // Where control itself was asked, somebody took a step to settle something.
  return source === "control" ? [record, cell("reconciliationEffort", where, 1, 0)] : [record];
}

/** A run over positions: how many it compared, and how many of them differed beyond what postings under way explain. */
function ofReconciliation(detail: string, where: Where): Cell[] {
  const { positions = 0, opened = 0, cleared = 0, known = 0 } = JSON.parse(detail) as Readonly<Record<string, number>>;
  return [cell("inventoryVarianceRate", where, opened + cleared + known, positions)];
}

/** What the fact says of documents. */
export function observationsOf(event: AnyEvent): Observation[] {
  const atMs = Date.parse(event.time);
  const { type, sku, documentRef, locationId } = event;
  const quantity = event.quantity ?? 0;
  switch (type) {
    case "order.allocated":
      return ofOrder(event, { startedAtMs: atMs, wanted: quantity });
    case "order.deallocated":
      return ofOrder(event, { wanted: 0 - quantity });
    case "order.oversold":
      return ofOrder(event, { missing: quantity });
    case "shipment.confirmed":
      return ofOrder(event, { endedAtMs: atMs, done: quantity });
    case "shipment.voided":
      if (documentRef?.type === "TRANSFER") {
        return [{ kind: "transfer", key: `${documentRef.id}|${sku}`, wanted: 0 - quantity }];
      }
      return ofOrder(event, { done: 0 - quantity });
    case "reservation.confirmed": {
      const { orderId, lines } = event.data;
      if (orderId === null) return [];
      return lines.map((line) => ({
        kind: "order",
        key: `${orderId}|${line.sku}|${line.locationId}`,
        locationId: line.locationId,
        promised: line.quantity,
      }));
    }
    case "transfer.shipped":
    case "transfer.received": {
      if (documentRef?.type !== "TRANSFER") return [];
      const key = { kind: "transfer", key: `${documentRef.id}|${sku}` } as const;
      return type === "transfer.shipped"
        ? [{ ...key, startedAtMs: atMs, wanted: quantity }]
        : [{ ...key, locationId, endedAtMs: atMs, done: quantity }];
    }
    case "transfer.resolved":
      if (event.data.resolution !== "WRITTEN_OFF") return [];
      return [{ kind: "transfer", key: `${event.data.transferId}|${sku}`, wanted: 0 - quantity }];
    case "return.received":
      return [{ ...ofReturn(event, event.data.returnId), startedAtMs: atMs, wanted: quantity }];
    case "return.restocked":
      return [{ ...ofReturn(event, event.data.returnId), endedAtMs: atMs, done: quantity }];
    case "return.dispositioned":
      if (event.data.step !== "CARRIED_OUT") return [];
      return [{ ...ofReturn(event, event.data.returnId), endedAtMs: atMs, done: quantity }];
    case "adjustment.requested":
    case "adjustment.approved":
    case "adjustment.rejected": {
      const { adjustmentId, tier } = event.data;
      // What nobody has to decide about takes no time to approve.
      if (tier === null) return [];
      const key = { kind: "adjustment", key: adjustmentId, locationId } as const;
      return type === "adjustment.requested"
        ? [{ ...key, startedAtMs: atMs, wanted: 1 }]
        : [{ ...key, endedAtMs: atMs, done: 1 }];
    }
    default:
      return ofVariance(event);
  }
}

/** Of a case, under a partition of its own. */
function ofVariance({ type, partitionKey: key, locationId, time }: AnyEvent): Observation[] {
  const about = { kind: "variance", key, locationId } as const;
  const told: string = type;
  if (told === "variance.opened") return [{ ...about, startedAtMs: Date.parse(time), wanted: 1 }];
  if (told === "variance.closed") return [{ ...about, endedAtMs: Date.parse(time), done: 1 }];
  return [];
}

/** Of a line: an order may have several of one item, but no shipment has to say which it is for. */
function ofOrder({ documentRef, sku, locationId }: AnyEvent, seen: Partial<Case>): Observation[] {
  if (documentRef?.type !== "ORDER") return [];
  return [{ kind: "order", key: `${documentRef.id}|${sku}|${locationId}`, locationId, ...seen }];
}

function ofReturn({ sku, locationId }: AnyEvent, returnId: string) {
  return { kind: "return", key: `${returnId}|${sku}`, locationId } as const;
}

export function caseKeyOf({ kind, key }: Pick<Case, "kind" | "key">): string {
  return `${caseKinds.indexOf(kind)}|${key}`;
}

/** The sums of all these facts, each once, however they are ordered: what counting one by one has to come to. */
export function recount(events: readonly AnyEvent[]): Cell[] {
  const facts = [...new Map(events.map((event) => [`${event.source}/${event.id}`, event])).values()];
  const cases = new Map<string, Case>();
  for (const seen of facts.flatMap(observationsOf)) {
    cases.set(caseKeyOf(seen), observe(cases.get(caseKeyOf(seen)) ?? emptyCase(seen), seen));
  }
  return sumCells([...facts.flatMap(cellsOf), ...[...cases.values()].flatMap(cellsOfCase)]);
}
