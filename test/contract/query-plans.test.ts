/**
 * The cost of a statement does not grow with its table: shown for everything the system sends to MySQL or MariaDB.
 *
 * A day on which everything happens once, on tables with `rows` rows; each statement is recorded with the rows that
 * the server read for it, and explained. Most rows are about one item, one place and one person: the hard case.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SystemName, systemNames } from "../../shared/config.ts";
import type { Database } from "../../shared/db/database.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createSystem } from "../../system.ts";
import { busyDay, type Day, hot, type Office, openOffice } from "../helpers/busy-day.ts";
import { askFigures, askVariances, figuresGrowth, pagedCases, varianceGrowth } from "../helpers/control-questions.ts";
import { createScratch } from "../helpers/databases.ts";
import { type Growth, growTables } from "../helpers/grown-tables.ts";
import { middleCursors, type Paged, readPages } from "../helpers/pages-read.ts";
import { tamper } from "../helpers/plain-sql.ts";
import {
  excess,
  explained,
  type PlanStep,
  type RecordedStatement,
  recordStatements,
  shapeOf,
} from "../helpers/recorded-statements.ts";
import { rowCount } from "../helpers/rush.ts";
import { services } from "../helpers/services.ts";
import { auditCopied, comeBack, keepHouse, leaveGap, letter, policyTold, sealAll } from "../helpers/upkeep.ts";

const rows = rowCount;
/** Before everything that happens on the second day. */
const before = "1767340800000 - n";

const kernel: Growth = {
  idempotency_keys: { own: ["idempotency_key"] },
  outbox: { own: ["event_id"] },
  inbox: { own: ["event_id"] },
  audit_rows: { own: [] },
  // Ids that no row has, before all others: more than a sealer looks into at once.
  audit_gaps: { own: [], set: { from_id: "t.from_id - 2 * n", to_id: "t.to_id - 2 * n" } },
};

/** Tables that grow because another one does: not copied, but written by whoever writes them. */
const alsoGrowing: readonly string[] = ["audit_seals"];

/** Every table that grows while the system works, or with what is stocked. */
const growth: Readonly<Record<SystemName, Growth>> = {
  erp: {
    ...kernel,
    dead_letters: { own: ["id", "event_id"] },
    products: { own: ["sku"] },
    product_words: { own: ["sku"] },
    book_positions: { own: ["sku"] },
    book_postings: { own: ["version", "event_id"] },
    warehouse_totals: { own: ["document_id"] },
    sales_orders: { own: ["order_id"] },
    order_lines: { own: ["order_id"] },
    purchase_orders: { own: ["id"] },
    purchase_order_lines: { own: ["purchase_order_id"], set: { open_quantity: "0" } },
    transfers: { own: ["id"] },
    transfer_lines: { own: ["transfer_id"], set: { open_quantity: "0" } },
  },
  wms: {
    ...kernel,
    product_replicas: { own: ["sku"] },
    stock_balances: { own: ["sku"] },
    stock_movements: { own: ["movement_id", "event_id", "entry_no"], set: { occurred_at_ms: before } },
    adjustments: { own: ["id", "movement_id"], set: { requested_at_ms: before } },
    transfer_lines: { own: ["transfer_id"] },
    transfer_hands: { own: ["transfer_id"] },
    stock_counts: { own: ["id"] },
    stock_count_lines: { own: ["count_id"] },
    receipts: { own: ["purchase_order_id", "id"] },
    receipt_lines: { own: ["receipt_id"] },
    dead_letters: { own: ["id", "event_id"], set: { due_at_ms: "NULL", waits_for: "'product:GONE'" } },
    partner_codes: { own: ["code"] },
  },
  returns: {
    ...kernel,
    // Also one that is full of what has to be published: see `comeBack`.
    outbox: { own: ["event_id"], times: 4 },
    product_replicas: { own: ["sku"] },
    return_documents: { own: ["id"], set: { created_at_ms: before } },
    return_lines: { own: ["return_id"], set: { created_at_ms: before } },
    return_positions: { own: ["sku"] },
    return_movements: { own: ["position_version", "event_id", "return_id"] },
  },
  availability: {
    ...kernel,
    product_replicas: { own: ["sku"] },
    positions: { own: ["sku"] },
    reservations: { own: ["reservation_id", "order_id"], set: { state: "'RELEASED'", due_at_ms: "NULL" } },
    reservation_lines: { own: ["reservation_id", "order_id"], set: { state: "'RELEASED'", held: "0" } },
    order_allocations: { own: ["order_id"] },
    inbound_lines: { own: ["sku", "document_id"] },
    arrivals: { own: ["document_id"] },
  },
  control: {
    ...kernel,
    product_replicas: { own: ["sku"] },
    journal_events: { own: ["event_id", "correlation_id"], set: { recorded_at_ms: before } },
    exceptions: { own: ["id", "open_key"] },
    exception_policies: { own: [], set: { version: "t.version - 10 * n" } },
    ...figuresGrowth,
    ...varianceGrowth,
    known_letters: { own: ["id"] },
    partner_mappings: { own: ["code"] },
    partner_mapping_versions: { own: ["code"] },
  },
};

