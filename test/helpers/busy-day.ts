/**
 * A day on which everything happens once: every mutation of the API, by people who may, on one item at two places.
 *
 * Knows the fields from the subgraphs' own schemas and remembers which were used, so that a new one is missed.
 */
import { type InputValueDefinitionNode, Kind, parse, print } from "graphql";
import { systemClock } from "../../shared/clock.ts";
import { createApiClient } from "../../shared/graphql/client.ts";
import { issueToken, type Role } from "../../shared/identity.ts";
import type { System } from "../../system.ts";

const roles: readonly Role[] = [
  "storefront",
  "crm",
  "planner",
  "warehouse",
  "returns-desk",
  "manager",
  "connector-erp",
  "connector-wms",
  "auditor",
];

export interface Office {
  /** Fields of the kind that nobody has used yet. */
  unused(kind: "Query" | "Mutation"): string[];
  /** Calls a mutation as ann, bob or cleo. Fails when it is refused. */
  change<T = Record<string, never>>(person: string, field: string, input: object, selection?: string): Promise<T>;
  ask<T = unknown>(field: string, selection: string, args?: Readonly<Record<string, unknown>>): Promise<T>;
}

export async function openOffice(system: System): Promise<Office> {
  const fields = new Map(system.subgraphs.flatMap(({ sdl }) => fieldsOf(sdl)));
  const used = new Set<string>();
  const clients = new Map<string, ReturnType<typeof createApiClient>>();
  for (const person of ["ann", "bob", "cleo"]) {
    const token = await issueToken(system.kernel.config.auth, { person, roles, channels: ["WEB", "B2B"] }, systemClock);
    clients.set(person, createApiClient({ url: system.url(), token }));
  }
  let keys = 0;

  async function call<T>(person: string, kind: string, field: string, args: object, selection: string): Promise<T> {
    const declared = fields.get(`${kind}.${field}`) ?? [];
    const given = declared.filter(({ name }) => name.value in args);
    const variables = given.map(({ name, type }) => `$${name.value}: ${print(type)}`);
    const passed = given.map(({ name }) => `${name.value}: $${name.value}`);
    const document = `${kind.toLowerCase()}${variables.length ? ` (${variables.join(", ")})` : ""} {
      ${field}${passed.length ? `(${passed.join(", ")})` : ""} ${selection} }`;
    const data = await clients.get(person)?.request<Record<string, T>>(document, { ...args });
    used.add(`${kind}.${field}`);
    return data?.[field] as T;
  }

  return {
    unused: (kind) => [...fields.keys()].filter((name) => name.startsWith(`${kind}.`) && !used.has(name)),
    async change(person, field, input, selection = "") {
      const rejections = field === "recordStockEvents" ? "results { status code }" : "";
      const reply = await call<{ userErrors: unknown[]; results?: { code: string | null }[] }>(
        person,
        "Mutation",
        field,
        { input: { idempotencyKey: `busy-${++keys}`, ...input } },
        `{ ${selection} ${rejections} userErrors { code message } }`,
      );
      const refused = [...reply.userErrors, ...(reply.results ?? []).filter(({ code }) => code !== null)];
      if (refused.length > 0) throw new Error(`${field} was refused: ${JSON.stringify(refused)}`);
      return reply as never;
    },
    ask: (field, selection, args = {}) => call("ann", "Query", field, args, selection),
  };
}

function fieldsOf(sdl: string): (readonly [string, readonly InputValueDefinitionNode[]])[] {
  return parse(sdl).definitions.flatMap((definition) => {
    const isObject = definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.OBJECT_TYPE_EXTENSION;
    if (!isObject || !["Query", "Mutation"].includes(definition.name.value)) return [];
    return (definition.fields ?? []).map(
      (field) => [`${definition.name.value}.${field.name.value}`, field.arguments ?? []] as const,
    );
  });
}

export const hot = { sku: "HOT", locationId: "L1" } as const;

/** What later questions ask for by name. */
export interface Day {
  readonly orderId: string;
  readonly transferId: string;
  readonly exceptionId: string;
  readonly adjustmentId: string;
  readonly countId: string;
  readonly caseId: string;
  readonly runId: string;
  readonly reservationId: string;
  readonly returnId: string;
  readonly replayId: string;
  readonly letterId: string;
  /** When it began, RFC 3339. */
  readonly from: string;
}

