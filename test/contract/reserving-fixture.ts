/**
 * Reservations below GraphQL: the shop of `reservation-fixture.ts`, and both ways to reserve in it, one caller to a
 * transaction and many.
 *
 * What callers ask for is drawn from a seed, so that two shops can be asked the same; what is left behind is read by
 * plain SQL, without what differs by chance (ids).
 */
import { createRandom, type Random } from "../../demo/random.ts";
import type { Payload, RequestContext } from "../../shared/command.ts";
import { anonymous } from "../../shared/identity.ts";
import { createKernel, type Kernel } from "../../shared/kernel.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createAnswers } from "../../subgraphs/availability/answers.ts";
import type {
  ReserveDeps,
  ReserveStockInput,
  ReserveStockReply,
} from "../../subgraphs/availability/commands/reserve-stock.ts";
import { createPolicyInForce } from "../../subgraphs/availability/policy-in-force.ts";
import { createWatermarks } from "../../subgraphs/availability/watermarks.ts";
import type { MakeKernel } from "../helpers/databases.ts";
import { createFacts } from "../helpers/facts.ts";
import { lineOf, openShop, type Shop } from "./reservation-fixture.ts";

export interface Counter extends Shop {
  readonly deps: ReserveDeps;
  /** The events of each commit that was told of. */
  readonly commits: number[];
}

export interface Call {
  readonly input: ReserveStockInput;
  readonly context: RequestContext;
}

export type Reply = PromiseSettledResult<Payload<ReserveStockReply>>;

export const skus = ["A", "B", "SIX", "KIT"];

/** A, B and SIX (sold by sixes) at L and M, and KIT of two A and one B; `beside` another shop, on its databases. */
export async function openCounter(makeKernel: MakeKernel, beside?: Kernel): Promise<Counter & { kernel: Kernel }> {
  const kernels: Kernel[] = [];
  const shop = await openShop(async (overrides) => {
    const kernel = beside
      ? await createKernel(beside.config, { log: silentLogger, ...overrides })
      : await makeKernel(overrides);
    kernels.push(kernel);
    return kernel;
  });
  const kernel = kernels[0] as Kernel;
  const { db, clock } = shop;
  const facts = createFacts(clock);
  if (!beside) {
    await shop.publish(
      facts.product("SIX", { sellMultiple: 6 }),
      facts.product("KIT", {
        components: [
          { sku: "A", quantity: 2 },
          { sku: "B", quantity: 1 },
        ],
      }),
    );
  }
  const inForce = createPolicyInForce(db, silentLogger);
  const watermarks = createWatermarks(kernel.cache, kernel.bus.partitions, silentLogger);
  const answers = createAnswers({ clock, policy: inForce.current, watermarks, cache: null });
  const commits: number[] = [];
  const committed = (events: readonly unknown[]) => void commits.push(events.length);
  return { ...shop, kernel, commits, deps: { system: db.system, db, clock, committed, answers, inForce } };
}

export function callOf(idempotencyKey: string, input: Omit<ReserveStockInput, "idempotencyKey">, name = "shop"): Call {
  const identity = { ...anonymous, person: name, roles: new Set(["storefront" as const]) };
  return { input: { idempotencyKey, ...input }, context: { identity, correlationId: `story-${name}` } };
}

/** Callers of every kind: most want A at L; some ask twice under one key, some what nobody can give. */
export function drawCalls(seed: number, count: number): Call[] {
  const random = createRandom(seed);
  const calls: Call[] = [];
  for (let i = 0; i < count; i++) {
    const former = calls.length > 0 && random.chance(0.15) ? random.pick(calls) : null;
    calls.push(former ? copyOf(former, random) : drawCall(random, `key-${seed}-${i}`));
  }
  return calls;
}

function copyOf(call: Call, random: Random): Call {
  return random.chance(0.8) ? call : { ...call, input: { ...call.input, lines: [lineOf(random.integer(1, 9))] } };
}

function drawCall(random: Random, key: string): Call {
  const odd = random.integer(1, 20);
  const lines = Array.from({ length: random.weighted([1, 2, 4], (n) => 1 / n) }, () =>
    random.chance(0.5)
      ? lineOf(random.integer(1, 3))
      : lineOf(random.integer(1, 12), random.pick(skus), random.pick(["L", "M"])),
  );
  const input = {
    lines,
    ttlSeconds: random.pick([5, 60, 900]),
    channel: random.pick([null, "WEB", "B2B"]),
    reference: random.chance(0.2) ? "it's a \\ basket" : null,
  };
  const call = callOf(key, input, random.pick(["ann", "bob", "o'neill"]));
  if (odd === 1) return { ...call, input: { ...call.input, lines: [...lines, lineOf(1, "NOBODY")] } };
  if (odd === 2) return { ...call, input: { ...call.input, lines: [lineOf(1, "A", "NOWHERE")] } };
  if (odd === 3) return { ...call, input: { ...call.input, lines: [lineOf(0)] } };
  if (odd === 4) return { ...call, input: { ...call.input, channel: "PIGEON" } };
  if (odd === 5) return { ...call, input: { ...call.input, idempotencyKey: " " } };
  if (odd === 6) {
    const identity = { ...call.context.identity, person: "only-b2b", channels: ["B2B"] };
    return { input: { ...call.input, channel: "WEB" }, context: { ...call.context, identity } };
  }
  return call;
}

/** What the replies say, without ids. */
export function said(replies: readonly Reply[]): unknown[] {
  return replies.map((reply) => {
    if (reply.status === "rejected")
      return { failed: (reply.reason as { code?: string }).code ?? String(reply.reason) };
    const { reservation, ...rest } = reply.value;
    return { ...rest, reservation: reservation && { ...reservation, reservationId: null } };
  });
}

/** Every row that reservations have left behind, ids replaced by the keys they belong to. */
export async function leftBehind({ db }: Shop): Promise<Record<string, unknown>> {
  const keys = await db.query<{ idempotency_key: string; caller: string; reply: string }>(
    "SELECT * FROM idempotency_keys ORDER BY caller, idempotency_key",
  );
  const names = new Map<string, string>();
  for (const { reply, caller, idempotency_key } of keys) {
    const { reservation } = JSON.parse(reply) as ReserveStockReply;
    if (reservation) names.set(reservation.reservationId, `of ${caller} ${idempotency_key}`);
  }
  const named = (rows: readonly object[]) =>
    rows
      .map((row) =>
        JSON.stringify(row).replace(
          /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g,
          (id) => names.get(id) ?? "another id",
        ),
      )
      .sort();
  const outbox = await db.query<{ body: string }>("SELECT body FROM outbox WHERE type LIKE 'reservation.%'");
  const positions = await db.query<{ sku: string; location_id: string; reserved: number; reserved_by_channel: string }>(
    "SELECT sku, location_id, reserved, reserved_by_channel FROM positions ORDER BY sku, location_id",
  );
  return {
    keys: named(keys),
    reservations: named(await db.query("SELECT * FROM reservations")),
    lines: named(await db.query("SELECT * FROM reservation_lines")),
    audits: named(
      await db.query(
        `SELECT subject, action, outcome, person, roles, correlation_id, idempotency_key, detail, recorded_at_ms
           FROM audit_rows`,
      ),
    ),
    events: named(outbox.map(({ body }) => JSON.parse(body) as object)),
    positions: positions.map((row) => ({
      ...row,
      reserved_by_channel: Object.entries(JSON.parse(row.reserved_by_channel ?? "{}")).sort(),
    })),
  };
}