/** Written and never read by the system: for auditors, or for names that are asked for elsewhere. */
const neverRead = ["erp.book_postings", "returns.return_movements"];

/** Statements that may read much, each with its reason. */
const allowed: readonly (readonly [RegExp, string])[] = [
  [/^SELECT DISTINCT partition_key FROM outbox FORCE INDEX \(\w+\) WHERE state = 'claimed'/, "what relays are at"],
  [/^UPDATE outbox SET state = 'new', claim = NULL WHERE created_at_ms >= \?$/, "a lost stream: all of it again"],
];

/** Statements that may walk along a whole index, each with its reason; what they read is limited all the same. */
const walks: readonly (readonly [RegExp, string])[] = [
  [/^SELECT id FROM \(SELECT id, state, created_at_ms FROM outbox WHERE state = 'done' /, "nearly all are done"],
];

/** Every connection: without a filter, and with values that many rows have, few, and none. */
const paged: readonly Paged[] = [
  {
    field: "stockPositions",
    nodes: "sku availability { availableToSell }",
    system: "availability",
    key: "SELECT sku, location_id FROM positions ORDER BY 1, 2",
    filters: [{}, { locationId: "L1" }, { locationId: "L9" }],
  },
  { field: "products", nodes: "sku name", system: "erp", key: "SELECT sku FROM products ORDER BY 1", filters: [{}] },
  {
    field: "products",
    nodes: "sku name",
    system: "erp",
    key: "SELECT word, sku FROM product_words WHERE word = 'lamps' ORDER BY 1, 2",
    filters: [{ search: "lamp" }, { search: "l" }, { search: "lamps pair" }, { search: "nothing" }],
  },
  {
    field: "purchaseOrders",
    nodes: "id lines { sku }",
    system: "erp",
    key: "SELECT id FROM purchase_orders WHERE status = 'APPROVED' ORDER BY 1",
    filters: [
      ...[{}, { status: "APPROVED" }, { status: "PENDING" }, { sku: hot.sku }, { sku: "KIT-1" }],
      ...[
        { sku: hot.sku, status: "PENDING" },
        { sku: hot.sku, status: "APPROVED" },
      ],
    ],
  },
  {
    field: "transferOrders",
    nodes: "id lines { sku }",
    system: "erp",
    key: "SELECT id FROM transfers WHERE status = 'CLOSED' ORDER BY 1",
    filters: [
      ...[{}, { status: "CLOSED" }, { status: "RECEIVED" }, { locationId: "L1" }],
      ...[
        { locationId: "L1", status: "RECEIVED" },
        { locationId: "L2", status: "CLOSED" },
      ],
    ],
  },
  {
    field: "adjustments",
    nodes: "id",
    system: "wms",
    key: "SELECT requested_at_ms, id FROM adjustments ORDER BY 1, 2",
    filters: [{}, { status: "REJECTED" }, { status: "POSTING_FAILED" }],
  },
  {
    field: "receipts",
    nodes: "id lines { received }",
    system: "wms",
    key: "SELECT purchase_order_id, location_id FROM receipts ORDER BY 1, 2",
    filters: [
      ...[{}, { status: "CLOSED" }, { status: "RECEIVING" }, { locationId: "L1" }, { purchaseOrderId: "PO-2" }],
      ...[
        { locationId: "L2", status: "RECEIVING" },
        { locationId: "L1", status: "CLOSED" },
      ],
    ],
  },
  {
    field: "returns",
    nodes: "id lines { sku }",
    system: "returns",
    key: "SELECT created_at_ms, id FROM return_documents WHERE status = 'REJECTED' ORDER BY 1, 2",
    filters: [
      ...[{}, { status: "REJECTED" }, { status: "EXPIRED" }, { sku: hot.sku }, { sku: "KIT-1" }],
      ...[
        { sku: hot.sku, status: "EXPIRED" },
        { sku: hot.sku, status: "REJECTED" },
      ],
    ],
  },
  {
    field: "exceptions",
    nodes: "id subject",
    system: "control",
    key: "SELECT standing, id FROM exceptions WHERE status = 'RESOLVED' ORDER BY 1, 2",
    filters: [
      ...[{ status: "RESOLVED" }, { status: "OPEN" }, { status: "RESOLVED", sku: hot.sku }, { locationId: "L2" }],
      ...[{ status: "RESOLVED", type: "TRANSFER_DISCREPANCY" }, { type: "VARIANCE" }],
    ],
  },
  pagedCases,
  {
    field: "deadLetters",
    nodes: "id hint",
    system: "control",
    key: "SELECT id FROM known_letters WHERE status = 'OPEN' ORDER BY 1",
    filters: [
      ...[{}, { status: "SETTLED" }, { class: "MAPPING" }, { class: "SCHEMA" }, { source: "acme" }, { source: "none" }],
      { source: "acme", class: "MAPPING" },
    ],
  },
  {
    field: "journalEvents",
    nodes: "id body",
    system: "control",
    key: "SELECT recorded_at_ms, id FROM journal_events ORDER BY 1, 2",
    filters: [
      { from: "2020-01-01T00:00:00Z", to: "2090-01-01T00:00:00Z" },
      { from: "2020-01-01T00:00:00Z", to: "2020-01-02T00:00:00Z" },
    ],
  },
  {
    field: "partnerMappings",
    nodes: "code history { version }",
    system: "control",
    key: "SELECT kind, code FROM partner_mappings WHERE partner = 'acme' ORDER BY 1, 2",
    filters: [{ partner: "acme" }, { partner: "acme", kind: "UNIT" }, { partner: "acme", kind: "SKU" }],
  },
];

async function readOne({ ask }: Office, day: Day): Promise<void> {
  type Position = { movements: { nodes: { id: string }[]; pageInfo: { endCursor: string } } };
  const position = (args: string) => `{ version product { name } location { name } physical { onHand }
    availability { availableToSell } book { onHand inbound { line } } returns { quarantined }
    movements(${args}) { nodes { id } pageInfo { endCursor } } }`;
  const { movements } = await ask<Position>("stockPosition", position("first: 5"), hot);
  await ask("stockPosition", position(`first: 5, after: "${movements.pageInfo.endCursor}"`), hot);
  await ask("stockMovement", "{ id }", { id: movements.nodes[0]?.id });
  for (const locationIds of [["L1", "L2"], undefined]) {
    await ask("availability", "{ availableToSell }", { skus: [hot.sku, "KIT-2"], locationIds });
  }
  for (const sku of [hot.sku, "KIT-2"]) await ask("promise", "{ __typename }", { input: { sku, quantity: 30_000 } });
  await ask("product", "{ name }", { sku: hot.sku });
  await ask("location", "{ name }", { id: "L1" });
  await ask("locations", "{ name }");
  await ask("purchaseOrder", "{ lines { sku } }", { id: "PO-2" });
  await ask("transferOrder", "{ lines { sku } }", { id: day.transferId });
  await ask("adjustment", "{ id }", { id: day.adjustmentId });
  await ask("stockCount", "{ lines { sku } }", { id: day.countId });
  await ask("reservation", "{ lines { sku } }", { id: day.reservationId });
  await ask("return", "{ lines { sku } }", { id: day.returnId });
  const { nodes } = await ask<{ nodes: { id: string }[] }>("receipts", "{ nodes { id } }", { purchaseOrderId: "PO-2" });
  await ask("receipt", "{ status }", { id: nodes[0]?.id });
  for (const name of systemNames) await ask(`${name}AuditChain`, "{ sequence waiting verification { intact } }");
  await ask("exception", "{ status }", { id: day.exceptionId });
  for (const version of [undefined, 1]) await ask("exceptionPolicy", "{ version }", { version });
  await ask("eventLineage", "{ id }", { correlationId: "nobody's" });
  await ask("replay", "{ status effect { unseen } }", { id: day.replayId });
  await ask("deadLetter", "{ status payload }", { id: day.letterId });
  for (const field of ["channels", "channelPolicies", "policyInForce"]) await ask(field, "{ __typename }");
  await ask("stockCursor", "");
}

const missing = !services.mysqlUrl;

describe.skipIf(missing)(`with ${rows} rows a table${missing ? " (no MySQL or MariaDB answers)" : ""}`, () => {
  const scratch = createScratch("mysql", { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
  const { config } = scratch;
  let unused: string[] = [];
  const plans: PlanStep[] = [];
  const scans: string[] = [];
  /** Of each shape the one that read most for what it answered. */
  const worst = new Map<string, RecordedStatement>();

  beforeAll(async () => {
    const system = await createSystem(config, { log: silentLogger });
    await system.start();
    const office = await openOffice(system);
    await busyDay(office, "1", system.drain);
    const erp = system.subgraphs.find(({ name }) => name === "erp")?.db as Database;
    await letter(erp, 1, limits.postingAttemptsMax);
    await policyTold(system);
    await leaveGap(config);
    await auditCopied(system);
    await Promise.all(systemNames.map((name) => growTables(config, name, growth[name], rows)));
    await sealAll(system);
    const cursors = await middleCursors(config, paged, rows);
    const recording = recordStatements(config.mysqlPrefix);
    try {
      const day = await busyDay(office, "2", system.drain);
      await readPages(office, paged, cursors);
      await readOne(office, day);
      await askFigures(office, day);
      await askVariances(office, day);
      unused = [...office.unused("Mutation"), ...office.unused("Query")];
      await keepHouse(system);
      await system.kernel.metrics.text();
      await system.drain();
      remember(recording.statements);
      await explainAll();
      await system.stop();
      await comeBack(config);
    } finally {
      recording.stop();
    }
    remember(recording.statements);
  }, 300_000);

  function remember(statements: readonly RecordedStatement[]): void {
    for (const statement of statements) {
      const shape = `${systemOf(statement)}: ${shapeOf(statement.sql)}`;
      const known = worst.get(shape);
      if (!known || excess(statement) > excess(known)) worst.set(shape, statement);
    }
  }

  /** While the tables are still full. */
  async function explainAll(): Promise<void> {
    for (const [shape, statement] of worst) {
      if (isAllowed(statement)) continue;
      for (const step of await explained(config, statement)) {
        if (!(step.table in growth[systemOf(statement)]) && !alsoGrowing.includes(step.table)) continue;
        plans.push(step);
        if (step.type === "index" && walks.some(([pattern]) => pattern.test(shapeOf(statement.sql)))) continue;
        const isScan = step.type === "ALL" || (step.type === "index" && step.extra.includes("Using where"));
        if (isScan) scans.push(`${step.type} on ${step.table} by ${step.key}: ${shape}`);
      }
    }
  }

  afterAll(() => scratch.remove());

  const systemOf = ({ database }: RecordedStatement) => database.slice(config.mysqlPrefix.length) as SystemName;
  const isAllowed = ({ sql }: RecordedStatement) => allowed.some(([pattern]) => pattern.test(shapeOf(sql)));

  it("everything that the API can do was done", () => {
    expect(unused).toEqual([]);
  });

  it("every table that grows was read", () => {
    const read = (name: string) =>
      [...worst.keys()].some((shape) => {
        const [system, table] = name.split(".");
        return shape.startsWith(`${system}: `) && new RegExp(`(FROM|JOIN|UPDATE) ${table}\\b`).test(shape);
      });
    const names = systemNames.flatMap((name) => Object.keys(growth[name]).map((table) => `${name}.${table}`));
    expect(names.filter((name) => !read(name))).toEqual(neverRead);
  });

  it("no statement reads more rows than what it was given and what it answers explain", () => {
    const over = [...worst].filter(([, statement]) => excess(statement) > 0 && !isAllowed(statement));
    expect(over.map(([shape, { reads, rows: answered }]) => `${reads} read for ${answered}: ${shape}`)).toEqual([]);
  });

  it("every statement finds its rows by an index", () => {
    expect(plans.length).toBeGreaterThan(100);
    expect(scans).toEqual([]);
  });

  it("a statement without an index would be noticed", async () => {
    const recording = recordStatements(config.mysqlPrefix);
    await tamper(config, "erp", "SELECT sku FROM products WHERE name = 'nobody'");
    recording.stop();
    const [scan] = recording.statements;
    expect(scan && excess(scan)).toBeGreaterThan(rows / 2);
  });
});