/** `day`: a digit. `drain`: everything so far has had its effects. */
export async function busyDay(office: Office, day: string, drain: () => Promise<void>): Promise<Day> {
  const recordedFrom = new Date(systemClock.now()).toISOString();
  await masterData(office, day);
  await drain();
  const orderId = await warehouse(office, day);
  await drain();
  const moved = await transfers(office);
  const counted = await adjustments(office);
  const corrections = { ...counted, ...(await variances(office, counted.countId)) };
  const returnId = await returns(office, day);
  await drain();
  const reservationId = await reservations(office, day);
  await policy(office);
  await drain();
  await office.change("bob", "setExceptionPolicy", { halfValue: 500, note: `Of day ${day}` }, "policy { version }");
  const replayId = await replays(office, recordedFrom);
  const letterId = await letters(office, day);
  await drain();
  return { orderId, ...moved, returnId, reservationId, replayId, letterId, from: recordedFrom, ...corrections };
}

async function masterData({ change }: Office, day: string): Promise<void> {
  const base = { baseUnit: "EA", class: "B", unitCost: "2.50" };
  const units = [{ unit: "CASE", numerator: 12, denominator: 1 }];
  const components = [{ sku: hot.sku, quantity: 2 }];
  const products = [
    { sku: hot.sku, name: `Lamp of day ${day}`, units, ...base },
    { sku: `KIT-${day}`, name: "A pair of lamps", components, ...base },
  ];
  await change("ann", "saveProducts", { products });
  const locations = ["L1", "L2"].map((id) => ({ id, name: `Hall ${id} ${day}`, type: "WAREHOUSE" }));
  await change("ann", "saveLocations", { locations });
  const balances = locations.map(({ id }) => ({ sku: hot.sku, locationId: id, onHand: 10_000 + day.length }));
  await change("ann", "saveBookBalances", { balances });
}

async function warehouse({ change }: Office, day: string): Promise<string> {
  const order = { id: `PO-${day}`, supplierId: "S1", status: "APPROVED", orderedOn: "2026-01-02" };
  const lines = ["1", "2", "3"].map((line) => ({ line, ...hot, ordered: 10, promisedOn: "2026-02-01" }));
  const occurredAt = `2026-01-0${day}T08:00:00Z`;
  const event = (id: string, type: string, quantity: number, more: object = {}) => ({
    ...{ id: `${day}-${id}`, type, quantity, ...hot, occurredAt, ...more },
  });
  const record = (...events: object[]) => change("ann", "recordStockEvents", { events });
  await record(event("open", "SNAPSHOT", 10_000, { buckets: { unrestricted: 10_000 } }));
  await record(event("again", "SNAPSHOT", 10_000, { sourceSeq: Number(day), buckets: { unrestricted: 10_000 } }));
  await record(event("open-2", "SNAPSHOT", 10_000, { locationId: "L2", buckets: { unrestricted: 10_000 } }));
  await change("ann", "savePurchaseOrder", { ...order, lines });
  const step = { purchaseOrderId: order.id, locationId: hot.locationId, step: "ARRIVED" };
  await change("ann", "recordReceiptProgress", step, "receipt { id status }");
  const documentRef = { type: "PURCHASE_ORDER", id: order.id, line: "2" };
  await record(event("in", "RECEIPT", 4, { documentRef }), event("away", "PUTAWAY", 3, { documentRef }));
  const [first, ...open] = lines.slice(0, 2);
  const received = { ...first, received: 10, receivedOn: "2026-02-03" };
  await change("ann", "savePurchaseOrder", { ...order, lines: [received, ...open] });
  await change("ann", "savePurchaseOrder", { ...order, id: `PO-${day}-OLD`, status: "REJECTED", lines });
  for (const orderId of [`SO-${day}`, `SO-${day}-X`]) {
    await change("ann", "allocateOrder", { orderId, channel: "WEB", lines: [{ line: "1", ...hot, quantity: 3 }] });
  }
  await change("ann", "deallocateOrder", { orderId: `SO-${day}-X` });
  const sold = { documentRef: { type: "ORDER", id: `SO-${day}`, line: "1" } };
  await record(event("pick", "PICK", 2, sold), event("out", "SHIPMENT", 2, sold));
  await record(event("back", "SHIPMENT_VOID", 1, sold));
  const move = { from: "UNRESTRICTED", to: "HOLD", reasonCode: "QUALITY", quantity: 1 };
  await change("ann", "changeStockStatus", { ...hot, ...move });
  return `SO-${day}`;
}

