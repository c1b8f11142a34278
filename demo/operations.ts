/**
 * The mutations of the public API that the demo uses, as data, and how they are sent.
 *
 * An operation is one mutation by one persona under its own idempotency key; `send` puts many of them, with aliases,
 * into one request. Only the public API is used: the demo can do nothing that any other client could not.
 */
import type { ApiClient } from "../shared/graphql/client.ts";
import type { PersonaId } from "./personas.ts";

export interface Keyed {
  readonly idempotencyKey: string;
}

export interface ProductInput {
  readonly sku: string;
  readonly name: string;
  readonly baseUnit: string;
  readonly units?: readonly { readonly unit: string; readonly numerator: number; readonly denominator: number }[];
  readonly class: string;
  readonly unitCost: string;
  readonly safetyStock?: number;
  readonly sellMultiple?: number;
  readonly components?: readonly { readonly sku: string; readonly quantity: number }[];
}

export interface LocationInput {
  readonly id: string;
  readonly name: string;
  readonly type: "WAREHOUSE" | "CROSS_DOCK" | "THIRD_PARTY";
  readonly timeZone: string;
  readonly sellable: boolean;
  readonly accounts?: readonly string[];
}

export interface BucketsInput {
  readonly unrestricted: number;
  readonly picked: number;
  readonly dock: number;
  readonly damaged: number;
  readonly hold: number;
  readonly expired: number;
  readonly quarantine: number;
}

export type BucketName = Uppercase<keyof BucketsInput>;

export interface StockEventInput {
  readonly id: string;
  readonly type: "RECEIPT" | "PUTAWAY" | "PICK" | "SHIPMENT" | "STATUS_CHANGE" | "ADJUSTMENT" | "SNAPSHOT";
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly unit?: string;
  readonly occurredAt: string;
  readonly documentRef?: { readonly type: string; readonly id: string; readonly line?: string };
  readonly fromBucket?: BucketName;
  readonly toBucket?: BucketName;
  readonly reasonCode?: string;
  readonly note?: string;
  readonly buckets?: BucketsInput;
}

export interface PurchaseOrderInput extends Keyed {
  readonly id: string;
  readonly supplierId: string;
  readonly status: "PENDING" | "APPROVED" | "REJECTED" | "COMPLETE" | "CANCELLED";
  readonly orderedOn: string;
  readonly expectedOn?: string;
  readonly lines: readonly PurchaseOrderLineInput[];
}

export interface PurchaseOrderLineInput {
  readonly line: string;
  readonly sku: string;
  readonly locationId: string;
  /** In `unit`; so are `received` and `rejected`. */
  readonly ordered: number;
  readonly received?: number;
  readonly rejected?: number;
  readonly unit?: string;
  readonly promisedOn?: string;
}

export interface AllocateOrderInput extends Keyed {
  readonly orderId: string;
  readonly channel: string;
  readonly lines: readonly OrderLineInput[];
}

export interface OrderLineInput {
  readonly line: string;
  readonly sku: string;
  readonly locationId: string;
  readonly quantity: number;
  readonly unit?: string;
}

export interface AuthorizeReturnInput extends Keyed {
  readonly id: string;
  readonly orderId: string;
  readonly locationId: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly reasonCode: string }[];
}

export interface ReceiveReturnInput extends Keyed {
  /** Absent: a return that nobody announced; then `locationId` says where it turned up. */
  readonly returnId?: string;
  readonly locationId?: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
}

/** A rule holds for what it names; naming less makes it more general. */
export interface RuleScope {
  readonly sku?: string;
  readonly locationId?: string;
  readonly class?: string;
}

export interface QuantityRule extends RuleScope {
  readonly quantity: number;
}

export interface SetChannelPolicyInput extends Keyed {
  readonly channel: string;
  readonly note: string;
  readonly eligibility: readonly (RuleScope & { readonly allowed: boolean })[];
  readonly protections: readonly QuantityRule[];
  readonly safetyStocks: readonly QuantityRule[];
  readonly caps: readonly QuantityRule[];
  readonly sellMultiples: readonly (RuleScope & { readonly multiple: number })[];
  readonly degraded: readonly {
    readonly system: "erp" | "wms" | "returns";
    readonly mode: "FAIL_CLOSED" | "LAST_KNOWN_BUFFERED" | "MIN_OF_SOURCES" | "ERROR";
    readonly staleBuffer?: number;
  }[];
}

