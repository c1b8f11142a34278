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
import { writeX12 } from "../helpers/intake.ts";
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

    it("an X12 document counts once, whole or first in half, and its sender is answered", async () => {
      const adjust = (n: number) => ({
        type: "947",
        segments: [
          ["W15", "20260301", `A-${n}`],
          ["N1", "WH", "", "92", "HALL"],
          ["W19", "05", String(n), "EA", "", "VN", "PAD"],
        ],
      });
      const document = writeX12([adjust(10), adjust(20), adjust(-5)]);
      const before = (await onHand(target()))["PAD"] ?? 0;
      const half = join(directory, "half.edi");
      writeFileSync(half, document.slice(0, document.indexOf("ST*947*0003") + 30));
      const first = await intake(target(), token, half);
      expect(first).toMatchObject({ exitCode: 1, lines: [{ format: "x12", accepted: 2, rejectedCount: 3 }] });
      const whole = await post(target(), "x12?acknowledge=997", document, token);
      expect(whole.body).toMatchObject({ accepted: 1, duplicate: 2, rejectedCount: 0 });
      expect(whole.body.acknowledgement).toContain("AK9*A*3*3*3~");
      expect((await post(target(), "x12", document, token)).body).toMatchObject({ accepted: 0, duplicate: 3 });
      expect((await onHand(target()))["PAD"]).toBe(before + 25);
      const reused = await post(target(), "x12", document.replace("W19*05*20", "W19*05*21"), token);
      expect(reused.body).toMatchObject({ duplicate: 2, rejected: [{ code: "EVENT_ID_REUSED" }] });
    });

    it("a message of which one line cannot be applied is not applied at all", async () => {
      const received = (second: string) => ({
        type: "944",
        segments: [
          ...[
            ["W17", "F", "20260301", "1", "PO-9"],
            ["N1", "WH", "", "92", "HALL"],
          ],
          ...[
            ["W07", "6", "EA", "", "VN", "PEN"],
            ["W07", "4", "EA", "", "VN", second],
            ["W14", "10"],
          ],
        ],
      });
      const before = await onHand(target());
      const document = writeX12([received("GHOST")], { control: "000000044" });
      const refused = await post(target(), "x12", document, token);
      expect(refused).toMatchObject({
        status: 422,
        body: { accepted: 0, rejected: [{ code: "UNKNOWN_SKU", line: 3 }] },
      });
      expect(await onHand(target())).toEqual(before);
      const good = writeX12([received("PAD")], { control: "000000045" });
      expect((await post(target(), "x12", good, token)).body).toMatchObject({ accepted: 1, events: 2 });
      expect(await onHand(target())).toEqual({ PEN: (before["PEN"] ?? 0) + 6, PAD: (before["PAD"] ?? 0) + 4 });
    });

    it("an order, its change and its cancellation are applied in their order, and once", async () => {
      const order = (tag: "BEG" | "BCH", purpose: string, quantity: string) => ({
        type: tag === "BEG" ? "850" : "860",
        segments: [
          tag === "BEG"
            ? [tag, purpose, "SA", "PO-77", "", "20260301"]
            : [tag, purpose, "SA", "PO-77", "", "", "20260301"],
          ["N1", "ST", "", "92", "HALL"],
          tag === "BEG"
            ? ["PO1", "1", quantity, "EA", "", "", "BP", "PEN"]
            : ["POC", "1", "QI", quantity, "", "EA", "", "", "BP", "PEN"],
        ],
      });
      const document = writeX12([order("BEG", "00", "10"), order("BCH", "05", "7")], { control: "000000050" });
      expect((await post(target(), "x12", document, token)).body).toMatchObject({ accepted: 2, rejectedCount: 0 });
      expect((await post(target(), "x12", document, token)).body).toMatchObject({ duplicate: 2, rejectedCount: 0 });
      const { purchaseOrder } = await target().connector.request<{ purchaseOrder: unknown }>(
        '{ purchaseOrder(id: "PO-77") { status lines { ordered } } }',
      );
      expect(purchaseOrder).toEqual({ status: "PENDING", lines: [{ ordered: 7 }] });
      const warehouse = await target().token("wms-2", ["connector-wms"]);
      const other = writeX12([order("BEG", "00", "10")], { control: "000000051" });
      expect((await post(target(), "x12", other, warehouse)).status).toBe(403);
    });

    it("a table is taken by its mapping, and checked without a server", async () => {
      const table = join(directory, "counted.csv");
      const mapping = join(directory, "mapping.json");
      writeFileSync(table, "Item,Counted\nPEN,40\nPAD,50\nPEN,2\n");
      const values = { locationId: "HALL", occurredAt: "2026-03-02" };
      const columns = { sku: "Item", quantity: "Counted" };
      writeFileSync(mapping, JSON.stringify({ type: "SNAPSHOT", columns, values }));
      const nowhere = { ...target(), url: "http://127.0.0.1:1/graphql" };
      const dry = await intake(nowhere, token, table, "--mapping", mapping, "--dry-run");
      expect(dry).toMatchObject({ exitCode: 0, lines: [{ format: "csv", accepted: 2, events: 2 }] });
      expect(await intake(target(), token, table, "--mapping", mapping)).toMatchObject({ lines: [{ accepted: 2 }] });
      expect(await onHand(target())).toEqual({ PEN: 42, PAD: 50 });
      const unknown = join(directory, "note.txt");
      writeFileSync(unknown, "Dear Sirs");
      expect(await intake(target(), token, unknown)).toMatchObject({
        exitCode: 1,
        lines: [{ format: null, rejected: [{ code: "FORMAT_UNKNOWN" }] }],
      });
    });

    it("only connectors may send, within the limit, and what is known", async () => {
      const document = JSON.stringify(fact("g", 1));
      const person = await target().token("walter", ["warehouse"]);
      expect(await post(target(), "cloudevents", document)).toMatchObject({ status: 401 });
      expect(await post(target(), "cloudevents", document, person)).toMatchObject({ status: 403 });
      expect(await post(target(), "tarot", document, token)).toMatchObject({ status: 400 });
      const large = await post(target(), "cloudevents", " ".repeat(limits.intakeBodyBytesMax + 1), token);
      expect(await post(target(), "cloudevents", endless(), token)).toMatchObject({ status: 413 });
      expect(large).toMatchObject({ status: 413, body: { errors: [{ extensions: { code: "PAYLOAD_TOO_LARGE" } }] } });
    });
  },
  ["embedded"],
);

/** A body that does not say how long it is. */
function endless(): ReadableStream<Uint8Array> {
  const blanks = new Uint8Array(65_536).fill(32);
  let left = limits.intakeBodyBytesMax / blanks.length + 8;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(blanks);
      else controller.close();
    },
  });
}

async function post(target: Target, format: string, body: string | ReadableStream<Uint8Array>, token?: string) {
  const response = await fetch(target.url.replace("/graphql", `/intake/${format}`), {
    method: "POST",
    headers: { "content-type": json, ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body,
    ...(typeof body === "string" ? {} : { duplex: "half" }),
  } as RequestInit);
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