async function transfers({ change, ask }: Office): Promise<Pick<Day, "transferId" | "exceptionId">> {
  type Reply = { transferOrder: { id: string } };
  const lines = [{ sku: hot.sku, quantity: 5 }];
  const request = async () => {
    const input = { originId: "L1", destinationId: "L2", lines };
    return (await change<Reply>("ann", "requestTransfer", input, "transferOrder { id }")).transferOrder.id;
  };
  const [kept, refused, called] = [await request(), await request(), await request()];
  await change("bob", "approveTransfer", { id: kept });
  await change("bob", "rejectTransfer", { id: refused, note: "no" });
  await change("ann", "cancelTransfer", { id: called });
  await change("ann", "shipTransfer", { transferId: kept, lines });
  await change("bob", "receiveTransfer", { transferId: kept, lines: [{ sku: hot.sku, quantity: 4 }] });
  const open = async () => {
    const args = { type: "TRANSFER_DISCREPANCY" };
    const { nodes } = await ask<{ nodes: { id: string }[] }>("exceptions", "{ nodes { id } }", args);
    if (!nodes[0]) throw new Error("No exception yet.");
    return nodes[0].id;
  };
  const missing = await settled(open);
  await change("bob", "assignException", { id: missing });
  await change("bob", "resolveException", { id: missing, resolution: "It never left." });
  const decide = (field: string, input: object) => async () => change("cleo", field, { id: kept, ...input });
  await settled(decide("resolveTransferDiscrepancy", { resolution: "WRITTEN_OFF" }));
  await settled(decide("closeTransfer", {}));
  return { transferId: kept, exceptionId: missing };
}

/** The books hear of the warehouse a moment later, and refuse until then. */
async function settled<T>(work: () => Promise<T>): Promise<T> {
  const { vi } = await import("vitest");
  return await vi.waitFor(work, { timeout: 20_000, interval: 50 });
}

async function adjustments({ change }: Office): Promise<Pick<Day, "adjustmentId" | "countId">> {
  type Reply = { adjustment: { id: string; contentHash: string } };
  const request = async (delta: number) => {
    const input = { ...hot, delta, reasonCode: "CORRECTION", evidence: ["document:D-1"] };
    return (await change<Reply>("ann", "requestAdjustment", input, "adjustment { id contentHash }")).adjustment;
  };
  const [large, larger] = [await request(-20), await request(-21)];
  await request(-1);
  await change("bob", "approveAdjustment", large);
  await change("bob", "rejectAdjustment", { ...larger, note: "no" });
  const count = { locationId: hot.locationId, countedBy: "dora", lines: [{ sku: hot.sku, countedQuantity: 9_000 }] };
  const { stockCount } = await change<{ stockCount: { id: string } }>("ann", "recordCount", count, "stockCount { id }");
  return { adjustmentId: large.id, countId: stockCount.id };
}

async function variances({ change, ask }: Office, countId: string): Promise<Pick<Day, "caseId" | "runId">> {
  const policy = { settleSeconds: 900, everyHours: 24, tolerances: [{ quantity: 5, percent: 2, value: 100 }] };
  await change("ann", "setReconciliationPolicy", policy);
  const found = await settled(async () => {
    const args = { status: "EVIDENCE_ATTACHED" };
    const { nodes } = await ask<{ nodes: { id: string }[] }>("varianceCases", "{ nodes { id } }", args);
    if (!nodes[0]) throw new Error("No case yet.");
    return nodes[0];
  });
  const caseId = found.id;
  await change("ann", "requestRecount", { id: caseId });
  const again = { ...{ locationId: hot.locationId, countedBy: "dora", recountOf: countId } };
  await change("ann", "recordCount", { ...again, lines: [{ sku: hot.sku, countedQuantity: 9_100 }] });
  const proposal = { id: caseId, rootCause: "Fell behind the shelf.", correct: "COUNT" };
  await settled(() => change("ann", "proposeVarianceCorrection", proposal));
  await settled(async () => {
    const { contentHash } = await ask<{ contentHash: string }>("varianceCase", "{ contentHash }", { id: caseId });
    await change("cleo", "decideVarianceCase", { id: caseId, contentHash, decision: "APPROVE" });
  });
  type Reply = { reconciliation: { id: string } };
  const start = (scope: object) => change<Reply>("ann", "startReconciliation", scope, "reconciliation { id }");
  await start({ locationIds: [hot.locationId] });
  await start({ skus: [hot.sku] });
  const { reconciliation } = await start({});
  await settled(async () => {
    const { status } = await ask<{ status: string }>("reconciliation", "{ status }", { id: reconciliation.id });
    const { status: end } = await ask<{ status: string }>("varianceCase", "{ status }", { id: caseId });
    if (status !== "DONE" || end !== "CLOSED") throw new Error(`The run is ${status}, the case ${end}.`);
  });
  return { caseId, runId: reconciliation.id };
}

