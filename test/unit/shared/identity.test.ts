/**
 * Who is asking: a token proves one person, or the request is refused. There is no way in between.
 *
 * Foreign tokens are made by hand, as a forger would make them.
 */
import { createHmac, generateKeyPairSync, sign as signWith } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manualClock } from "../../../shared/clock.ts";
import { type AuthConfig, anonymous, createAuthenticator, issueToken, type Role } from "../../../shared/identity.ts";
import { limits } from "../../../shared/limits.ts";

const config: AuthConfig = { secret: "a secret of ours", jwksUrl: null, issuer: "us", audience: "everybody here" };
const clock = manualClock();
const nowS = Math.floor(clock.now() / 1000);
const claims = { sub: "walter", roles: ["warehouse"], iss: "us", aud: "everybody here", exp: nowS + 60 };

const base64url = (value: string | object) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A token signed by HMAC, or with whatever signature is given. */
function forge(payload: object, { secret = config.secret, header = {}, signature }: Forgery = {}): string {
  const body = `${base64url({ alg: "HS256", typ: "JWT", ...header })}.${base64url(payload)}`;
  return `${body}.${signature ?? createHmac("sha256", secret).update(body).digest("base64url")}`;
}
interface Forgery {
  readonly secret?: string;
  readonly header?: object;
  readonly signature?: string;
}

const authenticate = (token: string, scheme = "Bearer") =>
  createAuthenticator(config, clock).authenticate(`${scheme} ${token}`);
const unauthenticated = expect.objectContaining({ code: "UNAUTHENTICATED" });

describe("a request", () => {
  it.each([undefined, ""])("without a header is anonymous: %j", async (header) => {
    expect(await createAuthenticator(config, clock).authenticate(header)).toBe(anonymous);
  });

  it("with a token of ours is the person it was issued to", async () => {
    const request = { person: "wanda", roles: ["warehouse", "crm"] as const, accounts: ["ACME"], channels: ["B2B"] };
    const token = await issueToken(config, request, clock);
    expect(await authenticate(token)).toEqual({
      person: "wanda",
      expiresAtMs: clock.now() + 30 * 24 * 3_600_000,
      roles: new Set(["warehouse", "crm"]),
      accounts: ["ACME"],
      channels: ["B2B"],
      token,
    });
  });

  it("is restricted to no account and no channel where the token names none", async () => {
    expect(await authenticate(forge(claims))).toMatchObject({ accounts: null, channels: null });
  });

  it("has no role that we do not know", async () => {
    const { roles } = await authenticate(forge({ ...claims, roles: ["admiral", "crm", 7, null] }));
    expect(roles).toEqual(new Set(["crm"]));
    expect((await authenticate(forge({ ...claims, roles: "admin" }))).roles).toEqual(new Set());
  });

  it.each(["bearer", "BEARER"])("may write the scheme as it likes: %s", async (scheme) => {
    expect((await authenticate(forge(claims), scheme)).person).toBe("walter");
  });

  it.each<[string, string]>([
    ["expired", forge({ ...claims, exp: nowS - limits.clockSkewS - 1 })],
    ["not yet valid", forge({ ...claims, nbf: nowS + limits.clockSkewS + 1 })],
    ["of another issuer", forge({ ...claims, iss: "them" })],
    ["for another audience", forge({ ...claims, aud: "somebody else" })],
    ["signed with another secret", forge(claims, { secret: "guessed" })],
    ["not signed", forge(claims, { header: { alg: "none" }, signature: "" })],
    ["not signed, in another spelling", forge(claims, { header: { alg: "nOnE" }, signature: "" })],
    ["signed with another algorithm", forge(claims, { header: { alg: "HS512" } })],
    ["changed after it was signed", forge(claims).replace(base64url(claims), base64url({ ...claims, sub: "admin" }))],
    ["without a person", forge({ ...claims, sub: undefined })],
    ["of a person without a name", forge({ ...claims, sub: "" })],
    [
      "of a person whose name is longer than we keep",
      forge({ ...claims, sub: "p".repeat(limits.personLengthMax + 1) }),
    ],
    ["of a person with a line break in the name", forge({ ...claims, sub: "wal\nter" })],
    ["without an end", forge({ ...claims, exp: undefined })],
    ["that is no token", "abc"],
    ["of two parts", "abc.def"],
  ])("with a token %s is refused, not taken as anonymous", async (_, token) => {
    await expect(authenticate(token)).rejects.toEqual(unauthenticated);
  });

  it.each(["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Bearer a b", "walter"])(
    "with the header %j is refused",
    async (header) => {
      await expect(createAuthenticator(config, clock).authenticate(header)).rejects.toEqual(unauthenticated);
    },
  );

  it("may be a little early or late: clocks differ", async () => {
    expect((await authenticate(forge({ ...claims, exp: nowS - limits.clockSkewS + 1 }))).person).toBe("walter");
    expect((await authenticate(forge({ ...claims, nbf: nowS + limits.clockSkewS - 1 }))).person).toBe("walter");
  });

  it("is refused as soon as its token has ended, also one that was accepted before", async () => {
    const later = manualClock(clock.now());
    const authenticator = createAuthenticator(config, later);
    const header = `Bearer ${forge(claims)}`;
    expect(await authenticator.authenticate(header)).toBe(await authenticator.authenticate(header));
    later.advance((60 + limits.clockSkewS + 1) * 1000);
    await expect(authenticator.authenticate(header)).rejects.toEqual(unauthenticated);
  });
});

