/**
 * One WebSocket: who is at the other end, for how long, and how it ends.
 *
 * Bounded in what may wait to be written and in time without an answer; a token that expires ends it. Whatever ends it
 * has a code of `close-codes.ts`. Knows nothing of what is asked on it.
 */
import type { IncomingMessage } from "node:http";
import type { Server } from "graphql-ws";
import type { WebSocket } from "ws";
import type { Clock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { correlationIdOf } from "../../shared/graphql/correlation.ts";
import { type Authenticator, anonymous, type Identity } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { addressOf } from "../address.ts";
import { callerName } from "../admission/rate-limit.ts";
import { type CloseName, closeCodes } from "./close-codes.ts";
import type { Caller } from "./operations.ts";

export interface SocketParts {
  readonly operations: Server<Caller>;
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly log: Logger;
  readonly proxies: number;
  /** How to leave again; undefined: there are too many of this name already. */
  readonly enter: (name: string) => (() => void) | undefined;
}

type Params = Readonly<Record<string, unknown>> | undefined;

export function serveSocket(ws: WebSocket, request: IncomingMessage, parts: SocketParts): void {
  const { operations } = parts;
  const log = parts.log.child({ correlationId: correlationIdOf(request) });
  const stops: (() => void)[] = [keepAlive(ws)];
  const close = (name: CloseName) => closeSocket(ws, name);
  const caller: Caller = { identity: anonymous, name: "", send: (text) => send(ws, text), connect, close };

  async function connect(params: Params): Promise<boolean> {
    const identity = await identify(params, request, { ...parts, log });
    const refusal = typeof identity === "string" ? identity : admit(identity);
    if (refusal) close(refusal);
    // Gone in the meantime: what was taken is given back.
    if (ws.readyState !== ws.OPEN) release();
    return refusal === null;
  }

  function admit(identity: Identity): CloseName | null {
    const { expiresAtMs } = identity;
    const name = callerName(identity, () => addressOf(request, parts.proxies));
    const leave = parts.enter(name);
    if (!leave) return "TOO_MANY_CONNECTIONS";
    stops.push(leave);
    if (expiresAtMs !== undefined) stops.push(at(parts.clock, expiresAtMs, () => close("TOKEN_EXPIRED")));
    caller.identity = identity;
    caller.name = name;
    return null;
  }

  function release(): void {
    for (const stop of stops.splice(0)) stop();
  }

  const closed = operations.opened(
    {
      protocol: ws.protocol,
      send: caller.send,
      close: (code, reason) => ws.close(code, reason),
      onMessage: (handle) =>
        ws.on("message", (data) => {
          handle(String(data)).catch((error) => {
            log.error({ error }, "a socket's message was not handled");
            close("INTERNAL");
          });
        }),
    },
    caller,
  );
  // Whatever is wrong with the bytes of a client, ws closes the socket with the code for it.
  ws.on("error", (error) => log.debug({ error }, "socket"));
  ws.once("close", (code, reason) => {
    release();
    closed(code, String(reason)).catch((error) => log.error({ error }, "a socket did not close cleanly"));
  });
}

export function closeSocket(ws: WebSocket, name: CloseName): void {
  const { code, reason } = closeCodes[name];
  ws.close(code, reason);
}

/** From the first message, or from the upgrade request; or why there is a token and nobody knows whose. */
async function identify(
  params: Params,
  { headers }: IncomingMessage,
  { authenticator, log }: SocketParts,
): Promise<Identity | CloseName> {
  const given = params?.["authorization"] ?? params?.["Authorization"] ?? headers.authorization;
  if (given !== undefined && given !== null && typeof given !== "string") return "UNAUTHENTICATED";
  try {
    return await authenticator.authenticate(given ?? undefined);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.info({ reason: error.message }, "token refused");
    return error.code === "IDENTITY_UNAVAILABLE" ? error.code : "UNAUTHENTICATED";
  }
}

/** Resolves when the text is on its way: until then the library sends nothing more of the same operation. */
function send(ws: WebSocket, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (ws.readyState !== ws.OPEN) return resolve();
    if (ws.bufferedAmount > limits.socketBufferedBytesMax) {
      closeSocket(ws, "TOO_SLOW");
      return resolve();
    }
    // An error means that the socket is closing, which it says itself.
    ws.send(text, () => resolve());
  });
}

/** A peer that does not answer a ping until the next one is due is gone. */
function keepAlive(ws: WebSocket): () => void {
  let isAlive = true;
  ws.on("pong", () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) return ws.terminate();
    isAlive = false;
    ws.ping();
  }, limits.socketPingMs);
  return () => clearInterval(timer);
}

/** Timers reach 24 days; tokens may last longer. */
const timerMaxMs = 2 ** 31 - 1;

function at(clock: Clock, timeMs: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = () => {
    const leftMs = timeMs - clock.now();
    timer = setTimeout(leftMs > timerMaxMs ? arm : act, Math.min(Math.max(0, leftMs), timerMaxMs));
  };
  arm();
  return () => clearTimeout(timer);
}
