/**
 * A recorded day under a changed policy: what is printed before anybody approves it is what the API answers afterwards.
 *
 * The recording is made and read by the programs that people run. The day goes through reservations, an order, a
 * correction, a transfer and a kit.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { DayDifference } from "../../cli/whatif/compare.ts";
import { runJournal, runWhatif } from "../../cli/whatif/run.ts";
import type { ApiClient } from "../../shared/graphql/client.ts";
import { openStock } from "../helpers/opening-stock.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

interface Reply {
  readonly userErrors: readonly { readonly code: string }[];
  readonly [member: string]: unknown;
}

let keys = 0;

async function change(client: ApiClient, field: string, input: object, selection = ""): Promise<Reply> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const named: Record<string, string> = {
    approveTransfer: "DecideTransferInput",
    approveChannelPolicy: "ApproveChannelPolicyInput",
  };
  const data = await client.request<Record<string, Reply>>(
    `mutation ($input: ${named[field] ?? type}!) { ${field}(input: $input) { ${selection} userErrors { code message } } }`,
    { input: { idempotencyKey: `whatif-${++keys}`, ...input } },
  );
  const reply = data[field] as Reply;
  expect(reply.userErrors, field).toEqual([]);
  return reply;
}

const places = ["WI-L", "WI-M"];
const items = ["WI-1", "WI-2", "WI-KIT"];
const channels = ["WEB", "B2B", "MARKETPLACE"];

/** What the API says that each channel may sell. */
async function answers(planner: ApiClient): Promise<Map<string, number | null>> {
  const sold = new Map<string, number | null>();
  for (const channel of channels) {
    const { availability } = await planner.request<{
      availability: { sku: string; locationId: string; availableToSell: number | null }[];
    }>(
      `query ($skus: [ID!]!, $locationIds: [ID!], $channel: ID) {
         availability(skus: $skus, locationIds: $locationIds, channel: $channel) { sku locationId availableToSell } }`,
      { skus: items, locationIds: places, channel },
    );
    for (const { sku, locationId, availableToSell } of availability) {
      sold.set(`${sku}|${locationId}|${channel}`, availableToSell);
    }
  }
  return sold;
}

async function openingStock(target: Target): Promise<void> {
  await openStock(target, { sku: "WI-1", locationId: "WI-L", onHand: 100 });
  await openStock(target, { sku: "WI-2", locationId: "WI-M", onHand: 1000 });
  const kit = { sku: "WI-KIT", name: "Kit", baseUnit: "EA", components: [{ sku: "WI-1", quantity: 2 }] };
  await change(target.connector, "saveProducts", { products: [kit] });
}

/** Everything that the day consists of; returns the correction and the transfer. */
async function liveThroughADay(target: Target) {
  const as = async (person: string, ...roles: Parameters<Target["token"]>[1]) =>
    target.client(await target.token(person, roles));
  const [shop, worker, planner, desk] = [
    await as("shop", "storefront"),
    await as("will", "warehouse"),
    await as("paula", "planner"),
    await as("rita", "returns-desk"),
  ];
  const at = { sku: "WI-1", locationId: "WI-L" };
  const reserve = (quantity: number) =>
    change(shop, "reserveStock", { channel: "WEB", lines: [{ ...at, quantity }] }, "reservation { id }");
  const id = ({ reservation }: Reply) => (reservation as { id: string }).id;
  const kept = id(await reserve(75));
  await change(shop, "releaseReservation", { id: kept });
  const ordered = id(await reserve(10));
  await change(shop, "confirmReservation", { id: ordered, orderId: "WI-O" });
  await target.eventually(() => {});
  await change(target.connector, "allocateOrder", {
    orderId: "WI-O",
    channel: "WEB",
    lines: [{ ...at, quantity: 10 }],
  });
  const correction = { sku: "WI-2", locationId: "WI-M", delta: -4, reasonCode: "COUNTED", evidence: ["count:1"] };
  const selection = "adjustment { id status tier }";
  const { adjustment } = await change(worker, "requestAdjustment", correction, selection);
  const lines = [{ sku: "WI-2", quantity: 20 }];
  const asked = { originId: "WI-M", destinationId: "WI-L", lines };
  const { transferOrder } = await change(planner, "requestTransfer", asked, "transferOrder { id }");
  const transferId = (transferOrder as { id: string }).id;
  await change(planner, "approveTransfer", { id: transferId });
  // Nobody had announced them.
  await change(desk, "receiveReturn", { locationId: "WI-M", lines: [{ sku: "WI-2", quantity: 3 }] });
  const queue = "{ exceptions(type: ORPHAN_RETURN) { nodes { sku } } }";
  await target.eventually(async () => {
    expect(await planner.request(queue)).toMatchObject({ exceptions: { nodes: [{ sku: "WI-2" }] } });
  });
  return { adjustment: adjustment as { id: string; status: string }, transferId };
}

const changes = {
  channels: [
    {
      channel: "B2B",
      protections: [{ sku: "WI-1", quantity: 30 }],
      caps: [{ sku: "WI-2", quantity: 500 }],
    },
    { channel: "WEB", safetyStocks: [{ sku: "WI-1", locationId: "WI-L", quantity: 7 }] },
  ],
  adjustments: { B: { quantity: 3 } },
  transfers: { selfApprovalValueMax: 49 },
  exceptions: { types: [{ type: "ORPHAN_RETURN", slaMinutes: 60, risk: 0.9 }] },
};

