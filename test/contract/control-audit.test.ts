/**
 * Copies of the systems' audits: sent once sealed, taken in once, verified from where the last verification ended, and
 * told as a trail of a subject and as part of a story.
 */
import { beforeAll, expect, it } from "vitest";
import { emptyHead, sealRows } from "../../shared/audit/chain.ts";
import { createCourier } from "../../shared/audit/courier.ts";
import { createSealer } from "../../shared/audit/sealer.ts";
import type { AnyEvent, SealedRow } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type ControlDesk, openControl } from "./control-fixture.ts";

interface State {
  readonly system: string;
  readonly copied: number;
  readonly verified: number;
  readonly intact: boolean;
  readonly brokenAt: number | null;
}

const noHeads = { sealed: () => {}, exportDue: async () => {}, exportNow: async () => {} };

eachDatabase("copies of audits", (makeKernel) => {
  let desk: ControlDesk;
  let seq = 0;

  beforeAll(async () => {
    desk = await openControl(makeKernel);
  });

  const asAuditor = async <T>(query: string) => {
    const { data, errors } = await desk.ask<T>(query, {}, ["auditor"], "audrey");
    expect(errors).toBeUndefined();
    return data;
  };
  const verification = async () =>
    (
      await asAuditor<{ auditVerification: { intact: boolean; systems: State[] } }>(
        "{ auditVerification { intact systems { system copied verified intact brokenAt } } }",
      )
    ).auditVerification;
  const stateOf = async (system: string) => (await verification()).systems.find((one) => one.system === system);

  /** A chain as `system` would have sealed it, from behind `sequence`. */
  function chain(system: "wms" | "erp", subjects: readonly string[], more: Partial<SealedRow> = {}): SealedRow[] {
    const rows = subjects.map((subject, i) => ({
      ...{ id: i + 1, subject, action: "shipTransfer", outcome: "done", person: "walter", roles: "warehouse" },
      ...{ correlation_id: "story-a", idempotency_key: null, detail: "{}", recorded_at_ms: desk.clock.now() },
      ...more,
    }));
    return sealRows(emptyHead(system), rows, desk.clock.now()).map(({ sequence, hash, sealed_at_ms }, i) => ({
      ...(rows[i] as (typeof rows)[number]),
      ...{ sequence, hash, sealed_at_ms },
    }));
  }
  const sent = (system: "wms" | "erp", rows: readonly SealedRow[]): AnyEvent =>
    canonicalEvent(system, "audit.sealed", `audit:${system}`, ++seq, { data: { rows } });

  it("are sent as they were sealed, each row once, and tell who did what to a subject", async () => {
    const missing = canonicalEvent("erp", "transfer.discrepancy", "A|EAST", ++seq, {
      ...{ sku: "A", locationId: "EAST", correlationId: "a-story-of-a-test" },
      data: { transferId: "T-9", missing: 1 },
    });
    await desk.deliver(missing);
    const { data } = await desk.ask<{ exceptions: { nodes: { id: string }[] } }>("{ exceptions { nodes { id } } }");
    const id = data.exceptions.nodes[0]?.id;
    await desk.ask(
      `mutation { resolveException(input: { idempotencyKey: "r-1", id: "${id}", resolution: "Found." }) { replayed } }`,
    );
    const deps = { db: desk.db, clock: desk.clock, log: silentLogger };
    await createSealer({ ...deps, heads: noHeads }).seal();
    const courier = createCourier({ ...deps, committed: () => {} });
    const rows = await courier.send();
    expect(rows).toBeGreaterThan(1);
    expect(await courier.send()).toBe(0);
    const events = await desk.events("audit.sealed");
    await desk.deliver(...events, ...events);
    expect(await stateOf("control")).toEqual({
      system: "control",
      copied: rows,
      verified: rows,
      intact: true,
      brokenAt: null,
    });
    type Trail = {
      auditTrail: { nodes: { action: string; person: string; roles: string[] }[]; pageInfo: { endCursor: string } };
    };
    const trail = (args: string) =>
      asAuditor<Trail>(`{ auditTrail(subject: "exception:${id}", first: 1${args}) {
        nodes { action person roles } pageInfo { endCursor } } }`);
    const first = (await trail("")).auditTrail;
    expect(first.nodes).toEqual([{ action: "raiseException", person: "system:control", roles: [] }]);
    expect((await trail(`, after: "${first.pageInfo.endCursor}"`)).auditTrail.nodes).toEqual([
      { action: "resolveException", person: "petra", roles: ["planner"] },
    ]);
  });

  it("tell, with the events, the whole story: the request, what followed, and what was put on record", async () => {
    type Story = { eventLineage: { kind: string; type: string; actor: string; causationId: string | null }[] };
    const query = '{ eventLineage(correlationId: "a-story-of-a-test") { kind type actor causationId } }';
    const { eventLineage } = await asAuditor<Story>(query);
    const told = eventLineage.map(({ kind, type, actor }) => [kind, type, actor]);
    expect(told).toContainEqual(["EVENT", "transfer.discrepancy", "tester"]);
    expect(told).toContainEqual(["COMMAND", "resolveException", "petra"]);
    expect(told).toContainEqual(["AUDIT", "resolveException", "petra"]);
    const asked = eventLineage.findIndex(({ kind }) => kind === "COMMAND");
    const onRecord = eventLineage.findIndex(({ kind, type }) => kind === "AUDIT" && type === "resolveException");
    expect(asked).toBeLessThan(onRecord);
    const { data } = await desk.ask<Story>(query);
    expect(data.eventLineage.map(({ kind }) => kind)).not.toContain("AUDIT");
  });

  it("count how much is refused, and how many steps it takes to settle something", async () => {
    const from = new Date(desk.clock.now()).toISOString();
    const to = new Date(desk.clock.now() + 60_000).toISOString();
    const { kpis } = await asAuditor<{ kpis: { name: string; value: number; denominator: number }[] }>(
      `{ kpis(from: "${from}", to: "${to}") { name value denominator } }`,
    );
    const figure = (name: string) => kpis.find((kpi) => kpi.name === name);
    expect(figure("refusedRequestRate")).toMatchObject({ value: 0, denominator: 1 });
    expect(figure("reconciliationEffort")).toMatchObject({ value: 1, denominator: 1 });
  });

  it("wait for what is missing in between, and are broken where it does not come", async () => {
    const rows = chain("erp", ["a", "b", "c", "d"]);
    await desk.deliver(sent("erp", rows.slice(0, 1)), sent("erp", rows.slice(2)));
    expect(await stateOf("erp")).toMatchObject({ copied: 4, verified: 1, intact: true });
    desk.clock.advance(limits.auditOverdueMs * 2);
    expect(await stateOf("erp")).toMatchObject({ verified: 1, intact: false, brokenAt: 2 });
    await desk.deliver(sent("erp", rows.slice(1, 2)));
    expect(await stateOf("erp")).toMatchObject({ verified: 4, intact: true, brokenAt: null });
  });

  it("are broken where a row is not the one that was sealed, whatever comes afterwards", async () => {
    const rows = chain("wms", ["a", "b", "c"]);
    const changed = rows.map((row) => (row.sequence === 2 ? { ...row, person: "nobody" } : row));
    await desk.deliver(sent("wms", changed));
    await desk.deliver(sent("wms", rows));
    expect(await stateOf("wms")).toMatchObject({ copied: 3, verified: 1, intact: false, brokenAt: 2 });
    expect((await verification()).intact).toBe(false);
  });

  it("are for auditors alone", async () => {
    for (const query of ["{ auditVerification { intact } }", '{ auditTrail(subject: "a") { nodes { action } } }']) {
      const { errors } = await desk.ask(query);
      expect(errors?.[0]?.extensions?.["code"]).toBe("FORBIDDEN");
    }
  });
});
