/**
 * Documents of partners, as they are sent: over HTTP to the gateway, and from files by `npm run intake`.
 *
 * A document counts once, however often and in however many parts it comes; a message counts whole or not at all.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runIntake } from "../../cli/intake/run.ts";
import type { Receipt } from "../../intake/receive.ts";
import { limits } from "../../shared/limits.ts";
import { eachTarget, type Target } from "../helpers/target.ts";

const json = "application/cloudevents+json";

function fact(id: string, quantity: number, more: object = {}) {
  const data = { sku: "PEN", locationId: "HALL", quantity, ...more };
  return {
    specversion: "1.0",
    id,
    source: "//wms",
    type: "org.wms.receipt.recorded",
    time: "2026-03-01T08:00:00Z",
    data,
  };
}

eachTarget(
  "intake",
  (target) => {
    let directory: string;
    let token: string;

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), "intake-"));
      token = await target().token("wms-1", ["connector-wms", "connector-erp"]);
      await target().connector.request(`mutation {
        saveProducts(input: { idempotencyKey: "p", products: [{ sku: "PEN", name: "Pen", baseUnit: "EA" },
          { sku: "PAD", name: "Pad", baseUnit: "EA" }] }) { userErrors { code } }
        saveLocations(input: { idempotencyKey: "l", locations: [{ id: "HALL", name: "Hall", type: WAREHOUSE }] }) {
          userErrors { code } } }`);
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    it("a batch of events counts once, sent whole, in part, or by another way", async () => {
      const events = [fact("a", 5), fact("b", 7), fact("c", 2, { sku: "PAD" })];
      const first = await post(target(), "cloudevents", JSON.stringify(events.slice(0, 1)), token);
      expect(first).toMatchObject({ status: 200, body: { accepted: 1, duplicate: 0, rejectedCount: 0 } });
      const whole = await post(target(), "cloudevents", JSON.stringify(events), token);
      expect(whole.body).toMatchObject({ accepted: 2, duplicate: 1, events: 2, rejectedCount: 0 });

      const file = join(directory, "events.json");
      writeFileSync(file, JSON.stringify(events));
      const again = await intake(target(), token, file);
      expect(again).toMatchObject({ exitCode: 0, lines: [{ file: "events.json", accepted: 0, duplicate: 3 }] });
      expect(await onHand(target())).toEqual({ PEN: 12, PAD: 2 });
    });

    it("what cannot be applied is named, and the rest counts", async () => {
      const before = await onHand(target());
      const events = [fact("d", 1), fact("e", 1, { sku: "NO-SUCH" }), fact("f", 0)];
      const { status, body } = await post(target(), "cloudevents", JSON.stringify(events), token);
      expect(status).toBe(200);
      expect(body).toMatchObject({ accepted: 1, rejectedCount: 2 });
      expect(body.rejected.map(({ code, segment }) => [code, segment]).sort()).toEqual([
        ["QUANTITY_OUT_OF_RANGE", "data.quantity"],
        ["UNKNOWN_SKU", "[1]"],
      ]);
      expect(await onHand(target())).toEqual({ ...before, PEN: (before["PEN"] ?? 0) + 1 });
    });

    it("what was refused counts when what was missing is there", async () => {
      const late = JSON.stringify(fact("late", 4, { sku: "INK" }));
      expect(await post(target(), "cloudevents", late, token)).toMatchObject({
        status: 422,
        body: { rejectedCount: 1 },
      });
      await target().connector.request(`mutation { saveProducts(input: { idempotencyKey: "ink",
        products: [{ sku: "INK", name: "Ink", baseUnit: "EA" }] }) { userErrors { code } } }`);
      expect(await post(target(), "cloudevents", late, token)).toMatchObject({ status: 200, body: { accepted: 1 } });
      expect(await post(target(), "cloudevents", late, token)).toMatchObject({ status: 200, body: { duplicate: 1 } });
    });

    it("only connectors may send, within the limit, and what is known", async () => {
      const document = JSON.stringify(fact("g", 1));
      const person = await target().token("walter", ["warehouse"]);
      expect(await post(target(), "cloudevents", document)).toMatchObject({ status: 401 });
      expect(await post(target(), "cloudevents", document, person)).toMatchObject({ status: 403 });
      expect(await post(target(), "tarot", document, token)).toMatchObject({ status: 400 });
      const large = await post(target(), "cloudevents", " ".repeat(limits.intakeBodyBytesMax + 1), token);
      expect(large).toMatchObject({ status: 413, body: { errors: [{ extensions: { code: "PAYLOAD_TOO_LARGE" } }] } });
    });
  },
  ["embedded"],
);

async function post(target: Target, format: string, body: string, token?: string) {
  const response = await fetch(target.url.replace("/graphql", `/intake/${format}`), {
    method: "POST",
    headers: { "content-type": json, ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body,
  });
  return { status: response.status, body: (await response.json()) as Receipt };
}

async function intake(target: Target, token: string, ...args: string[]) {
  const stdout: string[] = [];
  const io = { stdout: { write: (text: string) => stdout.push(text) }, stderr: { write: () => 0 } };
  const exitCode = await runIntake([...args, "--url", target.url, "--token", token], io);
  return { exitCode, lines: stdout.map((line) => JSON.parse(line) as Receipt) };
}

async function onHand(target: Target): Promise<Record<string, number>> {
  const { pen, pad } = await target.connector.request<Record<"pen" | "pad", { physical: { onHand: number } } | null>>(
    `{ pen: stockPosition(sku: "PEN", locationId: "HALL") { physical { onHand } }
       pad: stockPosition(sku: "PAD", locationId: "HALL") { physical { onHand } } }`,
  );
  return { PEN: pen?.physical.onHand ?? 0, PAD: pad?.physical.onHand ?? 0 };
}
