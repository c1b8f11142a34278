/**
 * Every field for every role and for nobody, asked of its owner and through every door: let in exactly where
 * docs/permissions.md says so, and refused with nothing but the code.
 *
 * What a field answers to whoever is let in is no matter here: an unknown document is an answer.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callers } from "../../cli/permission-table.ts";
import { isAllowed } from "../../shared/access.ts";
import { systemClock } from "../../shared/clock.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import type { Subgraph } from "../../shared/graphql/subgraph.ts";
import { type Identity, issueToken } from "../../shared/identity.ts";
import { createSystem, type System } from "../../system.ts";
import { entityQuestions, owners, rootQuestions, type Tables } from "../helpers/callers.ts";
import { createScratch, type Scratch } from "../helpers/databases.ts";
import { type Answer, send } from "../helpers/gateways.ts";
import { openSocket, type Socket } from "../helpers/subscriptions.ts";

const refusals = ["UNAUTHENTICATED", "FORBIDDEN"];

let scratch: Scratch;
let system: System;
let keys = 0;
const key = () => `permission-${++keys}`;

beforeAll(async () => {
  scratch = createScratch("sqlite", { AUTH_SECRET: "a-secret-that-only-the-tests-know" });
  system = await createSystem(scratch.config);
  await system.start();
  // Known everywhere: nobody waits for master data that never comes.
  await run(subgraph("erp"), admin, saveAll);
  await system.drain();
}, 30_000);
afterAll(async () => {
  await system.stop();
  await scratch.remove();
});

const admin = callers.at(-1)?.identity as Identity;
const saveAll = `mutation {
  saveProducts(input: { idempotencyKey: "p", products: [{ sku: "A", name: "A", baseUnit: "EA" }] }) { replayed }
  saveLocations(input: { idempotencyKey: "l", locations: [
    { id: "EAST", name: "East", type: WAREHOUSE }, { id: "WEST", name: "West", type: WAREHOUSE }] }) { replayed } }`;

function subgraph(name: string): Subgraph {
  return system.subgraphs.find((one) => one.name === name) as Subgraph;
}

function run(owner: Subgraph, identity: Identity, query: string, variables = {}): Promise<OperationResult> {
  return owner.execute({ query, variables }, { identity, correlationId: "c" });
}

function expected({ access }: Tables, coordinate: string, identity: Identity): string | null {
  if (isAllowed(access[coordinate] ?? "anyone", identity)) return null;
  return identity.person === null ? "UNAUTHENTICATED" : "FORBIDDEN";
}

function refusalIn(errors: Answer["errors"] | OperationResult["errors"], at?: string): string | null {
  const codes = (errors ?? [])
    .filter(({ path }) => at === undefined || path?.includes(at))
    .map(({ extensions }) => String(extensions?.["code"]));
  return codes.find((code) => refusals.includes(code)) ?? null;
}

/** All at once: a command may wait a moment for a document that it does not know. */
function forAll<T>(cells: readonly T[], check: (cell: T) => Promise<void>): Promise<unknown> {
  expect(cells.length).toBeGreaterThan(0);
  return Promise.all(cells.map(check));
}

function isEmpty(data: object | null | undefined): boolean {
  return Object.values(data ?? {}).every((value) => value === null);
}

describe.each(owners)("$name, asked directly", (owner) => {
  it("lets in by root field whom its table lets in, and answers the others nothing", async () => {
    const { schema } = subgraph(owner.name);
    const cells = callers.flatMap((caller) => rootQuestions(schema, key).map((question) => ({ caller, ...question })));
    const ruled = Object.keys(owner.access).filter((at) => /^(Query|Mutation|Subscription)\./.test(at));
    expect([...new Set(cells.map(({ coordinate }) => coordinate))].sort()).toEqual(ruled.sort());
    await forAll(cells, async ({ caller: { name, identity }, coordinate, text }) => {
      const { data, errors } = await run(subgraph(owner.name), identity, text);
      const refusal = expected(owner, coordinate, identity);
      expect([name, coordinate, refusalIn(errors)]).toEqual([name, coordinate, refusal]);
      if (refusal !== null) expect([coordinate, errors?.length, isEmpty(data)]).toEqual([coordinate, 1, true]);
    });
  }, 20_000);

  it("lets in by field of an entity, whatever reference led to it", async () => {
    const questions = entityQuestions(subgraph(owner.name).schema);
    const cells = callers.flatMap((caller) => questions.map((question) => ({ caller, ...question })));
    await forAll(cells, async ({ caller: { name, identity }, coordinates, text, variables }) => {
      const { data, errors } = await run(subgraph(owner.name), identity, text, variables);
      const [entity] = (data?.["_entities"] ?? []) as (Record<string, unknown> | null)[];
      for (const coordinate of coordinates) {
        const field = coordinate.split(".")[1] as string;
        const refusal = expected(owner, coordinate, identity);
        expect([name, coordinate, refusalIn(errors, field)]).toEqual([name, coordinate, refusal]);
        if (refusal !== null) expect(entity?.[field] ?? null).toBeNull();
      }
    });
  });

  it("guards no other field but those that only guarded ones lead to", () => {
    const entities = entityQuestions(subgraph(owner.name).schema).flatMap(({ coordinates }) => coordinates);
    const others = Object.keys(owner.access).filter((at) => !/^(Query|Mutation|Subscription)\./.test(at));
    const unreached = others.filter((at) => !entities.includes(at));
    expect(unreached.filter((at) => at !== "ChannelPolicy.effect")).toEqual([]);
    for (const at of unreached) expect(owner.access[at]).toBe(owner.access["Query.channelPolicies"]);
  });
});

