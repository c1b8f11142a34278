/**
 * The public API as far as an import uses it, in memory: keys, bulk results, documents, positions.
 *
 * Stands in for the network. Strict where it matters: events are judged by their ids, not by their keys; a position's
 * unrestricted stock is watched; nobody's return is received twice. Not a model of the real system beyond that.
 */
import { canonicalHash } from "../../../../shared/canonical-json.ts";

type Input = { readonly idempotencyKey: string } & Readonly<Record<string, unknown>>;
type Result = { readonly id: string; readonly status: string; readonly code?: string; readonly message?: string };
type Answer = {
  readonly results?: readonly Result[];
  readonly status?: string;
  readonly userErrors?: readonly { readonly code: string; readonly message: string }[];
};

interface FakePosition {
  unrestricted: number;
  picked: number;
  quarantine: number;
  /** null: the ERP keeps no book here. */
  book: number | null;
  lowest: number;
}

interface StockEvent {
  readonly id: string;
  readonly type: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
}

interface FakeLine {
  readonly line: string;
  readonly sku: string;
  readonly quantity: number;
}

export interface SentMutation {
  readonly mutation: string;
  readonly input: Input;
}

export interface FakeApi {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Every mutation received, in order; one request may hold several. */
  readonly sent: SentMutation[];
  readonly positions: ReadonlyMap<string, FakePosition>;
  readonly orderLines: ReadonlySet<string>;
  readonly returns: ReadonlyMap<string, boolean>;
  inFlightMost: number;
  /** As after two days. */
  forgetKeys(): void;
  /** How many events the warehouse refuses because it has not heard of their SKU yet. */
  earlyEvents: number;
  /** Codes for documents by their id, e.g. a return that may not be authorised. */
  readonly refuse: Map<string, string>;
  /** Instead of an answer. */
  topLevelError: string | null;
}

export function createFakeApi(): FakeApi {
  const state = emptyState();
  const keys = new Map<string, { hash: string; answer: Answer }>();
  let inFlight = 0;

  function mutate(mutation: string, input: Input) {
    api.sent.push({ mutation, input });
    const key = `${mutation} ${input.idempotencyKey}`;
    const hash = canonicalHash(input);
    const known = keys.get(key);
    const stored = known && known.hash !== hash ? refused("IDEMPOTENCY_KEY_REUSED") : known?.answer;
    const answer = stored ?? handle(state, api, mutation, input);
    if (!known) keys.set(key, { hash, answer });
    return { userErrors: [], ...answer, replayed: stored !== undefined };
  }

  function answerTo(query: string, variables: Record<string, unknown>): unknown {
    if (query.includes("stockPositions")) return page(state, variables);
    const calls = [...query.matchAll(/(m\d+): (\w+)\(input: \$(i\d+)\)/g)];
    const fields = calls.map(([, alias, mutation, name]) => [
      alias,
      mutate(mutation ?? "", variables[name ?? ""] as Input),
    ]);
    return Object.fromEntries(fields);
  }

  const api: FakeApi = {
    earlyEvents: 0,
    refuse: new Map(),
    topLevelError: null,
    sent: [],
    positions: state.positions,
    orderLines: state.orderLines,
    returns: state.returns,
    inFlightMost: 0,
    forgetKeys: () => keys.clear(),
    async fetch(_url, init) {
      inFlight += 1;
      api.inFlightMost = Math.max(api.inFlightMost, inFlight);
      await Promise.resolve();
      const { query, variables } = JSON.parse(String(init.body));
      const code = api.topLevelError;
      const reply = code
        ? { errors: [{ message: "No.", extensions: { code } }] }
        : { data: answerTo(query, variables) };
      inFlight -= 1;
      return new Response(JSON.stringify(reply));
    },
  };
  return api;
}

interface State {
  /** Products and locations → their content. */
  readonly masterData: Map<string, string>;
  readonly purchaseOrders: Map<string, string>;
  readonly events: Map<string, string>;
  readonly positions: Map<string, FakePosition>;
  readonly orderLines: Set<string>;
  /** Return → has it arrived? */
  readonly returns: Map<string, boolean>;
  readonly returnLocations: Map<string, string>;
}

function emptyState(): State {
  return {
    masterData: new Map(),
    purchaseOrders: new Map(),
    events: new Map(),
    positions: new Map(),
    orderLines: new Set(),
    returns: new Map(),
    returnLocations: new Map(),
  };
}

type Knobs = Pick<FakeApi, "earlyEvents" | "refuse">;

