/**
 * The keys of an identity provider: changed, taken back, and not to be had.
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ManualClock, manualClock } from "../../../shared/clock.ts";
import { type Authenticator, createAuthenticator } from "../../../shared/identity.ts";
import { limits } from "../../../shared/limits.ts";

const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const keys = { one: pair(), two: pair() };
type Kid = keyof typeof keys;

let clock: ManualClock;
let server: Server;
let provider: { kids: Kid[]; status: number; asked: number; body?: string };
let authenticator: Authenticator;

beforeEach(async () => {
  clock = manualClock();
  provider = { kids: ["one"], status: 200, asked: 0 };
  server = createServer((_, response) => {
    provider.asked += 1;
    response.statusCode = provider.status;
    const keySet = { keys: provider.kids.map((kid) => jwkOf(kid, keys[kid].publicKey)) };
    response.end(provider.body ?? JSON.stringify(keySet));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  authenticator = createAuthenticator({ secret: "none", jwksUrl, issuer: "them", audience: "us" }, clock);
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const jwkOf = (kid: Kid, key: KeyObject) => ({ ...key.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" });

let tokens = 0;
/** A new one each time, so that none is known from before. */
function tokenOf(kid: Kid, claimedKid: string = kid): string {
  tokens += 1;
  const exp = Math.floor(clock.now() / 1_000) + 3_600;
  const parts = [
    { alg: "ES256", kid: claimedKid },
    { sub: `person ${tokens}`, iss: "them", aud: "us", exp },
  ];
  const body = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(body), { key: keys[kid].privateKey, dsaEncoding: "ieee-p1363" });
  return `${body}.${signature.toString("base64url")}`;
}
const ask = (kid: Kid, claimedKid?: string) => authenticator.authenticate(`Bearer ${tokenOf(kid, claimedKid)}`);
const unauthenticated = expect.objectContaining({ code: "UNAUTHENTICATED" });
const unavailable = expect.objectContaining({ code: "IDENTITY_UNAVAILABLE" });

describe("a provider that answers", () => {
  it("is asked once for many tokens, also when they come at once", async () => {
    await Promise.all([ask("one"), ask("one"), ask("one")]);
    await ask("one");
    expect(provider.asked).toBe(1);
  });

  it("is asked again for a key that is new, but not for every key that somebody makes up", async () => {
    await ask("one");
    provider.kids = ["one", "two"];
    await expect(ask("two")).rejects.toEqual(unauthenticated);
    clock.advance(limits.jwksCooldownMs);
    expect((await ask("two")).person).toMatch(/^person/);
    expect(provider.asked).toBe(2);
    for (let i = 0; i < 5; i++) await expect(ask("one", `made up ${i}`)).rejects.toEqual(unauthenticated);
    expect(provider.asked).toBe(2);
  });

  it("may take a key back: it goes on until the keys are looked at again", async () => {
    await ask("one");
    provider.kids = ["two"];
    clock.advance(limits.jwksRenewMs + 1);
    await ask("one");
    await vi.waitFor(() => expect(provider.asked).toBe(2), { interval: 5 });
    await vi.waitFor(() => expect(ask("one")).rejects.toEqual(unauthenticated), { interval: 5 });
  });
});

describe("a provider that does not answer", () => {
  it("does not stop tokens of keys that are known, for a day", async () => {
    await ask("one");
    provider.status = 500;
    for (let ms = 0; ms < limits.jwksTrustedMs; ms += limits.jwksTrustedMs / 5) {
      expect((await ask("one")).person).toMatch(/^person/);
      clock.advance(limits.jwksTrustedMs / 5);
    }
    clock.advance(1);
    await expect(ask("one")).rejects.toEqual(unavailable);
  });

  it("makes nobody's token invalid: they are told to come back, and it is left alone meanwhile", async () => {
    provider.status = 500;
    await expect(ask("one")).rejects.toEqual(unavailable);
    await expect(ask("one")).rejects.toMatchObject({ details: { retryAfterS: limits.jwksCooldownMs / 1_000 } });
    expect(provider.asked).toBe(1);
    provider.status = 200;
    clock.advance(limits.jwksCooldownMs);
    expect((await ask("one")).person).toMatch(/^person/);
  });

  it("leaves a new key unknown, and the known ones as they are", async () => {
    await ask("one");
    clock.advance(limits.jwksCooldownMs);
    provider.status = 503;
    await expect(ask("two")).rejects.toEqual(unavailable);
    expect((await ask("one")).person).toMatch(/^person/);
  });

  it("answers something else than keys: the same", async () => {
    provider.body = '{ "keys": "soon" }';
    await expect(ask("one")).rejects.toEqual(unavailable);
  });
});