describe("a change of the secret", () => {
  const next: AuthConfig = { ...config, secret: "the next one", acceptedSecrets: ["the one before", config.secret] };
  const ask = (token: string) => createAuthenticator(next, clock).authenticate(`Bearer ${token}`);

  it("leaves tokens of every accepted secret valid, and no others", async () => {
    for (const secret of ["the next one", "the one before", config.secret]) {
      expect((await ask(forge(claims, { secret }))).person).toBe("walter");
    }
    await expect(ask(forge(claims, { secret: "another" }))).rejects.toEqual(unauthenticated);
  });

  it("does not make a token better that is refused for something else", async () => {
    await expect(ask(forge({ ...claims, exp: nowS - limits.clockSkewS - 1 }))).rejects.toEqual(unauthenticated);
    await expect(ask(forge(claims, { header: { alg: "HS512" } }))).rejects.toEqual(unauthenticated);
  });

  it("is begun by what signs: new tokens are of the first secret", async () => {
    const token = await issueToken(next, { person: "wanda", roles: [] }, clock);
    const { acceptedSecrets: _, ...alone } = next;
    expect((await createAuthenticator(alone, clock).authenticate(`Bearer ${token}`)).person).toBe("wanda");
  });
});

describe("issuing a token", () => {
  it("refuses a role that does not exist, and a person without a name", async () => {
    const request = { person: "walter", roles: ["admiral" as Role] };
    await expect(issueToken(config, request, clock)).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await expect(issueToken(config, { person: "", roles: [] }, clock)).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  it("gives it the life it was asked for", async () => {
    const token = await issueToken(config, { person: "walter", roles: [], ttlS: 10 }, clock);
    const later = manualClock(clock.now() + (10 + limits.clockSkewS + 1) * 1000);
    await expect(createAuthenticator(config, later).authenticate(`Bearer ${token}`)).rejects.toEqual(unauthenticated);
  });

  it("is somebody else's business where an identity provider is named", async () => {
    const provided: AuthConfig = { ...config, jwksUrl: "https://id.example/jwks" };
    await expect(issueToken(provided, { person: "walter", roles: [] }, clock)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});

describe("an identity provider", () => {
  const pair = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
  const [theirs, stranger] = [pair(), pair()];
  let server: Server;
  let provided: AuthConfig;

  beforeAll(async () => {
    const jwk = { ...theirs.publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" };
    server = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk] })));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    provided = { ...config, jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks` };
  });
  afterAll(() => server.close());

  const signed = (key: typeof theirs.privateKey, kid = "one") => {
    const body = `${base64url({ alg: "RS256", kid })}.${base64url(claims)}`;
    return `${body}.${signWith("sha256", Buffer.from(body), key).toString("base64url")}`;
  };
  const ask = (token: string) => createAuthenticator(provided, clock).authenticate(`Bearer ${token}`);

  it("vouches for whom it signed", async () => {
    expect((await ask(signed(theirs.privateKey))).person).toBe("walter");
  });

  it("does not vouch for a stranger, nor for a key it does not have", async () => {
    await expect(ask(signed(stranger.privateKey))).rejects.toEqual(unauthenticated);
    await expect(ask(signed(theirs.privateKey, "two"))).rejects.toEqual(unauthenticated);
  });

  it.each(["RS384", "RS512", "ES384", "HS256", "none"])(
    "does not vouch by %s, which is not on the list",
    async (alg) => {
      const body = `${base64url({ alg, kid: "one" })}.${base64url(claims)}`;
      const signature = signWith("sha256", Buffer.from(body), theirs.privateKey).toString("base64url");
      await expect(ask(`${body}.${signature}`)).rejects.toEqual(unauthenticated);
    },
  );

  it("does not let its public key, nor our secret, pass as a shared secret", async () => {
    const pem = theirs.publicKey.export({ format: "pem", type: "spki" }).toString();
    await expect(ask(forge(claims, { secret: pem, header: { kid: "one" } }))).rejects.toEqual(unauthenticated);
    await expect(ask(forge(claims, { header: { kid: "one" } }))).rejects.toEqual(unauthenticated);
  });
});
