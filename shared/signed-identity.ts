/**
 * Who asks, as the gateway tells a subgraph: signed, for this subgraph, for a minute.
 *
 * The gateway has checked the caller's token; a subgraph believes only this header, so that nobody who reaches its port
 * past the gateway is answered. Signed once for each caller and kept as long as it lasts. Signs with the first secret,
 * believes all of them. No JWT: there is one way to sign and nothing to choose.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Clock } from "./clock.ts";
import { AppError } from "./errors.ts";
import { anonymous, type Identity, type Role } from "./identity.ts";
import { limits } from "./limits.ts";

export const identityHeader = "x-signed-identity";

/** The gateway on its own behalf: it asks for schemas and health, and has no roles. */
export const gatewayItself: Identity = { ...anonymous };

interface Claims {
  readonly aud: string;
  readonly kind: "caller" | "gateway";
  readonly exp: number;
  readonly sub: string | null;
  readonly roles: readonly string[];
  readonly accounts: readonly string[] | null;
  readonly channels: readonly string[] | null;
}

/** `subgraph`: who is to believe it. */
export type SignIdentity = (identity: Identity, subgraph: string) => string;

export function createIdentitySigner(secrets: readonly string[], clock: Clock): SignIdentity {
  const key = keyOf(secrets[0] ?? "");
  const signed = new WeakMap<Identity, Map<string, { readonly text: string; readonly renewAtMs: number }>>();
  return (identity, subgraph) => {
    const nowMs = clock.now();
    const ofCaller = signed.get(identity) ?? new Map();
    const known = ofCaller.get(subgraph);
    if (known && known.renewAtMs > nowMs) return known.text;
    const claims: Claims = {
      aud: subgraph,
      kind: identity === gatewayItself ? "gateway" : "caller",
      exp: Math.ceil(nowMs / 1_000) + limits.signedIdentityS,
      sub: identity.person,
      roles: [...identity.roles],
      accounts: identity.accounts,
      channels: identity.channels,
    };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const text = `${payload}.${macOf(key, payload).toString("base64url")}`;
    // Half of its life is left for the way, and for clocks that differ.
    ofCaller.set(subgraph, { text, renewAtMs: nowMs + limits.signedIdentityS * 500 });
    signed.set(identity, ofCaller);
    return text;
  };
}

/** Fails with CALLER_UNSIGNED. */
export type ReadIdentity = (header: string | undefined) => Identity;

const believedMax = 10_000;

export function createIdentityReader(secrets: readonly string[], subgraph: string, clock: Clock): ReadIdentity {
  const keys = secrets.map(keyOf);
  const believed = new Map<string, { readonly identity: Identity; readonly untilMs: number }>();
  return (header) => {
    const known = believed.get(header ?? "");
    if (known && known.untilMs > clock.now()) return known.identity;
    const claims = claimsIn(header ?? "", keys);
    const untilMs = ((claims?.exp ?? 0) + limits.clockSkewS) * 1_000;
    if (!claims || claims.aud !== subgraph || untilMs <= clock.now()) throw unsigned(subgraph);
    const identity = toIdentity(claims);
    if (believed.size >= believedMax) believed.clear();
    believed.set(header as string, { identity, untilMs });
    return identity;
  };
}

/** Null: nobody we know has signed that. */
function claimsIn(header: string, keys: readonly Buffer[]): Claims | null {
  const [payload = "", mac = "", more] = header.split(".");
  const given = Buffer.from(mac, "base64url");
  const isSigned = keys.some((key) => {
    const expected = macOf(key, payload);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  return isSigned && more === undefined ? JSON.parse(Buffer.from(payload, "base64url").toString()) : null;
}

/** The token stays with the gateway: a subgraph has nobody to show it to. */
function toIdentity({ sub, roles, accounts, channels, kind }: Claims): Identity {
  if (kind === "gateway" || sub === null) return anonymous;
  return { person: sub, roles: new Set(roles as Role[]), accounts, channels, token: null };
}

/** A key for this purpose alone: what it signs is no token, and no token is signed by it. */
function keyOf(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "identity for subgraphs, version 1", 32));
}

function macOf(key: Buffer, payload: string): Buffer {
  return createHmac("sha256", key).update(payload).digest();
}

function unsigned(subgraph: string): AppError {
  const message = `${subgraph} answers calls signed by its gateway only; both need the same INTERNAL_SECRET.`;
  return new AppError("CALLER_UNSIGNED", { message });
}