export interface MutationInputs {
  readonly saveLocations: Keyed & { readonly locations: readonly LocationInput[] };
  readonly saveProducts: Keyed & { readonly products: readonly ProductInput[] };
  readonly saveBookBalances: Keyed & {
    readonly balances: readonly { readonly sku: string; readonly locationId: string; readonly onHand: number }[];
  };
  readonly recordStockEvents: Keyed & { readonly events: readonly StockEventInput[] };
  readonly savePurchaseOrder: PurchaseOrderInput;
  readonly allocateOrder: AllocateOrderInput;
  readonly deallocateOrder: Keyed & { readonly orderId: string };
  readonly authorizeReturn: AuthorizeReturnInput;
  readonly receiveReturn: ReceiveReturnInput;
  readonly setChannelPolicy: SetChannelPolicyInput;
  readonly approveChannelPolicy: Keyed & { readonly policyVersion: number; readonly note: string };
}

export type MutationName = keyof MutationInputs;

export type Operation = {
  readonly [M in MutationName]: { readonly as: PersonaId; readonly mutation: M; readonly input: MutationInputs[M] };
}[MutationName];

/** What the demo reads of a payload; `results` and `policy` where the mutation has them. */
export interface Reply {
  readonly userErrors: readonly { readonly code: string; readonly message: string }[];
  readonly results?: readonly ItemResult[];
  readonly policy?: { readonly policyVersion: number } | null;
}

export interface ItemResult {
  readonly id: string;
  readonly status: string;
  readonly code: string | null;
  readonly message: string | null;
}

/** Sends operations of one persona as one request, in their order. Fails as `ApiClient.request` does. */
export async function send(client: ApiClient, operations: readonly Operation[]): Promise<readonly Reply[]> {
  const { document, variables } = toRequest(operations);
  const data = await client.request<Readonly<Record<string, Reply>>>(document, variables);
  return operations.map((operation, index) => {
    const reply = data[`m${index}`];
    if (!reply) throw new Error(`${operation.mutation} was not answered`);
    return reply;
  });
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** The item of a bulk mutation, where it is one. */
  readonly id: string | null;
}

export function refusalsOf(reply: Reply): readonly Refusal[] {
  const rejected = (reply.results ?? []).filter((result) => result.status === "REJECTED");
  return [
    ...reply.userErrors.map(({ code, message }) => ({ code, message, id: null })),
    ...rejected.map(({ id, code, message }) => ({ code: code ?? "REJECTED", message: message ?? "", id })),
  ];
}

interface Request {
  readonly document: string;
  readonly variables: Readonly<Record<string, object>>;
}

/** The document depends on the mutations only, so that the gateway plans each shape of batch once. */
export function toRequest(operations: readonly Operation[]): Request {
  const declared = operations.map(({ mutation }, index) => `$i${index}: ${inputTypeOf(mutation)}!`);
  const fields = operations.map(
    ({ mutation }, index) =>
      `m${index}: ${mutation}(input: $i${index}) { userErrors { code message } ${selections[mutation] ?? ""} }`,
  );
  return {
    document: `mutation Demo(${declared.join(", ")}) {\n${fields.join("\n")}\n}`,
    variables: Object.fromEntries(operations.map(({ input }, index) => [`i${index}`, input])),
  };
}

const itemResults = "results { id status code message }";

const selections: Partial<Record<MutationName, string>> = {
  saveLocations: itemResults,
  saveProducts: itemResults,
  saveBookBalances: itemResults,
  recordStockEvents: itemResults,
  setChannelPolicy: "policy { policyVersion }",
};

function inputTypeOf(mutation: MutationName): string {
  return `${mutation.slice(0, 1).toUpperCase()}${mutation.slice(1)}Input`;
}
