/**
 * The balancer of rolling restarts: only who says it is ready gets anything, and only what had no effect goes elsewhere.
 *
 * Over real sockets, with processes that are small servers of the test's own.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Balancer, createBalancer } from "../../../torture/balancer.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Backend {
  readonly port: number;
  status: number;
  asked: number;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

async function serve(name: string): Promise<Backend> {
  const backend: Backend = {
    port: 0,
    status: 200,
    asked: 0,
    answer: (_, response) => response.end(name),
  };
  const server = createServer((request, response) => {
    if (request.url === "/readyz") return response.writeHead(backend.status).end();
    backend.asked += 1;
    return backend.answer(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(backend, { port: (server.address() as AddressInfo).port });
}

async function open(backends: readonly Backend[]): Promise<Balancer> {
  const balancer = await createBalancer(backends.map(({ port }) => port));
  closing.push(() => balancer.close());
  await balancer.open();
  return balancer;
}

const patience = { timeout: 10_000, interval: 10 };

const post = (balancer: Balancer, query: string) =>
  fetch(balancer.url, { method: "POST", body: JSON.stringify({ query }) }).then((response) => response.text());

describe("a balancer", () => {
  it("sends nothing more to a process that says it is stopping", async () => {
    const [a, b] = [await serve("a"), await serve("b")];
    const balancer = await open([a, b]);
    await vi.waitFor(async () => expect(await post(balancer, "{ x }")).toBe("b"), patience);
    a.status = 503;
    await vi.waitFor(async () => {
      const before = a.asked;
      for (let n = 0; n < 4; n++) expect(await post(balancer, "mutation { x }")).toBe("b");
      expect(a.asked).toBe(before);
    }, patience);
  });

  it("tries a question elsewhere when it is cut off, and a mutation never", async () => {
    const [a, b] = [await serve("a"), await serve("b")];
    const balancer = await open([a, b]);
    for (const backend of [a, b]) {
      await vi.waitFor(async () => expect(await post(balancer, "{ x }")).toBe(backend === a ? "a" : "b"), patience);
    }
    a.answer = (request) => request.socket.destroy();
    for (let n = 0; n < 4; n++) expect(await post(balancer, "{ x }")).toBe("b");
    expect(balancer.moved()).toBeGreaterThan(0);
    const mutations = await Promise.allSettled([1, 2].map(() => post(balancer, "mutation { x }")));
    expect(mutations.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});