async function returns({ change }: Office, day: string): Promise<string> {
  type Reply = { return: { contentHash: string } };
  const one = async (returnId: string, decision: string) => {
    const lines = [{ sku: hot.sku, quantity: 2 }];
    const announced = { orderId: `SO-${day}`, locationId: hot.locationId };
    const reasonCode = "UNWANTED";
    await change("ann", "authorizeReturn", { id: returnId, ...announced, lines: [{ ...lines[0], reasonCode }] });
    await change("ann", "receiveReturn", { returnId, lines });
    await change("ann", "inspectReturn", { returnId, lines: [{ lineId: "1", condition: "GOOD" }] });
    const proposal = { returnId, lines: [{ lineId: "1", disposition: "RESTOCKED" }] };
    const reply = await change<Reply>("ann", "proposeDisposition", proposal, "return { contentHash }");
    await change("bob", decision, { returnId, contentHash: reply.return.contentHash });
  };
  await one(`R-${day}`, "approveDisposition");
  await one(`R-${day}-NO`, "rejectDisposition");
  return `R-${day}`;
}

async function reservations({ change }: Office, day: string): Promise<string> {
  type Reply = { reservation: { id: string } };
  const reserve = async (ttlSeconds: number) => {
    const input = { channel: "WEB", lines: [{ ...hot, quantity: 1 }], ttlSeconds };
    return (await change<Reply>("ann", "reserveStock", input, "reservation { id }")).reservation.id;
  };
  const [confirmed, released, kept] = [await reserve(600), await reserve(600), await reserve(600)];
  await reserve(1);
  await change("ann", "confirmReservation", { id: confirmed, orderId: `SO-${day}-R` });
  const line = { line: "1", ...hot, quantity: 1 };
  await change("ann", "allocateOrder", { orderId: `SO-${day}-R`, channel: "WEB", lines: [line] });
  await change("ann", "releaseReservation", { id: released });
  return kept;
}

async function policy({ change }: Office): Promise<void> {
  type Reply = { policy: { policyVersion: number } };
  const input = { channel: "WEB", protections: [{ ...hot, quantity: 2 }], defaultSafetyStock: 1 };
  const selection = "policy { policyVersion }";
  await change("ann", "setChannelPolicy", { ...input, dryRun: true }, selection);
  const { policy } = await change<Reply>("ann", "setChannelPolicy", input, selection);
  await change("bob", "approveChannelPolicy", { policyVersion: policy.policyVersion }, selection);
}

async function replays({ change }: Office, recordedFrom: string): Promise<string> {
  type Reply = { replay: { id: string; contentHash: string; status: string } };
  const selection = "replay { id contentHash status }";
  const ask = async (person: string, input: object) =>
    (await change<Reply>(person, "replayEvents", { dryRun: false, recordedFrom, ...input }, selection)).replay;
  const [kept, refused] = [await ask("ann", hot), await ask("ann", {})];
  const waits = async (field: string, { id, contentHash }: Reply["replay"]) =>
    void (await settled(() => change("bob", field, { id, contentHash })));
  await waits("approveReplay", kept);
  await waits("rejectReplay", refused);
  return kept.id;
}

/** Two receipts in units that nobody knows: one is mapped, the other one goes on waiting. */
async function letters({ change, ask }: Office, day: string): Promise<string> {
  type Letters = { nodes: { id: string; messageId: string }[] };
  for (const [i, unit] of [`BOX-${day}`, `BAG-${day}`].entries()) {
    const event = { id: `${day}-letter-${i}`, type: "RECEIPT", quantity: 1, ...hot, unit };
    const input = { source: "acme", events: [{ ...event, occurredAt: `2026-01-0${day}T09:00:00Z` }] };
    // The refusal is what this is about.
    await change("ann", "recordStockEvents", input).catch(() => {});
  }
  const waiting = async () => {
    const { nodes } = await ask<Letters>("deadLetters", "{ nodes { id messageId } }", { source: "acme" });
    const found = nodes.find(({ messageId }) => messageId === `${day}-letter-0`);
    if (!found) throw new Error("No dead letter yet.");
    return found.id;
  };
  const letterId = await settled(waiting);
  await change("ann", "redriveDeadLetters", { ids: [letterId] });
  await change("ann", "redriveDeadLetters", { class: "MAPPING", limit: 1 });
  const mappings = [{ kind: "UNIT", code: `BOX-${day}`, target: "CASE" }];
  await change("ann", "savePartnerMappings", { partner: "acme", mappings });
  await settled(async () => {
    const { status } = await ask<{ status: string }>("deadLetter", "{ status }", { id: letterId });
    if (status !== "SETTLED") throw new Error("It still waits.");
  });
  const about = { type: "DEAD_LETTER" };
  for (const { id } of (await ask<Letters>("exceptions", "{ nodes { id messageId: subject } }", about)).nodes) {
    await change("bob", "resolveException", { id, resolution: "The partner was asked." });
  }
  return letterId;
}
