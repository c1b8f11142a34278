/**
 * Transfer orders of an ERP on a database of its own: requests, decisions, and what a warehouse tells of them.
 */
import type { AnyEvent, EventData } from "../../shared/events/canonical-event.ts";
import type { MakeKernel } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type Caller, type Erp, openErp } from "./erp-fixture.ts";

export interface Order {
  readonly id: string;
  readonly status: string;
  readonly inTransit: number;
  readonly lines: readonly object[];
}

export interface Reply {
  readonly transferOrder: Order | null;
  readonly userErrors: readonly { readonly code: string; readonly field: readonly string[] | null }[];
  readonly replayed: boolean;
}

const fields = `id status inTransit originId destinationId needBy reference reason requestedBy decidedBy note version
  lines { line sku requested shipped received writtenOff inTransit }`;
const inputs = {
  requestTransfer: "RequestTransferInput",
  approveTransfer: "DecideTransferInput",
  rejectTransfer: "DecideTransferInput",
  cancelTransfer: "DecideTransferInput",
  closeTransfer: "DecideTransferInput",
  resolveTransferDiscrepancy: "ResolveTransferInput",
} as const;

export const paula: Caller = { person: "paula", roles: ["portal"] };
export const mona: Caller = { person: "mona", roles: ["manager"] };

let facts = 0;

/** What a warehouse tells of a transfer's item. */
export function told<T extends "transfer.shipped" | "transfer.received" | "shipment.voided" | "pick.confirmed">(
  type: T,
  transferId: string,
  sku: string,
  quantity: number,
  data: Partial<EventData[T]>,
  more: { readonly locationId?: string; readonly actor?: string; readonly reasonCode?: string } = {},
): AnyEvent {
  const locationId = more.locationId ?? (type === "transfer.received" ? "EAST" : "WEST");
  const actor = more.actor ?? (type === "transfer.received" ? "rosa" : "sam");
  return canonicalEvent<T>("wms", type, `${sku}|${locationId}|transfers`, ++facts, {
    sku,
    locationId,
    quantity,
    actor,
    reasonCode: more.reasonCode ?? null,
    documentRef: { type: "TRANSFER", id: transferId, line: "1" },
    data: { deltas: {}, ...data } as EventData[T],
  });
}

export type TransferOrders = Awaited<ReturnType<typeof openTransferOrders>>;

export async function openTransferOrders(makeKernel: MakeKernel) {
  const erp: Erp = await openErp(makeKernel);
  let keys = 0;
  let items = 0;

  async function send(mutation: keyof typeof inputs, input: object, caller: Caller = {}) {
    const { data, errors } = await erp.ask<Record<string, Reply> | null>(
      `mutation ($input: ${inputs[mutation]}!) {
         ${mutation}(input: $input) { transferOrder { ${fields} } userErrors { code field } replayed } }`,
      { input: { idempotencyKey: `transfer-${++keys}`, ...input } },
      caller,
    );
    return errors ? { code: errors[0]?.extensions?.["code"] } : { ...(data?.[mutation] as Reply) };
  }

  const codes = (reply: Awaited<ReturnType<typeof send>>) =>
    "userErrors" in reply ? reply.userErrors.map(({ code }) => code) : [reply.code];

  async function newItem(unitCost: string | null = "1.00"): Promise<string> {
    const sku = `T${++items}`;
    await erp.run("saveProducts", { products: [{ sku, name: sku, baseUnit: "EA", unitCost }] });
    return sku;
  }

  const requestOf = (sku: string, quantity: number) => ({
    originId: "WEST",
    destinationId: "EAST",
    lines: [{ sku, quantity }],
  });

  async function requested(sku: string, quantity: number, caller: Caller = paula): Promise<string> {
    const reply = await send("requestTransfer", requestOf(sku, quantity), caller);
    if (!("transferOrder" in reply) || !reply.transferOrder) throw new Error(JSON.stringify(reply));
    return reply.transferOrder.id;
  }

  async function approved(sku: string, quantity: number): Promise<string> {
    const id = await requested(sku, quantity);
    const refused = codes(await send("approveTransfer", { id }));
    if (refused.length > 0) throw new Error(String(refused));
    return id;
  }

  async function orderOf(id: string): Promise<Order> {
    const { data } = await erp.ask<{ transferOrder: Order }>(
      `query ($id: ID!) { transferOrder(id: $id) { ${fields} } }`,
      { id },
    );
    return data.transferOrder;
  }

  async function ends(sku: string) {
    const [origin, destination] = await Promise.all([erp.book(sku, "WEST"), erp.book(sku, "EAST")]);
    return {
      origin: [origin?.onHand, origin?.committed],
      destination: [destination?.onHand, destination?.inbound.map(({ quantity }) => quantity)],
    };
  }

  return { erp, send, codes, newItem, requestOf, requested, approved, orderOf, ends };
}
