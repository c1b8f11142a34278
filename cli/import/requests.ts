/**
 * The mutations that an import sends, as GraphQL documents, and what their payloads say of each input.
 *
 * One document may carry several inputs of one mutation as aliases; its text depends on their number only, so that
 * the gateway plans each shape once.
 */
import type { ApiClient } from "../../shared/graphql/client.ts";

const itemResults = "results { id status code message }";

/** Mutation → the type of its input, and what is read of its payload besides errors. */
const mutations = {
  saveLocations: { inputType: "SaveLocationsInput", selection: itemResults },
  saveProducts: { inputType: "SaveProductsInput", selection: itemResults },
  saveBookBalances: { inputType: "SaveBookBalancesInput", selection: itemResults },
  recordStockEvents: { inputType: "RecordStockEventsInput", selection: itemResults },
  savePurchaseOrder: { inputType: "SavePurchaseOrderInput", selection: "status" },
  allocateOrder: { inputType: "AllocateOrderInput", selection: "" },
  authorizeReturn: { inputType: "AuthorizeReturnInput", selection: "" },
  receiveReturn: { inputType: "ReceiveReturnInput", selection: "" },
} as const satisfies Record<string, { readonly inputType: string; readonly selection: string }>;

export type Mutation = keyof typeof mutations;

export interface Keyed {
  readonly idempotencyKey: string;
}

export interface Payload {
  readonly userErrors: readonly { readonly code: string; readonly message: string }[];
  readonly replayed: boolean;
  /** Bulk mutations: one per item. */
  readonly results?: readonly ItemResult[];
  readonly status?: string | null;
}

export interface ItemResult {
  readonly id: string;
  readonly status: string;
  readonly code: string | null;
  readonly message: string | null;
}

/** What became of one item. */
export type Outcome =
  | { readonly status: "done" }
  /** It was there before, from an earlier run. */
  | { readonly status: "there" }
  | { readonly status: "rejected"; readonly code: string; readonly message: string };

/** Payloads in the order of the inputs. Fails as `ApiClient.request` does. */
export async function send(
  client: ApiClient,
  mutation: Mutation,
  inputs: readonly Keyed[],
): Promise<readonly Payload[]> {
  const { inputType, selection } = mutations[mutation];
  const variables = inputs.map((_, i) => `$i${i}: ${inputType}!`).join(", ");
  const fields = inputs.map(
    (_, i) => `m${i}: ${mutation}(input: $i${i}) { userErrors { code message } replayed ${selection} }`,
  );
  const data = await client.request<Readonly<Record<string, Payload>>>(
    `mutation Import(${variables}) {\n${fields.join("\n")}\n}`,
    Object.fromEntries(inputs.map((input, i) => [`i${i}`, input])),
  );
  return inputs.map((_, i) => data[`m${i}`] ?? unanswered);
}

const unanswered: Payload = {
  userErrors: [{ code: "INTERNAL", message: "The API did not answer this mutation." }],
  replayed: false,
};

/** Refusals that mean: this document is there already. */
const thereCodes: ReadonlySet<string> = new Set(["ORDER_LINE_EXISTS", "DOCUMENT_EXISTS"]);

export function outcomeOf({ userErrors, replayed, status }: Payload): Outcome {
  const [error] = userErrors;
  if (error && !thereCodes.has(error.code)) return { status: "rejected", ...error };
  return { status: error || replayed || status === "UNCHANGED" ? "there" : "done" };
}

/** Outcomes of a bulk mutation in the order of `ids`. */
export function outcomesOf(payload: Payload, ids: readonly string[]): readonly Outcome[] {
  const [error] = payload.userErrors;
  if (error) return ids.map(() => ({ status: "rejected", ...error }));
  const results = new Map(payload.results?.map((result) => [result.id, result]));
  return ids.map((id): Outcome => {
    const result = results.get(id);
    if (!result) return { status: "rejected", code: "INTERNAL", message: `No result for ${id}.` };
    if (result.status === "REJECTED") {
      return { status: "rejected", code: result.code ?? "INTERNAL", message: result.message ?? "" };
    }
    const changed = ["CREATED", "UPDATED", "ACCEPTED"].includes(result.status) && !payload.replayed;
    return { status: changed ? "done" : "there" };
  });
}
