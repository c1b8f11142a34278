/**
 * One request and its answer, checked: a server that answers wrongly is not measured.
 *
 * For answers looked at one by one; load is `load.ts`.
 */
import { isDeepStrictEqual } from "node:util";

/** The reply as text. Fails when it is not 200, or carries errors. */
export async function ask(url: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  const { errors } = JSON.parse(text) as { errors?: unknown };
  if (response.status !== 200 || errors !== undefined) {
    throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`);
  }
  return text;
}

/** Fails when the server's data is not the expected reply's. */
export async function assertSameAnswer(
  url: string,
  body: string,
  expected: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const dataOf = (text: string) => (JSON.parse(text) as { data: unknown }).data;
  const answer = await ask(url, body, headers);
  if (!isDeepStrictEqual(dataOf(answer), dataOf(expected))) {
    throw new Error(`${url} gives another answer than the gateway: ${answer.slice(0, 500)}`);
  }
}
