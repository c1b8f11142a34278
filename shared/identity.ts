/**
 * Who is asking: a bearer token (JWT) becomes an `Identity`, or the request is anonymous.
 *
 * A token that is present but not valid is an error, never a silent downgrade to anonymous. The `sub` claim is the
 * person; two tokens of one person are one person. With `key-set.ts` the only door to jose.
 */
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Clock } from "./clock.ts";
import { AppError } from "./errors.ts";
import { parseCode } from "./ids.ts";
import { createKeySet } from "./key-set.ts";
import { limits } from "./limits.ts";

export const roles = [
  "storefront",
  "crm",
  "portal",
  "planner",
  "warehouse",
  "returns-desk",
  "supervisor",
  "manager",
  "controller",
  "connector-erp",
  "connector-wms",
  "auditor",
  "admin",
] as const;
export type Role = (typeof roles)[number];

export interface Identity {
  /** The person or connector behind the token; null for an anonymous caller. */
  readonly person: string | null;
  readonly roles: ReadonlySet<Role>;
  /** Business accounts the caller acts for; null where the token does not restrict it. */
  readonly accounts: readonly string[] | null;
  /** Channels the caller may read; null where the token does not restrict it. */
  readonly channels: readonly string[] | null;
  /** The token itself, passed on to subgraphs elsewhere; null where a gateway vouches for the caller. */
  readonly token: string | null;
  /** When the token ends, milliseconds since the epoch; absent for anonymous callers. */
  readonly expiresAtMs?: number;
}

export const anonymous: Identity = { person: null, roles: new Set(), accounts: null, channels: null, token: null };

export interface AuthConfig {
  /** HMAC secret for HS256 tokens; used when there is no JWKS. */
  readonly secret: string;
  /** Others that are believed too: the next one before a change, the last one after it. */
  readonly acceptedSecrets?: readonly string[];
  readonly jwksUrl: string | null;
  readonly issuer: string;
  readonly audience: string;
}

export interface Authenticator {
  /** `authorization`: the header's value. Fails with UNAUTHENTICATED, IDENTITY_UNAVAILABLE. */
  authenticate(authorization: string | undefined): Promise<Identity>;
  /** The same at once, for nobody and for a token that was found valid before; absent: `authenticate` decides. */
  known(authorization: string | undefined): Identity | undefined;
}

const verifiedTokensMax = 10_000;

/** Never one whose key could also be a shared secret. */
const publicAlgorithms = ["RS256", "PS256", "ES256", "EdDSA"] as const;

export function createAuthenticator(config: AuthConfig, clock: Clock): Authenticator {
  const keySet = config.jwksUrl ? createKeySet(config.jwksUrl, clock) : null;
  const secrets = [config.secret, ...(config.acceptedSecrets ?? [])].map((text) => new TextEncoder().encode(text));
  const verified = new Map<string, { identity: Identity; expiresAtMs: number }>();

  async function verify(token: string): Promise<JWTPayload> {
    const options = {
      issuer: config.issuer,
      audience: config.audience,
      clockTolerance: limits.clockSkewS,
      currentDate: new Date(clock.now()),
      requiredClaims: ["sub", "exp"],
    };
    if (keySet) {
      const { payload } = await jwtVerify(token, keySet, { ...options, algorithms: [...publicAlgorithms] });
      return payload;
    }
    let refusal: unknown;
    for (const secret of secrets) {
      try {
        return (await jwtVerify(token, secret, { ...options, algorithms: ["HS256"] })).payload;
      } catch (error) {
        refusal = error;
        // Signed by one of ours and refused for something else: no other secret makes it better.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw refusal;
  }

  function known(authorization: string | undefined): Identity | undefined {
    if (authorization === undefined || authorization === "") return anonymous;
    const seen = verified.get(tokenIn(authorization) ?? "");
    return seen && seen.expiresAtMs > clock.now() ? seen.identity : undefined;
  }

  return {
    known,
    async authenticate(authorization) {
      const caller = known(authorization);
      if (caller) return caller;
      const token = tokenIn(authorization ?? "");
      if (!token) throw new AppError("UNAUTHENTICATED", { message: "The Authorization header is not a bearer token." });
      let payload: JWTPayload;
      let identity: Identity;
      try {
        payload = await verify(token);
        identity = toIdentity(payload, token);
      } catch (cause) {
        if (cause instanceof AppError && cause.code === "IDENTITY_UNAVAILABLE") throw cause;
        throw new AppError("UNAUTHENTICATED", { message: "The bearer token is not valid." }, { cause });
      }
      if (verified.size >= verifiedTokensMax) verified.clear();
      verified.set(token, { identity, expiresAtMs: (payload.exp as number) * 1000 });
      return identity;
    },
  };
}

function tokenIn(authorization: string): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
}

export interface TokenRequest {
  readonly person: string;
  readonly roles: readonly Role[];
  readonly accounts?: readonly string[];
  readonly channels?: readonly string[];
  readonly ttlS?: number;
}

/** A token for the local secret. Fails with INVALID_INPUT, CONFIG_INVALID (an identity provider issues the tokens). */
export async function issueToken(config: AuthConfig, request: TokenRequest, clock: Clock): Promise<string> {
  if (config.jwksUrl) {
    throw new AppError("CONFIG_INVALID", { message: "AUTH_JWKS_URL is set: its owner issues the tokens." });
  }
  for (const role of request.roles) {
    if (!isRole(role)) {
      throw new AppError("INVALID_INPUT", { message: `No such role: ${role}. Known: ${roles.join(", ")}.` });
    }
  }
  const nowS = Math.floor(clock.now() / 1000);
  return new SignJWT({
    roles: [...request.roles],
    ...(request.accounts ? { accounts: [...request.accounts] } : {}),
    ...(request.channels ? { channels: [...request.channels] } : {}),
  })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(parseCode(request.person, limits.personLengthMax, ["person"]))
    .setIssuer(config.issuer)
    .setAudience(config.audience)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + (request.ttlS ?? 30 * 24 * 3600))
    .sign(new TextEncoder().encode(config.secret));
}

/** Fails with INVALID_INPUT: a name that the database would cut is not the name of one person any more. */
function toIdentity(payload: JWTPayload, token: string): Identity {
  const strings = (claim: unknown): string[] | null =>
    Array.isArray(claim) ? claim.filter((v): v is string => typeof v === "string") : null;
  return {
    person: parseCode(payload.sub as string, limits.personLengthMax, ["sub"]),
    roles: new Set((strings(payload["roles"]) ?? []).filter(isRole)),
    accounts: strings(payload["accounts"]),
    channels: strings(payload["channels"]),
    token,
    expiresAtMs: (payload.exp as number) * 1000,
  };
}

function isRole(value: string): value is Role {
  return (roles as readonly string[]).includes(value);
}
