/**
 * Documents by chance at the door, over POST, GET and WebSocket: each is answered, none with a defect of ours, and the
 * gateway is afterwards what it was before.
 *
 * DOCUMENTS=1000000 sends that many, from SEED on, and demands that no turn of the event loop takes 200 ms; the
 * suite's own share takes some seconds beside other tests, where a turn may be as long as those let it be.
 */
import { Agent, request as httpRequest } from "node:http";
import { buildSchema } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorTable } from "../../shared/errors.ts";
import { chanceFrom, type FuzzedRequest, fuzzedRequests } from "../helpers/fuzzed-documents.ts";
import { type Door, openDoor } from "../helpers/fuzzed-door.ts";
import { readText } from "../helpers/repository.ts";
import { documentCount, isFullFuzz, seed } from "../helpers/rush.ts";
import { openSocket } from "../helpers/subscriptions.ts";

const atOnce = 16;
const lookEvery = Math.ceil(documentCount / 20);
/** Codes that GraphQL itself uses for requests over HTTP, beside those of our table. */
const known = new Set([...Object.keys(errorTable), "PERSISTED_QUERY_NOT_FOUND"]);

describe("documents by chance", () => {
  let door: Door;
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  beforeAll(async () => {
    door = await openDoor();
  }, 120_000);
  afterAll(async () => {
    agent.destroy();
    await door.stop();
  });

  it(`${documentCount} of them are answered, over HTTP`, async ({ annotate }) => {
    const next = fuzzedRequests(buildSchema(readText("releases/api.graphql")), chanceFrom(seed));
    const wrong: unknown[] = [];
    const seen = new Map<string, number>();
    let sent = 0;
    async function sendSome(): Promise<void> {
      while (sent < documentCount && wrong.length < 5) {
        sent += 1;
        if (sent % lookEvery === 0) await door.look();
        const asked = next();
        const { status, body } = sent % 10 === 0 ? await get(asked) : await post(asked);
        const outcome = outcomeOf(body);
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        // A machine that others use as well may be late, and the gateway then says so.
        const late = outcome === "OVERLOADED" && !isFullFuzz;
        if ((status >= 500 && !late) || !(known.has(outcome) || outcome === "answered") || outcome === "INTERNAL") {
          wrong.push({ sent, status, body: body.slice(0, 500), asked });
        }
      }
    }
    await door.look();
    await Promise.all(Array.from({ length: atOnce }, sendSome));
    expect(wrong).toEqual([]);
    await annotate(
      [...seen]
        .sort(([, a], [, b]) => b - a)
        .map(([outcome, times]) => `${outcome} ${times}`)
        .join(", "),
    );
    for (const outcome of ["answered", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"]) {
      expect(seen.get(outcome), outcome).toBeGreaterThan(documentCount / 1_000);
    }
    await annotate(`documents from seed ${seed}: ${await door.judge(isFullFuzz ? 200 : 5_000)}`);
  }, 3_600_000);

  it("and over WebSocket", async () => {
    const next = fuzzedRequests(buildSchema(readText("releases/api.graphql")), chanceFrom(seed + 1));
    const count = Math.ceil(documentCount / 20);
    const wrong: unknown[] = [];
    const socket = openSocket(door.url, door.token);
    let sent = 0;
    async function sendSome(): Promise<void> {
      while (sent < count && wrong.length < 5) {
        sent += 1;
        const { query, variables } = next();
        // The protocol itself says what these are; bytes.test.ts breaks it.
        const answer = await socket.ask(query, isRecord(variables) ? variables : {}).catch((error: unknown) => error);
        const text = JSON.stringify(answer instanceof Error ? answer.message : answer) ?? "";
        if (answer instanceof Error || text.includes('"INTERNAL"')) wrong.push({ answer: text, query, variables });
      }
    }
    await Promise.all(Array.from({ length: atOnce }, sendSome));
    await socket.client.dispose();
    expect(wrong).toEqual([]);
    expect(sent).toBe(count);
    await door.judge(isFullFuzz ? 200 : 5_000);
  }, 3_600_000);

  function post(asked: FuzzedRequest): Promise<Reply> {
    return send("POST", "", JSON.stringify(asked));
  }

  function get({ query, variables }: FuzzedRequest): Promise<Reply> {
    const given = variables === undefined ? "" : `&variables=${encodeURIComponent(JSON.stringify(variables))}`;
    const search = `?query=${encodeURIComponent(query)}${given}`;
    return search.length > 8_000 ? post({ query }) : send("GET", search, null);
  }

  function send(method: string, search: string, body: string | null): Promise<Reply> {
    const headers = {
      authorization: `Bearer ${door.token}`,
      "apollo-require-preflight": "true",
      ...(body === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const request = httpRequest(`${door.url}${search}`, { method, agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      });
      request.on("error", reject);
      request.end(body ?? undefined);
    });
  }
});

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** The code of the first error; "answered" where there is none. */
function outcomeOf(body: string): string {
  try {
    const { errors } = JSON.parse(body) as { errors?: { extensions?: { code?: string } }[] };
    const internal = errors?.find(({ extensions }) => extensions?.code === "INTERNAL");
    return (internal ?? errors?.[0])?.extensions?.code ?? (errors ? "without a code" : "answered");
  } catch {
    return `not JSON: ${body.slice(0, 100)}`;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
