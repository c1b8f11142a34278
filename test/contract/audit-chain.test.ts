/**
 * What auditors see of the audit chain through the API: how far it goes, and whether its newest part holds.
 */
import { beforeAll, expect, it } from "vitest";
import { createSealer } from "../../shared/audit/sealer.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { openReturnsDesk, type ReturnsDesk } from "./returns-fixture.ts";

eachDatabase("audit chain", (makeKernel) => {
  let desk: ReturnsDesk;
  const heads = { sealed: () => {}, exportDue: async () => {}, exportNow: async () => {} };

  beforeAll(async () => {
    desk = await openReturnsDesk(makeKernel);
    for (const id of ["R-1", "R-2", "R-3"]) {
      const lines = [{ sku: "A", quantity: 1, reasonCode: "UNWANTED" }];
      const input = { idempotencyKey: id, id, orderId: "SO-1", locationId: "WEST", lines };
      const { data } = await desk.ask<{ authorizeReturn: { userErrors: object[] } }>(
        "mutation ($input: AuthorizeReturnInput!) { authorizeReturn(input: $input) { userErrors { code } } }",
        { input },
      );
      expect(data.authorizeReturn.userErrors).toEqual([]);
    }
    await createSealer({ db: desk.db, clock: desk.clock, log: silentLogger, heads }).seal();
  });

  interface Chain {
    readonly system: string;
    readonly sequence: number;
    readonly waiting: number;
    readonly verification: Readonly<Record<string, unknown>>;
  }
  const chain = `system sequence hash sealedAt waiting
    verification { intact checked brokenPlaces finding sequence auditId }`;
  const look = async () => {
    const { data } = await desk.ask<{ returnsAuditChain: Chain }>(`{ returnsAuditChain { ${chain} } }`, {}, [
      "auditor",
    ]);
    return data.returnsAuditChain;
  };

  it("ends with the last seal, and holds", async () => {
    const [last] = await desk.db.query("SELECT sequence, hash FROM audit_seals ORDER BY sequence DESC LIMIT 1");
    const sequence = Number(last?.["sequence"]);
    expect(sequence).toBeGreaterThanOrEqual(3);
    expect(await look()).toEqual({
      system: "returns",
      sequence,
      hash: last?.["hash"],
      sealedAt: new Date(desk.clock.now()).toISOString(),
      waiting: 0,
      verification: {
        intact: true,
        checked: sequence,
        brokenPlaces: 0,
        finding: null,
        sequence: null,
        auditId: null,
      },
    });
  });

  it("says which row is not what it was, as far back as it is asked to look", async () => {
    const [row] = await desk.db.query("SELECT id, person FROM audit_rows ORDER BY id DESC LIMIT 1 OFFSET 1");
    const edit = (person: unknown) =>
      desk.db.transaction((tx) =>
        tx.run("UPDATE audit_rows SET person = ? WHERE id = ?", [String(person), row?.["id"] ?? 0]),
      );
    await edit("somebody else");
    const { sequence, verification } = await look();
    expect(verification).toMatchObject({ intact: false, brokenPlaces: 1, finding: "HASH_DIFFERS" });
    expect(verification).toMatchObject({ sequence: sequence - 1, auditId: Number(row?.["id"]) });
    const newest = "{ returnsAuditChain { verification(last: 1) { intact checked } } }";
    const { data } = await desk.ask(newest, {}, ["admin"]);
    expect(data).toEqual({ returnsAuditChain: { verification: { intact: true, checked: 1 } } });
    await edit(row?.["person"]);
    expect(await look()).toMatchObject({ verification: { intact: true } });
  });

  it("verifies no more at once than it may", async () => {
    for (const last of [0, limits.auditVerifiedMax + 1]) {
      const query = `{ returnsAuditChain { verification(last: ${last}) { intact } } }`;
      const { errors } = await desk.ask(query, {}, ["auditor"]);
      expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
    }
  });

  it("is for auditors", async () => {
    const query = "{ returnsAuditChain { sequence } }";
    expect((await desk.ask(query, {}, ["manager", "controller"])).errors).toMatchObject([
      { extensions: { code: "FORBIDDEN" } },
    ]);
    expect((await desk.ask(query, {}, [])).errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
  });
});
