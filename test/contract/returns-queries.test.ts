/**
 * The returns desk through its GraphQL schema: what can be asked, and who may ask or do what.
 *
 * The desk has one authorised return, RMA-1, when the suite begins.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { encodeCursor } from "../../shared/graphql/pagination.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import {
  authorizeReturn,
  openReturnsDesk,
  type Reply,
  type ReturnsDesk,
  receiveReturn,
  stockOf,
} from "./returns-fixture.ts";

eachDatabase("questions to the returns desk", (makeKernel) => {
  let desk: ReturnsDesk;
  let keys = 0;
  const nextKey = () => `key-${++keys}`;

  beforeAll(async () => {
    desk = await openReturnsDesk(makeKernel);
    await authorize({ id: "RMA-1", lines: [{ sku: "A", quantity: 1, reasonCode: "DEFECT" }] });
  });

  async function authorize(input: Record<string, unknown>): Promise<Reply> {
    const { data } = await desk.ask<{ authorizeReturn: Reply }>(authorizeReturn, {
      input: { idempotencyKey: nextKey(), orderId: "O1", locationId: "WEST", ...input },
    });
    expect(data.authorizeReturn.userErrors).toEqual([]);
    return data.authorizeReturn;
  }

  describe("asking", () => {
    it("pages through returns, the newest first, each once", async () => {
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) {
        desk.clock.advance(i === 2 ? 0 : 1);
        const reply = await authorize({
          id: `PAGE-${i}`,
          locationId: "EAST",
          lines: [{ sku: i === 4 ? "B" : "C", quantity: 1, reasonCode: "TOO_BIG" }],
        });
        ids.unshift(reply.return.id);
      }
      type Page = { returns: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } };
      const query = `query ($after: String, $status: ReturnStatus, $sku: ID) {
        returns(first: 2, after: $after, status: $status, sku: $sku) { nodes { id } pageInfo { hasNextPage endCursor } }
      }`;
      const first = (await desk.ask<Page>(query, { status: "AUTHORIZED" })).data.returns;
      const second = (await desk.ask<Page>(query, { status: "AUTHORIZED", after: first.pageInfo.endCursor })).data
        .returns;
      expect([...first.nodes, ...second.nodes].map(({ id }) => id)).toEqual(ids.slice(0, 4));
      expect(first.pageInfo.hasNextPage).toBe(true);
      const ofB = (await desk.ask<Page>(query, { status: "AUTHORIZED", sku: "B" })).data.returns;
      expect(ofB).toMatchObject({ nodes: [{ id: "PAGE-4" }], pageInfo: { hasNextPage: false } });
    });

    it("answers null for a return that does not exist, and nothing held for a position never touched", async () => {
      expect((await desk.ask(`{ return(id: "NONE") { id } }`)).data).toEqual({ return: null });
      expect(await stockOf(desk, "NEVER")).toEqual({
        quarantined: 0,
        inInspection: 0,
        restockApproved: 0,
        version: 0,
        asOf: null,
      });
    });

    it("refers to the products and the location by their keys", async () => {
      const { data } = await desk.ask(`{ return(id: "RMA-1") { location { id } lines { product { sku } } } }`);
      expect(data).toEqual({ return: { location: { id: "WEST" }, lines: [{ product: { sku: "A" } }] } });
    });

    it.each([
      ["no cursor", "nonsense", true],
      ["the cursor of another list", encodeCursor(["A"]), true],
      ["a forged cursor", encodeCursor(["not a time", "RMA-1"]), false],
    ])("is not upset by %s", async (_, after, refused) => {
      const { errors } = await desk.ask(`query ($after: String) { returns(after: $after) { nodes { id } } }`, {
        after,
      });
      expect(errors?.map((error) => error.extensions?.["code"]) ?? []).toEqual(refused ? ["BAD_USER_INPUT"] : []);
    });

    it.each([0, limits.pageSizeMax + 1])("refuses a page of %i", async (first) => {
      const { errors } = await desk.ask(`query ($first: Int!) { returns(first: $first) { nodes { id } } }`, { first });
      expect(errors?.[0]?.extensions?.["code"]).toBe("BAD_USER_INPUT");
    });
  });

  describe("who may", () => {
    it.each([
      ["ask for returns", `{ returns { nodes { id } } }`],
      ["ask for a return", `{ return(id: "RMA-1") { id } }`],
      [
        "see what the desk holds",
        `{ _entities(representations: [{ __typename: "StockPosition", sku: "A", locationId: "WEST" }]) {
             ... on StockPosition { returns { quarantined } } } }`,
      ],
    ])("%s: any person, nobody anonymous", async (_, query) => {
      expect((await desk.ask(query, {}, [])).errors?.[0]?.extensions?.["code"]).toBe("UNAUTHENTICATED");
      expect((await desk.ask(query, {}, ["crm"])).errors).toBeUndefined();
    });

    it("authorise: desk, storefront, portal, admin; receive: desk, warehouse, admin", async () => {
      const lines = [{ sku: "A", quantity: 0, reasonCode: "X" }];
      const authorizing = { input: { idempotencyKey: nextKey(), orderId: "O", locationId: "WEST", lines } };
      const receiving = {
        input: { idempotencyKey: nextKey(), locationId: "WEST", lines: [{ sku: "A", quantity: 0 }] },
      };
      for (const role of ["returns-desk", "storefront", "portal", "admin"] as const) {
        expect((await desk.ask(authorizeReturn, authorizing, [role])).errors).toBeUndefined();
      }
      for (const role of ["returns-desk", "warehouse", "admin"] as const) {
        expect((await desk.ask(receiveReturn, receiving, [role])).errors).toBeUndefined();
      }
      for (const [document, variables] of [
        [authorizeReturn, authorizing],
        [receiveReturn, receiving],
      ] as const) {
        const { errors } = await desk.ask(document, variables, ["auditor"]);
        expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
      }
    });
  });
});
