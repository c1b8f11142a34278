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
  const state = {
    keys: new Map<string, { hash: string; answer: Answer }>(),
    masterData: new Map<string, string>(),
    purchaseOrders: new Map<string, string>(),
    events: new Map<string, string>(),
    positions: new Map<string, FakePosition>(),
    orderLines: new Set<string>(),
    returns: new Map<string, boolean>(),
    returnLocations: new Map<string, string>(),
  };
  let inFlight = 0;

  const positionOf = (sku: string, locationId: string): FakePosition => {
    const key = `${sku}|${locationId}`;
    const position = state.positions.get(key) ?? { unrestricted: 0, picked: 0, quarantine: 0, book: null, lowest: 0 };
    state.positions.set(key, position);
    return position;
  };

  const save = (store: Map<string, string>, id: string, item: unknown): string => {
    const content = canonicalHash(item);
    const before = store.get(id);
    store.set(id, content);
    return before === undefined ? "CREATED" : before === content ? "UNCHANGED" : "UPDATED";
  };

  const saveAll = (items: unknown, prefix: string, idOf: (item: never) => string): Answer => ({
    results: (items as never[]).map((item) => ({
      id: idOf(item),
      status: save(state.masterData, prefix + idOf(item), item),
    })),
  });

  function record(event: StockEvent): Result {
    const content = canonicalHash(event);
    const before = state.events.get(event.id);
    if (before !== undefined) {
      return before === content
        ? { id: event.id, status: "DUPLICATE" }
        : { id: event.id, status: "REJECTED", code: "EVENT_ID_REUSED", message: "Another content." };
    }
    if (api.earlyEvents > 0) {
      api.earlyEvents -= 1;
      return { id: event.id, status: "REJECTED", code: "UNKNOWN_SKU", message: `Not heard of ${event.sku}.` };
    }
    state.events.set(event.id, content);
    const position = positionOf(event.sku, event.locationId);
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

  const refused = (code: string): Answer => ({ userErrors: [{ code, message: `Refused: ${code}.` }] });

  const handlers: Readonly<Record<string, (input: Input) => Answer>> = {
    saveProducts: ({ products }) => saveAll(products, "product:", ({ sku }: { sku: string }) => sku),
    saveLocations: ({ locations }) => saveAll(locations, "location:", ({ id }: { id: string }) => id),
    saveBookBalances: ({ balances }) => ({
      results: (balances as { sku: string; locationId: string; onHand: number }[]).map((balance) => {
        const position = positionOf(balance.sku, balance.locationId);
        const status = position.book === balance.onHand ? "UNCHANGED" : position.book === null ? "CREATED" : "UPDATED";
        position.book = balance.onHand;
        return { id: `${balance.sku}|${balance.locationId}`, status };
      }),
    }),
    recordStockEvents: ({ events }) => ({ results: (events as StockEvent[]).map(record) }),
    savePurchaseOrder: ({ idempotencyKey: _, ...order }) => ({
      status: save(state.purchaseOrders, String(order["id"]), order),
    }),
    allocateOrder: ({ orderId, lines }) => {
      const keys = (lines as FakeLine[]).map(({ line }) => `${orderId}:${line}`);
      if (keys.some((key) => state.orderLines.has(key))) return refused("ORDER_LINE_EXISTS");
      for (const key of keys) state.orderLines.add(key);
      return {};
    },
    authorizeReturn: ({ id, locationId }) => {
      const code = api.refuse.get(String(id));
      if (code) return refused(code);
      if (state.returns.has(String(id))) return refused("DOCUMENT_EXISTS");
      state.returns.set(String(id), false);
      state.returnLocations.set(String(id), String(locationId));
      return {};
    },
    receiveReturn: ({ returnId, lines }) => {
      const id = String(returnId);
      if (!state.returns.has(id)) return refused("UNKNOWN_DOCUMENT");
      if (state.returns.get(id)) return refused("RETURN_EXCEEDED");
      state.returns.set(id, true);
      for (const { sku, quantity } of lines as FakeLine[]) {
        positionOf(sku, state.returnLocations.get(id) ?? "").quarantine += quantity;
      }
      return {};
    },
  };

  function mutate(mutation: string, input: Input) {
    api.sent.push({ mutation, input });
    const key = `${mutation} ${input.idempotencyKey}`;
    const hash = canonicalHash(input);
    const known = state.keys.get(key);
    const answer = known && known.hash !== hash ? refused("IDEMPOTENCY_KEY_REUSED") : known?.answer;
    const fresh = answer ?? handlers[mutation]?.(input) ?? refused("INTERNAL");
    if (!known) state.keys.set(key, { hash, answer: fresh });
    return { userErrors: [], ...fresh, replayed: answer !== undefined };
  }

  function page({ locationId, first, after }: Record<string, unknown>) {
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

  function answer(query: string, variables: Record<string, unknown>): unknown {
    if (query.includes("stockPositions")) return page(variables);
    const calls = [...query.matchAll(/(m\d+): (\w+)\(input: \$(i\d+)\)/g)];
    const fields = calls.map(([, alias, mutation, name]) => [
      alias,
      mutate(mutation ?? "", variables[name ?? ""] as Input),
    ]);
    return Object.fromEntries(fields);
  }

  const api: FakeApi = {
    sent: [],
    positions: state.positions,
    orderLines: state.orderLines,
    returns: state.returns,
    inFlightMost: 0,
    forgetKeys: () => state.keys.clear(),
    earlyEvents: 0,
    refuse: new Map(),
    topLevelError: null,
    async fetch(_url, init) {
      inFlight += 1;
      api.inFlightMost = Math.max(api.inFlightMost, inFlight);
      await Promise.resolve();
      const { query, variables } = JSON.parse(String(init.body));
      const code = api.topLevelError;
      const reply = code ? { errors: [{ message: "No.", extensions: { code } }] } : { data: answer(query, variables) };
      inFlight -= 1;
      return new Response(JSON.stringify(reply));
    },
  };
  return api;
}
