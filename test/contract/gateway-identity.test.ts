/**
 * An identity provider that does not answer: nobody's token is called invalid, and whoever shows none is answered.
 */
import { afterEach, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { createAuthenticator } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { ask, startTestGateway, stopAll, testAuth } from "../helpers/gateways.ts";
import { openSocket } from "../helpers/subscriptions.ts";
import { createItems } from "./limits-fixture.ts";

afterEach(stopAll);

/** Of a token that only the provider's key could tell from a good one: first the header, then the claims. */
function partOf(text: string, i: number): string {
  const part = i === 0 ? { alg: text, kid: "one" } : { sub: text, exp: 2 ** 31 };
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

it.each([true, false])("callers with a token are told to come back (short path: %s)", async (shortPath) => {
  // Nobody listens there.
  const provided = { ...testAuth, jwksUrl: "http://127.0.0.1:1/jwks" };
  const authenticator = createAuthenticator(provided, systemClock);
  const gateway = await startTestGateway(createItems().endpoints, { shortPath, authenticator });
  const token = `${["ES256", "ada"].map(partOf).join(".")}.c2lnbmF0dXJl`;
  const retryAfterS = limits.jwksCooldownMs / 1_000;
  for (let time = 1; time <= 2; time++) {
    const refused = await ask(gateway, "{ __typename }", {}, { authorization: `Bearer ${token}` });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, String(retryAfterS)]);
    expect(refused.errors.map((e) => e.extensions)).toEqual([{ code: "IDENTITY_UNAVAILABLE", retryAfterS }]);
    expect((await ask(gateway, "{ __typename }")).data).toEqual({ __typename: "Query" });
  }
  expect((await openSocket(gateway.url(), token).closed).code).toBe(4513);
});
