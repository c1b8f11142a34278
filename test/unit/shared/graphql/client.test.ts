/**
 * The API client: what it sends, what it tries again, and how it fails.
 *
 * The network and the waiting are given, so nothing here takes time.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../../../shared/errors.ts";
import { type ApiClientOptions, ApiError, createApiClient } from "../../../../shared/graphql/client.ts";

type Answer = Response | Error;

let sent: { url: string; init: RequestInit }[];
let waits: number[];

beforeEach(() => {
  sent = [];
  waits = [];
});

function clientOf(answers: readonly (() => Answer)[], options: Partial<ApiClientOptions> = {}) {
  return createApiClient({
    url: "http://127.0.0.1:4000/graphql",
    fetch: async (url, init) => {
      const answer = (answers[sent.length] ?? answers.at(-1))?.();
      sent.push({ url, init });
      if (answer instanceof Response) return answer;
      throw answer;
    },
    wait: async (ms) => {
      waits.push(ms);
    },
    ...options,
  });
}

const ok = () => new Response(JSON.stringify({ data: { n: 1 } }));
const refused = () => new TypeError("fetch failed", { cause: Object.assign(new Error(), { code: "ECONNREFUSED" }) });
const status = (code: number) => () => new Response("<html>", { status: code });
const errors =
  (...codes: string[]) =>
  () =>
    new Response(
      JSON.stringify({ data: null, errors: codes.map((code) => ({ message: code, extensions: { code } })) }),
    );

async function failureOf(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => "no failure",
    (error: unknown) => error,
  );
}

describe("a request", () => {
  it("carries document, variables and token, and gives the data", async () => {
    const client = clientOf([ok], { token: "secret" });
    expect(await client.request("query Q { n }", { first: 1 })).toEqual({ n: 1 });
    expect(JSON.parse(String(sent[0]?.init.body))).toEqual({ query: "query Q { n }", variables: { first: 1 } });
    expect(sent[0]?.init.headers).toMatchObject({ authorization: "Bearer secret", "content-type": "application/json" });
  });

  it("without a token is anonymous", async () => {
    await clientOf([ok]).request("{ n }");
    expect(sent[0]?.init.headers).not.toHaveProperty("authorization");
  });
});

describe("trying again", () => {
  it.each([
    ["nobody listens", refused],
    ["a proxy has nobody behind it", status(503)],
    ["a source is away", errors("SOURCE_UNAVAILABLE")],
    ["the work took too long", errors("DEADLINE_EXCEEDED")],
  ])("helps when %s for a moment; the wait doubles", async (_, failure) => {
    expect(await clientOf([failure, failure, failure, ok]).request("{ n }")).toEqual({ n: 1 });
    expect(waits).toEqual([200, 400, 800]);
  });

  it("ends after so many attempts", async () => {
    const failure = await failureOf(clientOf([refused], { attemptsMax: 3 }).request("{ n }"));
    expect(sent).toHaveLength(3);
    expect(failure).toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: "http://127.0.0.1:4000/graphql does not answer: ECONNREFUSED.",
    });
  });

  it.each([
    ["FORBIDDEN", errors("FORBIDDEN")],
    ["BAD_USER_INPUT", errors("SOURCE_UNAVAILABLE", "BAD_USER_INPUT")],
    ["an error without a code", () => new Response(JSON.stringify({ errors: [{ message: "?" }] }))],
  ])("is of no use for %s", async (_, failure) => {
    expect(await failureOf(clientOf([failure]).request("{ n }"))).toBeInstanceOf(ApiError);
    expect(sent).toHaveLength(1);
  });
});

describe("a failure", () => {
  it("has the server's errors and the code of the first", async () => {
    const failure = await failureOf(clientOf([errors("FORBIDDEN", "INTERNAL")]).request("{ n }"));
    expect(failure).toMatchObject({ code: "FORBIDDEN", message: "FORBIDDEN" });
    expect((failure as ApiError).errors).toHaveLength(2);
  });

  it("of a token keeps its code although the status is 401", async () => {
    const body = JSON.stringify({ errors: [{ message: "no", extensions: { code: "UNAUTHENTICATED" } }] });
    const failure = await failureOf(clientOf([() => new Response(body, { status: 401 })]).request("{ n }"));
    expect(failure).toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("is not hidden when what answers is no GraphQL server", async () => {
    const failure = await failureOf(clientOf([status(404)]).request("{ n }"));
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("answered 404") });
    expect(sent).toHaveLength(1);
  });
});
