/**
 * Loading the demo: few requests, in an order that works, repeatable, by the right persons.
 */
import { parse } from "graphql";
import { describe, expect, test } from "vitest";
import { demoSeed } from "../../../demo/distributor.ts";
import { loadDemo } from "../../../demo/load.ts";
import { type PersonaId, personas } from "../../../demo/personas.ts";
import { silentLogger } from "../../../shared/logging.ts";

const nowMs = Date.UTC(2026, 2, 10, 9, 30);

interface Sent {
  readonly as: PersonaId;
  readonly document: string;
  readonly variables: Record<string, unknown>;
}

interface Item {
  readonly id: string;
  readonly status: string;
  readonly code: string | null;
  readonly message: string | null;
}

/** Accepts everything, except the items that `reject` names a code for. */
async function load(reject: (eventId: string, sendings: number) => string | null = () => null) {
  const sent: Sent[] = [];
  const sendings = new Map<string, number>();
  let policyVersion = 1;

  function answer(mutation: string, input: Record<string, unknown>): object {
    const events = (input["events"] ?? []) as readonly { readonly id: string }[];
    const results = events.map(({ id }): Item => {
      const count = (sendings.get(id) ?? 0) + 1;
      sendings.set(id, count);
      const code = reject(id, count);
      return { id, status: code ? "REJECTED" : "ACCEPTED", code, message: code };
    });
    if (mutation !== "setChannelPolicy") return { userErrors: [], results };
    policyVersion += 1;
    return { userErrors: [], policy: { policyVersion } };
  }

  const facts = await loadDemo({
    clientFor: (as) => ({
      request: async <T>(document: string, variables: Record<string, unknown> = {}) => {
        sent.push({ as, document, variables });
        const fields = [...document.matchAll(/(m\d+): (\w+)\(input: \$(i\d+)\)/g)];
        const data = fields.map(([, alias = "", mutation = "", name = ""]) => [
          alias,
          answer(mutation, variables[name] as Record<string, unknown>),
        ]);
        return Object.fromEntries(data) as T;
      },
    }),
    seed: demoSeed,
    nowMs,
    log: silentLogger,
  });
  return { facts, sent };
}

function has(text: string) {
  return ({ document }: Sent) => document.includes(text);
}

describe("loading the demo", () => {
  test("takes few requests, each a document that parses, none with more than 500 items", async () => {
    const { sent } = await load();
    expect(sent.length).toBeLessThan(20);
    for (const { document, variables } of sent) {
      expect(parse(document).definitions).toHaveLength(1);
      expect(JSON.stringify(variables).length).toBeLessThan(500_000);
      for (const input of Object.values(variables) as Record<string, unknown>[]) {
        for (const list of Object.values(input)) if (Array.isArray(list)) expect(list.length).toBeLessThanOrEqual(500);
      }
    }
  });

  test("sends master data first and policies last", async () => {
    const { sent } = await load();
    expect(sent[0]?.document).toContain("saveLocations");
    expect(sent[0]?.document).toContain("saveProducts");
    expect(sent.findIndex(has("setChannelPolicy"))).toBe(sent.length - 6);
    expect(sent.slice(0, -6).some(has("ChannelPolicy"))).toBe(false);
  });

  test("has each policy approved by another person than the proposer, before the next is proposed", async () => {
    const { sent } = await load();
    const steps = sent.slice(-6).map(({ as, document, variables }) => {
      const { channel, policyVersion } = variables["i0"] as { channel?: string; policyVersion?: number };
      return [document.includes("approve") ? "approve" : "propose", personas[as].person, channel ?? policyVersion];
    });
    const [planner, manager] = [personas.planner.person, personas.manager.person];
    expect(planner).not.toBe(manager);
    expect(steps).toEqual([
      ["propose", planner, "WEB"],
      ["approve", manager, 2],
      ["propose", planner, "B2B"],
      ["approve", manager, 3],
      ["propose", planner, "MARKETPLACE"],
      ["approve", manager, 4],
    ]);
  });

  test("receives returns only after the opening balances, which they would otherwise spoil", async () => {
    const { sent } = await load();
    const firstReturn = sent.findIndex(has("receiveReturn"));
    expect(firstReturn).toBeGreaterThan(sent.findLastIndex(has("saveBookBalances")));
    expect(firstReturn).toBeGreaterThan(sent.findLastIndex(has("recordStockEvents")));
  });

  test("counts opening stock before the picks that take from it", async () => {
    const { sent } = await load();
    const events = sent
      .filter(has("recordStockEvents"))
      .flatMap(({ variables }) =>
        Object.values(variables).flatMap((input) => (input as { events: { type: string }[] }).events),
      );
    const types = events.map(({ type }) => type);
    expect(types.lastIndexOf("SNAPSHOT")).toBeLessThan(types.indexOf("PICK"));
    expect(types.filter((type) => type === "PICK").length).toBeGreaterThan(0);
  });

  test("again with the same seed and time sends the same, so a second run only replays", async () => {
    const [first, second] = [await load(), await load()];
    expect(second.sent).toEqual(first.sent);
    expect(second.facts).toEqual(first.facts);
  });

  test("sends a fact again when the warehouse had not heard of the item yet", async () => {
    const { facts, sent } = await load((id, count) =>
      id.includes("opening-LYON") && count < 3 ? "UNKNOWN_SKU" : null,
    );
    expect(facts.rejected).toBe(0);
    const keys = sent
      .filter(has("recordStockEvents"))
      .map(({ variables }) => (variables["i0"] as { idempotencyKey: string }).idempotencyKey);
    expect(keys.filter((key) => key.includes("again")).length).toBeGreaterThan(0);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("counts what stays refused and goes on", async () => {
    const { facts, sent } = await load((id) => (id.endsWith("opening-LEEDS-MCB-C6") ? "SNAPSHOT_MISMATCH" : null));
    expect(facts.rejected).toBe(1);
    expect(sent.some(has("approveChannelPolicy"))).toBe(true);
  });

  test("does not insist for ever on an item that nobody knows", async () => {
    const { facts, sent } = await load((id) => (id.endsWith("opening-LEEDS-MCB-C6") ? "UNKNOWN_SKU" : null));
    expect(facts.rejected).toBe(1);
    expect(sent.length).toBeLessThan(30);
  });

  test("reports facts that survive JSON", async () => {
    const { facts } = await load();
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
    expect(facts).toMatchObject({ seed: demoSeed, locations: 6, channels: 3, rejected: 0 });
    expect(facts.onHand).toBeGreaterThan(50_000);
    expect(facts.watched.length).toBe(40);
  });
});