function handle(state: State, knobs: Knobs, mutation: string, input: Input): Answer {
  switch (mutation) {
    case "saveProducts":
      return saveAll(state, "product", input["products"], ({ sku }: { sku: string }) => sku);
    case "saveLocations":
      return saveAll(state, "location", input["locations"], ({ id }: { id: string }) => id);
    case "saveBookBalances":
      return { results: (input["balances"] as Balance[]).map((balance) => saveBalance(state, balance)) };
    case "recordStockEvents":
      return { results: (input["events"] as StockEvent[]).map((event) => record(state, knobs, event)) };
    case "savePurchaseOrder": {
      const { idempotencyKey: _, ...order } = input;
      return { status: save(state.purchaseOrders, String(input["id"]), order) };
    }
    case "allocateOrder":
      return allocate(state, String(input["orderId"]), input["lines"] as FakeLine[]);
    case "authorizeReturn":
      return authorize(state, knobs, String(input["id"]), String(input["locationId"]));
    case "receiveReturn":
      return receive(state, String(input["returnId"]), input["lines"] as FakeLine[]);
    default:
      return refused("INTERNAL");
  }
}

function save(store: Map<string, string>, id: string, item: unknown): string {
  const content = canonicalHash(item);
  const before = store.get(id);
  store.set(id, content);
  return before === undefined ? "CREATED" : before === content ? "UNCHANGED" : "UPDATED";
}

function saveAll(state: State, kind: string, items: unknown, idOf: (item: never) => string): Answer {
  return {
    results: (items as never[]).map((item) => ({
      id: idOf(item),
      status: save(state.masterData, `${kind}:${idOf(item)}`, item),
    })),
  };
}

interface Balance {
  readonly sku: string;
  readonly locationId: string;
  readonly onHand: number;
}

function saveBalance(state: State, { sku, locationId, onHand }: Balance): Result {
  const position = positionOf(state, sku, locationId);
  const status = position.book === onHand ? "UNCHANGED" : position.book === null ? "CREATED" : "UPDATED";
  position.book = onHand;
  return { id: `${sku}|${locationId}`, status };
}

function record(state: State, knobs: Knobs, event: StockEvent): Result {
  const content = canonicalHash(event);
  const before = state.events.get(event.id);
  if (before === content) return { id: event.id, status: "DUPLICATE" };
  if (before !== undefined) return rejected(event.id, "EVENT_ID_REUSED", "Another content.");
  if (knobs.earlyEvents > 0) {
    knobs.earlyEvents -= 1;
    return rejected(event.id, "UNKNOWN_SKU", `Not heard of ${event.sku}.`);
  }
  state.events.set(event.id, content);
  const position = positionOf(state, event.sku, event.locationId);
  if (event.type === "SNAPSHOT") position.unrestricted = event.quantity;
  if (event.type === "ADJUSTMENT") position.unrestricted += event.quantity;
  if (event.type === "PICK") {
    position.unrestricted -= event.quantity;
    position.picked += event.quantity;
  }
  if (event.type === "SHIPMENT") position.picked -= event.quantity;
  position.lowest = Math.min(position.lowest, position.unrestricted, position.picked);
  return { id: event.id, status: "ACCEPTED" };
}

function allocate(state: State, orderId: string, lines: readonly FakeLine[]): Answer {
  const keys = lines.map(({ line }) => `${orderId}:${line}`);
  if (keys.some((key) => state.orderLines.has(key))) return refused("ORDER_LINE_EXISTS");
  for (const key of keys) state.orderLines.add(key);
  return {};
}

function authorize(state: State, knobs: Knobs, id: string, locationId: string): Answer {
  const code = knobs.refuse.get(id);
  if (code) return refused(code);
  if (state.returns.has(id)) return refused("DOCUMENT_EXISTS");
  state.returns.set(id, false);
  state.returnLocations.set(id, locationId);
  return {};
}

function receive(state: State, id: string, lines: readonly FakeLine[]): Answer {
  if (!state.returns.has(id)) return refused("UNKNOWN_DOCUMENT");
  if (state.returns.get(id)) return refused("RETURN_EXCEEDED");
  state.returns.set(id, true);
  const locationId = state.returnLocations.get(id) ?? "";
  for (const { sku, quantity } of lines) positionOf(state, sku, locationId).quarantine += quantity;
  return {};
}

function positionOf(state: State, sku: string, locationId: string): FakePosition {
  const key = `${sku}|${locationId}`;
  const position = state.positions.get(key) ?? { unrestricted: 0, picked: 0, quarantine: 0, book: null, lowest: 0 };
  state.positions.set(key, position);
  return position;
}

function page(state: State, { locationId, first, after }: Record<string, unknown>) {
  const all = [...state.positions].filter(([key]) => key.endsWith(`|${locationId}`)).sort();
  const start = after === null ? 0 : all.findIndex(([key]) => key === after) + 1;
  const rows = all.slice(start, start + Number(first));
  const nodes = rows.map(([key, { unrestricted, picked, quarantine, book }]) => ({
    sku: key.split("|")[0],
    physical: { onHand: unrestricted + picked + quarantine },
    book: book === null ? null : { version: 1 },
  }));
  const hasNextPage = start + rows.length < all.length;
  return { stockPositions: { nodes, pageInfo: { hasNextPage, endCursor: rows.at(-1)?.[0] ?? null } } };
}

function refused(code: string): Answer {
  return { userErrors: [{ code, message: `Refused: ${code}.` }] };
}

function rejected(id: string, code: string, message: string): Result {
  return { id, status: "REJECTED", code, message };
}
