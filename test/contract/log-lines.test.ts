/**
 * What a running system writes into its log: which request a line belongs to, and nothing that is nobody's business.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { issueToken } from "../../shared/identity.ts";
import { createLogger } from "../../shared/logging.ts";
import { createSystem, type System } from "../../system.ts";
import { createScratch, type Scratch } from "../helpers/databases.ts";
import { send } from "../helpers/gateways.ts";
import { tamper } from "../helpers/plain-sql.ts";
import { openSocket } from "../helpers/subscriptions.ts";
import { given, givenTraceparent } from "../helpers/traces.ts";

const secret = "signing-secret-of-nobody-but-these-tests";
/** What people write, and what only they may know. */
const words = { name: "Zyxwvut Lampenschirm", note: "Qwertz told me so on the phone", guess: "guessed-token-4711" };

type Line = Readonly<Record<string, unknown>>;

describe("log lines", () => {
  let scratch: Scratch;
  let system: System;
  let token: string;
  const written: string[] = [];

  beforeAll(async () => {
    scratch = createScratch("sqlite", { AUTH_SECRET: secret });
    system = await createSystem(scratch.config, {
      log: createLogger("debug", { write: (line) => void written.push(line) }),
    });
    await system.start();
    token = await issueToken(scratch.config.auth, { person: "p-1", roles: ["admin"] }, systemClock);
  });
  afterAll(async () => {
    await system.stop();
    await scratch.remove();
  });

  /** Since then, but for what the system says of its own accord. */
  function linesFrom(from: number): Line[] {
    const lines = written.slice(from).map((line) => JSON.parse(line) as Line);
    return lines.filter(({ message }) => message !== "audit head");
  }

  /** The lines of one request, which came with a correlation id and a trace of its own. */
  async function linesOf(body: string, headers: Readonly<Record<string, string>> = {}): Promise<Line[]> {
    const correlationId = randomUUID();
    const from = written.length;
    const story = { "x-correlation-id": correlationId, traceparent: givenTraceparent };
    await send(system.url(), {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...story, ...headers },
      body,
    });
    const lines = linesFrom(from);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatchObject({ correlationId, traceId: given.traceId });
    return lines;
  }

  const question = (query: string, variables: object = {}) => JSON.stringify({ query, variables });
  const messages = (lines: readonly Line[]) => lines.map(({ message }) => message);
  const save = question(
    `mutation Save($p: SaveProductsInput!, $l: SaveLocationsInput!) { saveProducts(input: $p) { userErrors { code } }
      saveLocations(input: $l) { userErrors { code } } }`,
    {
      p: { idempotencyKey: "k-p", products: [{ sku: "A", name: words.name, baseUnit: "EA" }] },
      l: { idempotencyKey: "k-l", locations: [{ id: "L", name: words.name, type: "WAREHOUSE" }] },
    },
  );
  const fact = question(
    "mutation ($input: RecordStockEventsInput!) { recordStockEvents(input: $input) { results { status code } } }",
    {
      input: {
        idempotencyKey: "k-e",
        events: [
          {
            ...{ id: "e-1", type: "RECEIPT", sku: "A", locationId: "L", quantity: 1, note: words.note },
            ...{ occurredAt: "2026-01-05T09:00:00Z", documentRef: { type: "PURCHASE_ORDER", id: "PO", line: "1" } },
          },
        ],
      },
    },
  );

  it("of a request have its correlation id and its trace, whichever way it went", async () => {
    expect(messages(await linesOf(save))).toEqual(["operation"]);
    await system.drain();
    expect(messages(await linesOf(fact))).toEqual(["operation"]);
    await system.drain();
    for (let time = 1; time <= 3; time++) {
      expect(messages(await linesOf(question("query Names { products { nodes { sku name } } }")))).toEqual([
        "operation",
      ]);
    }
  });

  it("of a refused request as well", async () => {
    expect(messages(await linesOf(save, { authorization: `Bearer ${words.guess}` }))).toContain("token refused");
    expect(messages(await linesOf("{ not json"))).toEqual(["request refused"]);
    expect(messages(await linesOf(question("{ nonsense }")))).toEqual(["operation"]);
  });

  it("of a defect as well, with what happened and without the statement", async () => {
    await tamper(scratch.config, "wms", "ALTER TABLE stock_movements RENAME TO somewhere_else");
    const lines = await linesOf(fact.replace("k-e", "k-e-2").replace("e-1", "e-2"));
    await tamper(scratch.config, "wms", "ALTER TABLE somewhere_else RENAME TO stock_movements");
    expect(messages(lines)).toEqual(["internal error", "operation"]);
    expect(lines[0]).toMatchObject({
      incidentId: expect.any(String),
      error: { type: "QueryFailedError", message: expect.stringContaining("stock_movements") },
    });
  });

  it("of a socket have the correlation id it came with", async () => {
    const from = written.length;
    const socket = openSocket(system.url(), words.guess);
    await socket.closed;
    const lines = linesFrom(from);
    expect(lines).toMatchObject([{ message: "token refused", correlationId: expect.stringMatching(/./) }]);
  });

  it("have no token, no secret, no name and no note", async () => {
    const all = written.join("");
    expect(all).toContain('"Save"');
    const signature = token.slice(token.lastIndexOf(".") + 1);
    for (const text of [secret, token, signature, ...Object.values(words)]) expect(all).not.toContain(text);
  });
});
