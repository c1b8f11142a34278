/**
 * A small balancer in front of processes that do the same: in turn, to those that say they are ready.
 *
 * As an operator's would: it asks `/readyz`, sends nothing new to whoever is not ready, and tries elsewhere only what
 * cannot have had an effect: what never arrived, or only asks. Sockets are passed through. Decides nothing else.
 */
import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";

export interface Balancer {
  /** Of the API behind it. */
  readonly url: string;
  readonly port: number;
  /** Requests that were tried at another process. */
  moved(): number;
  /** Starts to ask who is ready. Resolves when one is. */
  open(): Promise<void>;
  close(): Promise<void>;
}

interface Backend {
  readonly port: number;
  isReady: boolean;
}

const host = "127.0.0.1";
const askEveryMs = 100;
const askForMs = 1_000;
/** How long a request waits for somebody to be ready. */
const waitMs = 5_000;

export async function createBalancer(ports: readonly number[]): Promise<Balancer> {
  const backends: Backend[] = ports.map((port) => ({ port, isReady: false }));
  const agent = new Agent({ keepAlive: true });
  const sockets = new Set<Duplex>();
  let turn = 0;
  let moved = 0;
  let closed = false;

  /** The next in turn that is ready and not one of `tried`; none within the time: null. */
  async function next(tried: ReadonlySet<Backend>): Promise<Backend | null> {
    for (const untilMs = Date.now() + waitMs; Date.now() < untilMs && !closed; await wait(20)) {
      const ready = backends.filter((backend) => backend.isReady && !tried.has(backend));
      if (ready.length > 0) return ready[turn++ % ready.length] as Backend;
    }
    return null;
  }

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray());
    const tried = new Set<Backend>();
    for (;;) {
      const backend = await next(tried);
      if (!backend) return void outgoing.writeHead(502).end();
      tried.add(backend);
      try {
        return await forward(backend, incoming, body, outgoing, agent);
      } catch (error) {
        const never = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
        if (outgoing.headersSent || !(never || onlyAsks(body))) return void outgoing.destroy();
        moved += 1;
      }
    }
  }

  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing).catch(() => outgoing.destroy()));
  server.on("upgrade", async (incoming: IncomingMessage, near: Duplex, head: Buffer) => {
    near.on("error", () => {});
    const backend = await next(new Set());
    if (!backend) return near.destroy();
    const far = connect(backend.port, host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    join(near, far, `${headOf(incoming)}\r\n`, head);
  });
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const asking = new Set<Promise<void>>();

  return {
    url: `http://${host}:${port}/graphql`,
    port,
    moved: () => moved,
    async open() {
      for (const backend of backends) asking.add(watch(backend, () => closed));
      await next(new Set());
    },
    async close() {
      closed = true;
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      agent.destroy();
      await Promise.all(asking);
    },
  };
}

async function watch(backend: Backend, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    backend.isReady = await saysReady(backend.port);
    await wait(askEveryMs);
  }
}

function saysReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get({ host, port, path: "/readyz", agent: false, timeout: askForMs }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once("timeout", () => asked.destroy());
    asked.once("error", () => resolve(false));
  });
}

/** Resolves when the answer is through; fails when there was none. */
function forward(
  { port }: Backend,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  outgoing: ServerResponse,
  agent: Agent,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { connection: _, ...own } = headers;
    const asked = request({ host, port, method, path: url, headers: own, agent });
    asked.once("error", reject);
    asked.once("response", (answer) => {
      const { connection: __, "keep-alive": ___, "transfer-encoding": ____, ...theirs } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, theirs);
      answer.pipe(outgoing);
      answer.once("error", reject);
      answer.once("end", () => resolve());
    });
    // Whoever asked has gone; a connection that has been given back is somebody else's by then.
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) asked.destroy();
    });
    asked.end(body);
  });
}

/** A GraphQL document that begins with a query, in JSON. */
function onlyAsks(body: Buffer): boolean {
  return body.length === 0 || !/"query"\s*:\s*"\s*mutation/.test(body.toString("utf8"));
}

function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1]}\r\n`] : []));
  return `${method} ${url} HTTP/1.1\r\n${lines.join("")}`;
}

/** Two ends of one connection; when one goes, so does the other. */
function join(near: Duplex, far: Socket, ...first: readonly (string | Buffer)[]): void {
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on("error", () => other.destroy());
    one.once("close", () => other.destroy());
  }
  for (const bytes of first) far.write(bytes);
  near.pipe(far);
  far.pipe(near);
}