describe("through the gateway", () => {
  /** One field for each rule that there is, with somebody whom it lets in, somebody whom it does not, and nobody. */
  const sample = () => {
    const seen = new Set<string>();
    return owners.flatMap((owner) =>
      rootQuestions(subgraph(owner.name).schema, key)
        // Those two wait for a transfer that they do not know.
        .filter(({ kind, coordinate }) => kind !== "subscription" && !/(ship|receive)Transfer$/.test(coordinate))
        .filter(({ kind, coordinate }) => {
          const rule = `${kind} ${JSON.stringify(owner.access[coordinate])}`;
          return !seen.has(rule) && seen.add(rule);
        })
        .flatMap((question) => {
          const allowed = callers.findLast(({ identity }) => expected(owner, question.coordinate, identity) === null);
          const refused = callers.findLast(({ identity }) => expected(owner, question.coordinate, identity) !== null);
          return [...new Set([allowed, refused, callers[0]])].flatMap((caller) =>
            caller ? [{ ...question, caller, refusal: expected(owner, question.coordinate, caller.identity) }] : [],
          );
        }),
    );
  };
  const tokenOf = ({ person, roles }: Identity) =>
    issueToken(scratch.config.auth, { person: person ?? "", roles: [...roles] }, systemClock);
  const headersOf = async (identity: Identity): Promise<Record<string, string>> => ({
    "content-type": "application/json",
    ...(identity.person === null ? {} : { authorization: `Bearer ${await tokenOf(identity)}` }),
  });
  const post = async (identity: Identity, body: unknown) =>
    send(system.url(), { method: "POST", headers: await headersOf(identity), body: JSON.stringify(body) });

  it("over POST, and queries over GET, as the owner does", async () => {
    await forAll(sample(), async ({ text, kind, coordinate, caller, refusal }) => {
      const query = text.replaceAll(/permission-\d+/g, key);
      const answers = [await post(caller.identity, { query })];
      if (kind === "query") {
        const headers = await headersOf(caller.identity);
        answers.push(await send(`${system.url()}?query=${encodeURIComponent(query)}`, { headers }));
      }
      for (const { errors, data } of answers) {
        expect([caller.name, coordinate, refusalIn(errors)]).toEqual([caller.name, coordinate, refusal]);
        if (refusal !== null) expect(isEmpty(data)).toBe(true);
      }
    });
  });

  it("over WebSocket", async () => {
    const sockets = new Map<string, Socket>();
    for (const { name, identity } of callers) {
      sockets.set(name, openSocket(system.url(), identity.person === null ? undefined : await tokenOf(identity)));
    }
    await forAll(sample(), async ({ text, coordinate, caller, refusal }) => {
      const socket = sockets.get(caller.name) as Socket;
      const answer = await socket
        .ask(text.replaceAll(/permission-\d+/g, key))
        .catch((errors: Answer["errors"]) => ({ errors, data: null }));
      const errors = answer.errors as Answer["errors"] | undefined;
      expect([caller.name, coordinate, refusalIn(errors)]).toEqual([caller.name, coordinate, refusal]);
      if (refusal !== null) expect(isEmpty(answer.data)).toBe(true);
    });
    for (const socket of sockets.values()) await socket.client.dispose();
  });

  it("refuses several operations in one request, whoever sends them", async () => {
    for (const { identity } of callers) {
      const { data, errors } = await post(identity, [{ query: "{ __typename }" }, { query: "{ __typename }" }]);
      expect([data, errors.map(({ extensions }) => extensions["code"])]).toEqual([undefined, ["BAD_USER_INPUT"]]);
    }
  });
});
