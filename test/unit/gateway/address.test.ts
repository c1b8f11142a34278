/**
 * From which address a request comes: what a client writes into a header itself is never believed.
 */
import type { IncomingMessage } from "node:http";
import { expect, it } from "vitest";
import { addressOf } from "../../../gateway/address.ts";

const from = (remoteAddress: string | undefined, proxies: number, forwarded?: string | string[]) =>
  addressOf(
    { headers: { "x-forwarded-for": forwarded }, socket: { remoteAddress } } as unknown as IncomingMessage,
    proxies,
  );

it.each<[string, string, string | undefined, number, string?]>([
  ["of the connection, whatever a header says", "10.0.0.7", "10.0.0.7", 0, "1.2.3.4"],
  ["as the proxy in front says", "1.2.3.4", "10.0.0.7", 1, "6.6.6.6, 1.2.3.4"],
  ["as the outer of two proxies says", "1.2.3.4", "10.0.0.7", 2, "6.6.6.6, 1.2.3.4, 10.0.0.9"],
  ["the first there is where there are fewer than proxies", "1.2.3.4", "10.0.0.7", 3, "1.2.3.4"],
  ["of the connection where no proxy says anything", "10.0.0.7", "10.0.0.7", 1],
  ["the same in both spellings of IPv4", "10.0.0.7", "::ffff:10.0.0.7", 0],
  ["by its network with IPv6", "2001:db8:1:2::/64", "2001:0db8:1:2:3:4:5:6", 0],
  ["by its network with IPv6 in short", "2001:db8:0:0::/64", "2001:db8::1", 0],
  ["the machine's own", "0:0:0:0::/64", "::1", 0],
  ["of nobody once the connection is gone", "unknown", undefined, 0],
])("%s: %s", (_, expected, remote, proxies, forwarded) => {
  expect(from(remote, proxies, forwarded)).toBe(expected);
});

it("several headers are one list", () => {
  expect(from("10.0.0.7", 1, ["6.6.6.6", "1.2.3.4"])).toBe("1.2.3.4");
});