eachTarget(
  "a recorded day under other rules",
  (target) => {
    it("is told before they are in force, and is what the API answers once they are", async () => {
      const folder = mkdtempSync(join(tmpdir(), "whatif-"));
      const [journal, policy] = [join(folder, "day.ndjson"), join(folder, "policy.json")];
      await openingStock(target());
      await target().eventually(async () => {
        const { availability } = await target().connector.request<{ availability: { availableToSell: number }[] }>(
          '{ availability(skus: ["WI-1", "WI-2"]) { availableToSell } }',
        );
        expect(availability.map(({ availableToSell }) => availableToSell)).toEqual([100, 1000]);
      });
      const from = new Date().toISOString();
      const { adjustment, transferId } = await liveThroughADay(target());
      expect(adjustment).toMatchObject({ status: "POSTED_WMS" });
      const planner = target().client(await target().token("paula", ["planner"]));
      await target().eventually(async () => {
        const sold = await answers(planner);
        expect([sold.get("WI-1|WI-L|WEB"), sold.get("WI-2|WI-M|WEB")]).toEqual([90, 976]);
      });

      const written: string[] = [];
      const complaints: string[] = [];
      const io = {
        stdout: { write: (text: string) => written.push(text) },
        stderr: { write: (text: string) => complaints.push(text) },
      };
      const token = await target().token("arthur", ["auditor"]);
      const asked = ["--url", target().url, "--token", token, "--from", from, "--to", new Date().toISOString()];
      expect([await runJournal(asked, io), complaints]).toEqual([0, []]);
      writeFileSync(journal, written.splice(0).join(""));
      writeFileSync(policy, JSON.stringify(changes));
      const args = ["--journal", journal, "--policy", policy];
      expect([await runWhatif(args, io), complaints]).toEqual([0, []]);
      const table = written.splice(0).join("");
      expect([await runWhatif([...args, "--json"], io), complaints]).toEqual([0, []]);
      const day = JSON.parse(written.splice(0).join("")) as DayDifference;

      expect(day.refusedReservations).toMatchObject([
        { channel: "WEB", quantity: 75, available: { before: 100, after: 63 } },
      ]);
      expect(day.adjustments).toMatchObject([
        { adjustmentId: adjustment.id, decision: { before: "AUTO_APPROVED", after: "SUPERVISOR" } },
      ]);
      expect(day.transfers).toEqual([{ transferId, approval: { before: "ONE_PERSON", after: "SECOND_PERSON" } }]);
      const told = (channel: string) => day.sold.find((row) => row.sku === "WI-1" && row.channel === channel);
      expect(told("WEB")).toMatchObject({ atEnd: { before: 90, after: 53 }, lowest: { before: 25, after: 0 } });
      for (const part of [
        ["WI-1", "WI-L", "WEB", "90 → 53", "25 → 0"],
        [adjustment.id, "WI-2", "WI-M", "-4", "AUTO_APPROVED → SUPERVISOR"],
        [transferId, "ONE_PERSON → SECOND_PERSON"],
      ]) {
        expect(table).toMatch(new RegExp(part.join(" +")));
      }

      await expectRanking(day, planner);
      await expectAnswersOf(day, target(), planner);
      writeFileSync(journal, readFileSync(journal, "utf8").split("\n").slice(0, -2).join("\n"));
      expect(await runWhatif(args, io)).toBe(1);
      expect(complaints.join("")).toContain("breaks off");
      rmSync(folder, { recursive: true });
    });
  },
  ["embedded"],
);

/** Before, as the API has it; after, by what changes. */
async function expectRanking(day: DayDifference, planner: ApiClient): Promise<void> {
  const { exceptions } = await planner.request<{ exceptions: { nodes: object[] } }>(
    "{ exceptions { nodes { type sku priority } } }",
  );
  const orphan = { type: "ORPHAN_RETURN", sku: "WI-2" };
  const [exception] = day.exceptions;
  expect(day.exceptions).toMatchObject([
    { ...orphan, responsibleRole: { before: "returns-desk", after: "returns-desk" } },
  ]);
  expect(exceptions.nodes).toMatchObject([{ ...orphan, priority: exception?.priority.before }]);
  // Of 15 points for risk it gets 0.9 instead of 0.3.
  expect(exception?.priority.after).toBe((exception?.priority.before ?? 0) + 9);
}

/** Approves the rules, and finds just the answers that were printed. */
async function expectAnswersOf(day: DayDifference, target: Target, planner: ApiClient): Promise<void> {
  const before = await answers(planner);
  await approveAll(target);
  const after = await answers(planner);
  const differing = [...before].filter(([key, sold]) => after.get(key) !== sold);
  const printed = day.sold.filter(({ atEnd }) => atEnd.before !== atEnd.after);
  expect(printed.map(({ sku, locationId, channel, atEnd }) => [`${sku}|${locationId}|${channel}`, atEnd])).toEqual(
    expect.arrayContaining(differing.map(([key, sold]) => [key, { before: sold, after: after.get(key) }])),
  );
  expect(printed).toHaveLength(differing.length);
  expect(differing.length).toBeGreaterThan(4);
}

async function approveAll(target: Target): Promise<void> {
  const planner = target.client(await target.token("paula", ["planner"]));
  const manager = target.client(await target.token("mona", ["manager"]));
  for (const input of changes.channels) {
    const { policy } = await change(planner, "setChannelPolicy", input, "policy { policyVersion contentHash }");
    await change(manager, "approveChannelPolicy", policy as object);
  }
}
