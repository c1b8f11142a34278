/**
 * How a peer becomes a process: listens on 127.0.0.1 at a free port, says `ready URL`, and ends on SIGTERM.
 *
 * The same few lines for every peer that is an ordinary HTTP server.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

export function servePeer(server: Server): void {
  server.listen(0, "127.0.0.1", () => announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`));
}

export function announce(url: string): void {
  process.on("SIGTERM", () => process.exit(0));
  process.stdout.write(`ready ${url}\n`);
}
