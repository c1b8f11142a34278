/**
 * What a subgraph is told of a caller: it is who the gateway says, for this subgraph, for a minute, or nobody at all.
 */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { manualClock } from "../../../shared/clock.ts";
import { anonymous, type Identity, roles } from "../../../shared/identity.ts";
import { limits } from "../../../shared/limits.ts";
import { createIdentityReader, createIdentitySigner, gatewayItself } from "../../../shared/signed-identity.ts";

const ada: Identity = { person: "ada", roles: new Set(["crm"]), accounts: ["ACME"], channels: null, token: "secret" };
const unsigned = expect.objectContaining({ code: "CALLER_UNSIGNED" });

function open(secrets = ["ours"], clock = manualClock()) {
  const sign = createIdentitySigner(secrets, clock);
  const read = createIdentityReader(secrets, "erp", clock);
  return { sign, read, clock };
}

describe("a signed identity", () => {
  it("is the caller's, without the token", () => {
    const { sign, read } = open();
    expect(read(sign(ada, "erp"))).toEqual({ ...ada, token: null });
    expect(sign(ada, "erp")).not.toContain("secret");
  });

  it("is whatever it was, for everybody there may be", () => {
    const texts = fc.option(fc.array(fc.string({ unit: "grapheme" }), { maxLength: 3 }));
    const identities = fc.record({
      person: fc.string({ minLength: 1, unit: "grapheme" }),
      roles: fc.uniqueArray(fc.constantFrom(...roles)).map((list) => new Set(list)),
      accounts: texts,
      channels: texts,
      token: fc.constant(null),
    });
    const { sign, read } = open();
    fc.assert(
      fc.property(identities, (identity) => {
        expect(read(sign(identity, "erp"))).toEqual(identity);
      }),
    );
  });

  it("of nobody, and of the gateway itself, is anonymous", () => {
    const { sign, read } = open();
    expect(read(sign(anonymous, "erp"))).toBe(anonymous);
    expect(read(sign(gatewayItself, "erp"))).toBe(anonymous);
    expect(sign(gatewayItself, "erp")).not.toBe(sign(anonymous, "erp"));
  });

  it("is made once for a caller and a subgraph, and again before it ends", () => {
    const { sign, read, clock } = open();
    const first = sign(ada, "erp");
    clock.advance(limits.signedIdentityS * 500 - 1);
    expect(sign(ada, "erp")).toBe(first);
    expect(sign(ada, "wms")).not.toBe(first);
    clock.advance(1);
    const second = sign(ada, "erp");
    expect(second).not.toBe(first);
    clock.advance((limits.signedIdentityS + limits.clockSkewS) * 1_000 - 1);
    expect(read(second).person).toBe("ada");
    expect(() => read(first)).toThrow(unsigned);
  });

  it("ends, also where it was believed before", () => {
    const { sign, read, clock } = open();
    const text = sign(ada, "erp");
    read(text);
    clock.advance((limits.signedIdentityS + limits.clockSkewS) * 1_000);
    expect(() => read(text)).toThrow(unsigned);
  });
});

describe("refused is", () => {
  const { sign, read } = open();
  const good = sign(ada, "erp");
  const [payload = "", mac = ""] = good.split(".");
  const forged = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(payload, "base64url").toString()), roles: ["admin"] }),
  );

  it.each<[string, string | undefined]>([
    ["nothing", undefined],
    ["an empty text", ""],
    ["a text that is no identity", "abc"],
    ["one for another subgraph", sign(ada, "wms")],
    ["one that was changed", `${forged.toString("base64url")}.${mac}`],
    ["one without its signature", `${payload}.`],
    ["one with half of its signature", `${payload}.${mac.slice(0, 20)}`],
    ["one with more behind it", `${good}.${mac}`],
    ["one signed with another secret", createIdentitySigner(["theirs"], manualClock())(ada, "erp")],
    [
      "one signed with the secret itself",
      `${payload}.${createHmac("sha256", "ours").update(payload).digest("base64url")}`,
    ],
  ])("%s", (_, header) => {
    expect(() => read(header)).toThrow(unsigned);
  });
});

it("secrets change without a pause: what is accepted first, signs later", () => {
  const clock = manualClock();
  const [before, between, after] = [["old"], ["old", "new"], ["new", "old"]].map((secrets) => open(secrets, clock));
  for (const [signer, reader] of [
    [before, between],
    [between, before],
    [between, after],
    [after, between],
  ]) {
    expect(reader?.read(signer?.sign(ada, "erp")).person).toBe("ada");
  }
  expect(() => before?.read(after?.sign(ada, "erp"))).toThrow(unsigned);
});
