/**
 * The public keys of an identity provider, fetched when they are needed and kept.
 *
 * Keys that are known go on while the provider does not answer, for a bounded time; only a token with another key has
 * to wait for it, and is then not called invalid but told to come back. The provider is asked by one at a time, and not
 * again for a while after it has answered or failed, whatever tokens people make up.
 */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import type { Clock } from "./clock.ts";
import { AppError } from "./errors.ts";
import { limits } from "./limits.ts";

/** Fails with IDENTITY_UNAVAILABLE; with an error of jose where the provider has no such key. */
export function createKeySet(url: string, clock: Clock): JWTVerifyGetKey {
  let keys: JWTVerifyGetKey | null = null;
  let fetchedAtMs = Number.NEGATIVE_INFINITY;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<JWTVerifyGetKey> | null = null;
  const since = (ms: number) => clock.now() - ms;

  async function fetchKeys(): Promise<JWTVerifyGetKey> {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(limits.jwksFetchMs), redirect: "error" });
      if (!response.ok) throw new Error(`HTTP status ${response.status}`);
      keys = createLocalJWKSet((await response.json()) as Parameters<typeof createLocalJWKSet>[0]);
      fetchedAtMs = clock.now();
      return keys;
    } catch (cause) {
      failedAtMs = clock.now();
      throw unavailable(cause);
    } finally {
      underWay = null;
    }
  }

  async function renewed(): Promise<JWTVerifyGetKey> {
    if (underWay) return underWay;
    if (since(failedAtMs) < limits.jwksCooldownMs) throw unavailable(new Error("it failed a moment ago"));
    underWay = fetchKeys();
    return underWay;
  }

  return async (header, token) => {
    const known = keys && since(fetchedAtMs) <= limits.jwksTrustedMs ? keys : await renewed();
    // Nobody waits for that; a key that the provider took back is gone then.
    if (since(fetchedAtMs) > limits.jwksRenewMs) renewed().catch(() => {});
    try {
      return await known(header, token);
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      if (!isUnknown || since(fetchedAtMs) < limits.jwksCooldownMs) throw error;
      return (await renewed())(header, token);
    }
  };
}

function unavailable(cause: unknown): AppError {
  const retryAfterS = Math.ceil(limits.jwksCooldownMs / 1_000);
  return new AppError("IDENTITY_UNAVAILABLE", { retryAfterS }, { cause });
}
