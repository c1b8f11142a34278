/**
 * WebSockets at `/graphql`: opened on the gateway's own HTTP server, counted per identity, drained at stop.
 *
 * At stop every client is told to come back with its cursor, before HTTP stops. What happens on a socket is in
 * `socket.ts`. The only door to ws.
 */
import type { Server as HttpServer, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { handleProtocols } from "graphql-ws";
import { WebSocketServer } from "ws";
import { limits } from "../../shared/limits.ts";
import { closeSocket, type SocketParts, serveSocket } from "./socket.ts";

export interface Sockets {
  /** Tells every client to reconnect, and resolves when all have gone or have had `withinMs` to go. */
  drain(withinMs: number): Promise<void>;
  /** That are open. */
  readonly count: number;
}

export function openSockets(http: HttpServer, parts: Omit<SocketParts, "enter">): Sockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.socketMessageBytesMax,
    handleProtocols,
    perMessageDeflate: false,
  });
  const enter = createCounts(limits.socketsPerIdentityMax);
  let draining = false;

  http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (draining) return refuseUpgrade(socket, "503 Service Unavailable");
    if (request.url?.split("?")[0] !== "/graphql") return refuseUpgrade(socket, "404 Not Found");
    server.handleUpgrade(request, socket, head, (ws) => serveSocket(ws, request, { ...parts, enter }));
  });

  return {
    get count() {
      return server.clients.size;
    },
    async drain(withinMs) {
      draining = true;
      const open = [...server.clients];
      const gone = open.map((ws) => new Promise<void>((resolve) => ws.once("close", () => resolve())));
      for (const ws of open) closeSocket(ws, "GOING_AWAY");
      const cut = setTimeout(() => {
        for (const ws of open) ws.terminate();
      }, withinMs);
      await Promise.all(gone);
      clearTimeout(cut);
      server.close();
    },
  };
}

function createCounts(max: number): SocketParts["enter"] {
  const counts = new Map<string, number>();
  return (name) => {
    const count = counts.get(name) ?? 0;
    if (count >= max) return undefined;
    counts.set(name, count + 1);
    return () => {
      const left = (counts.get(name) ?? 1) - 1;
      if (left === 0) counts.delete(name);
      else counts.set(name, left);
    };
  };
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
