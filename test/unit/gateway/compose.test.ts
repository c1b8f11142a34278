/**
 * Schemas that do not fit together, and schemas that are not there yet: what is said, and how long is waited.
 */
import { describe, expect, it } from "vitest";
import { composeSupergraph, fetchSdl } from "../../../gateway/compose.ts";
import type { SubgraphClient } from "../../../gateway/endpoints.ts";
import { manualClock } from "../../../shared/clock.ts";
import { AppError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";

const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])\n`;
const erpSdl = `type Query { product: Product } type Product @key(fields: "sku") { sku: ID! name: String @shareable }`;

function compose(erp: string, wms: string): string {
  return composeSupergraph([
    { name: "erp", sdl: federation + erp, url: "http://erp:4001/graphql" },
    { name: "wms", sdl: federation + wms },
  ]);
}

function refusal(erp: string, wms: string): string {
  try {
    compose(erp, wms);
  } catch (error) {
    if (error instanceof AppError && error.code === "COMPOSITION_FAILED") return error.message;
    throw error;
  }
  throw new Error("It composes.");
}

describe("composing", () => {
  it("writes down where each subgraph is", () => {
    const supergraph = compose(erpSdl, `type Product @key(fields: "sku") { sku: ID! onHand: Int }`);
    expect(supergraph).toContain(`@join__graph(name: "erp", url: "http://erp:4001/graphql")`);
    expect(supergraph).toContain(`@join__graph(name: "wms", url: "local:wms")`);
  });

  it("names both subgraphs and the field when they disagree about its type", () => {
    const message = refusal(erpSdl, `type Product @key(fields: "sku") { sku: ID! name: Int @shareable }`);
    expect(message).toContain("FIELD_TYPE_MISMATCH");
    expect(message).toContain("Product.name");
    expect(message).toMatch(/"String" in subgraph "erp" but type "Int" in subgraph "wms"/);
  });

  it("names subgraph and field where the composer's own message does not", () => {
    const message = refusal(erpSdl, `type Product @key(fields: "sku") { sku: ID! onHand: Count }`);
    expect(message).toContain("- wms Product.onHand (INVALID_GRAPHQL): [wms] Unknown type Count");
  });

  it("names the type where there is no field to name", () => {
    expect(refusal(erpSdl, `type Product @key(fields: "nr") { sku: ID! onHand: Int }`)).toContain('On type "Product"');
    expect(refusal(erpSdl, `type Bin @key(fields: "id") { id: ID! } scalar Bin`)).toMatch(/wms.*"?Bin"?/);
  });

  it("names every error, not the first only, and a field that nobody can reach", () => {
    const message = refusal(
      `type Query { product: Product location: Location } type Product { sku: ID! @shareable } type Location { id: ID! @shareable }`,
      `type Product { sku: ID! @shareable onHand: Int } type Location { id: ID! @shareable bins: Int }`,
    );
    expect(message).toContain(`cannot find field "Product.onHand"`);
    expect(message).toContain(`cannot find field "Location.bins"`);
    expect(message.match(/^- \(SATISFIABILITY_ERROR\)/gm)).toHaveLength(2);
  });

  it("names subgraph and line of a schema that does not parse", () => {
    expect(refusal(erpSdl, "type Product {")).toMatch(/- wms, line 2: Syntax Error/);
  });
});

describe("fetching a schema", () => {
  const never = new AbortController().signal;

  function waiting(onPause: () => void = () => {}) {
    const clock = manualClock();
    return {
      clock,
      signal: never,
      pause: async (ms: number) => {
        clock.advance(ms);
        onPause();
      },
    };
  }

  const refused: SubgraphClient["execute"] = async () => {
    throw new AppError("SOURCE_UNAVAILABLE", {}, { cause: new Error("connect ECONNREFUSED 127.0.0.1:4001") });
  };

  it("waits for a subgraph that is still starting", async () => {
    const client = { execute: refused };
    let pauses = 0;
    const sdl = fetchSdl(
      "erp",
      client,
      waiting(() => {
        pauses += 1;
        if (pauses === 3) client.execute = async () => ({ data: { _service: { sdl: "type Query { a: Int }" } } });
      }),
    );
    await expect(sdl).resolves.toBe("type Query { a: Int }");
    expect(pauses).toBe(3);
  });

  it("gives up after the limit, with the subgraph's name and the reason", async () => {
    const patience = waiting();
    const startedMs = patience.clock.now();
    await expect(fetchSdl("erp", { execute: refused }, patience)).rejects.toMatchObject({
      code: "COMPOSITION_FAILED",
      message: expect.stringMatching(/erp did not answer within 60 s: connect ECONNREFUSED/),
    });
    expect(patience.clock.now() - startedMs).toBe(limits.compositionWaitMs);
  });

  it("gives up at once when nobody wants the schema any more", async () => {
    const closing = new AbortController();
    const patience = { ...waiting(() => closing.abort()), signal: closing.signal };
    const startedMs = patience.clock.now();
    await expect(fetchSdl("erp", { execute: refused }, patience)).rejects.toMatchObject({ code: "COMPOSITION_FAILED" });
    expect(patience.clock.now() - startedMs).toBe(limits.compositionRetryMs);
  });

  it("does not wait for what answers but is no subgraph", async () => {
    const client: SubgraphClient = { execute: async () => ({ errors: [{ message: "Cannot query field _service" }] }) };
    await expect(fetchSdl("crm", client, waiting())).rejects.toMatchObject({
      code: "COMPOSITION_FAILED",
      message: expect.stringContaining("crm does not tell its schema: Cannot query field _service"),
    });
  });
});
