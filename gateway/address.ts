/**
 * From which address a request comes: of the connection, or as our own proxies in front say.
 *
 * Only as many entries of `x-forwarded-for` are believed as there are proxies of ours, counted from the end; whatever a
 * client wrote there itself stands further left. IPv6 callers count by their network, because each has 2^64 addresses.
 */
import type { IncomingMessage } from "node:http";

export function addressOf({ headers, socket }: Pick<IncomingMessage, "headers" | "socket">, proxies: number): string {
  const forwarded = [headers["x-forwarded-for"] ?? []].flat().join(",").split(",");
  const believed = proxies > 0 ? forwarded.at(-Math.min(proxies, forwarded.length))?.trim() : "";
  return networkOf(believed || (socket.remoteAddress ?? "unknown"));
}

function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}
