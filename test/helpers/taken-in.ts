/**
 * Documents at the door of a running system: what names they need to count, how they are sent, and what is there
 * afterwards, by plain SQL.
 *
 * State is what documents change: balances, the journal, orders and returns. Times and row numbers of ours are not in it.
 */
import { createHash } from "node:crypto";
import { vi } from "vitest";
import type { IntakeCommand, IntakeItem } from "../../ingest/intake-message.ts";
import type { Receipt } from "../../intake/receive.ts";
import type { Config } from "../../shared/config.ts";
import { buckets } from "../../shared/events/canonical-event.ts";
import type { ApiClient } from "../../shared/graphql/client.ts";
import { messagesOf } from "./intake.ts";
import { openPlain } from "./plain-sql.ts";

const namesAtOnce = 500;
const patienceMs = 60_000;

/** Makes every item, unit and place known that the messages name, as they name them; a unit is one piece. */
export async function makeKnown(connector: ApiClient, items: readonly IntakeItem[]): Promise<void> {
  const commands = messagesOf(items).flatMap((message) => message.commands);
  const lines = commands.flatMap(linesOf);
  const units = new Map<string, Set<string>>();
  for (const { sku, unit } of lines) {
    const known = units.get(sku) ?? new Set();
    if (unit !== undefined && unit !== "EA") known.add(unit);
    units.set(sku, known);
  }
  const products = [...units].map(([sku, names]) => ({
    sku,
    name: sku,
    baseUnit: "EA",
    units: [...names].map((unit) => ({ unit, numerator: 1, denominator: 1 })),
  }));
  const places = [...new Set([...lines.map(({ locationId }) => locationId), ...commands.flatMap(placesOf)])];
  const locations = places.map((id) => ({ id, name: id, type: "WAREHOUSE" }));
  await saveInParts(connector, "saveProducts", "products", products);
  await saveInParts(connector, "saveLocations", "locations", locations);
}

export async function saveInParts(
  connector: ApiClient,
  mutation: "saveProducts" | "saveLocations",
  list: string,
  all: readonly object[],
): Promise<void> {
  const type = mutation === "saveProducts" ? "SaveProductsInput" : "SaveLocationsInput";
  for (let from = 0; from < all.length; from += namesAtOnce) {
    const input = { idempotencyKey: `${list}-${from}`, [list]: all.slice(from, from + namesAtOnce) };
    const reply = await connector.request<Record<string, { userErrors: { code: string; message: string }[] }>>(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { userErrors { code message } } }`,
      { input },
    );
    const [error] = reply[mutation]?.userErrors ?? [];
    if (error) throw new Error(`${error.code}: ${error.message}`);
  }
}

interface Line {
  readonly sku: string;
  readonly locationId: string;
  readonly unit?: string;
}

function linesOf(command: IntakeCommand): readonly Line[] {
  switch (command.kind) {
    case "stockEvents":
      return command.events;
    case "purchaseOrder":
      return command.order.lines;
    case "allocation":
      return command.allocation.lines;
    default:
      return [];
  }
}

function placesOf(command: IntakeCommand): readonly string[] {
  if (command.kind === "receiptProgress") return [command.progress.locationId];
  return command.kind === "returnAuthorization" ? [command.authorization.locationId] : [];
}

export interface Answer {
  readonly status: number;
  readonly body: Receipt;
}

/**
 * Sends it to `POST /intake/FORMAT` of the gateway whose GraphQL endpoint is `url`, and again where there is too much to
 * do, as a sender would.
 */
export function postDocument(
  url: string,
  token: string,
  format: string,
  body: Uint8Array,
  options: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const address = `${url.replace("/graphql", `/intake/${format}`)}?${new URLSearchParams(options)}`;
  const headers = { "content-type": "application/octet-stream", authorization: `Bearer ${token}` };
  const send = async () => {
    const response = await fetch(address, { method: "POST", headers, body: Buffer.from(body) });
    const text = await response.text();
    if (response.status === 503) throw new Error(text);
    return { status: response.status, body: JSON.parse(text) as Receipt };
  };
  return vi.waitFor(send, { timeout: patienceMs, interval: 100 });
}

export interface TakenIn {
  readonly units: number;
  readonly movements: number;
  readonly orders: number;
  /** Of all of it, row by row. */
  readonly hash: string;
}

const statements = {
  wms: [
    `SELECT sku, location_id, ${buckets.join(", ")} FROM stock_balances ORDER BY sku, location_id`,
    `SELECT source, event_id, content_hash, sku, location_id, type, status, quantity,
       ${buckets.map((bucket) => `${bucket}_delta`).join(", ")} FROM stock_movements ORDER BY source, event_id`,
    "SELECT purchase_order_id, location_id, status FROM receipts ORDER BY purchase_order_id, location_id",
  ],
  erp: [
    "SELECT id, supplier_id, status, ordered_on, expected_on FROM purchase_orders ORDER BY id",
    `SELECT purchase_order_id, line, sku, location_id, ordered, received, warehouse_received, open_quantity, promised_on
       FROM purchase_order_lines ORDER BY purchase_order_id, line`,
    "SELECT order_id, line, sku, location_id, allocated FROM order_lines ORDER BY order_id, line",
  ],
  returns: ["SELECT id, order_id, status FROM return_documents ORDER BY id"],
} as const;

export async function takenIn(config: Config): Promise<TakenIn> {
  const hash = createHash("sha256");
  const tables: Record<string, unknown>[][] = [];
  for (const [system, queries] of Object.entries(statements)) {
    const plain = await openPlain(config, system as keyof typeof statements);
    for (const query of queries) {
      const rows = await plain.query(query);
      tables.push(rows);
      hash.update(JSON.stringify(rows.map((row) => Object.values(row).map(String))));
    }
    await plain.close();
  }
  const [balances = [], movements = [], , orders = [], , orderLines = []] = tables;
  const units = balances.reduce((sum, row) => sum + buckets.reduce((all, name) => all + Number(row[name]), 0), 0);
  const salesOrders = new Set(orderLines.map((row) => row["order_id"])).size;
  return { units, movements: movements.length, orders: orders.length + salesOrders, hash: hash.digest("hex") };
}
