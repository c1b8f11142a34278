/**
 * Dead letters as `control` knows them: told by the systems that have them, one exception for one matter, redriven by
 * those systems. And what partners' codes stand for.
 *
 * Events come through the memory bus, so they have been handled when `deliver` resolves.
 */
import { beforeAll, expect, it } from "vitest";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { limits } from "../../shared/limits.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { canonicalEvent } from "../helpers/events.ts";
import { type ControlDesk, openControl } from "./control-fixture.ts";

eachDatabase("dead letters in control", (makeKernel) => {
  let desk: ControlDesk;
  let keys = 0;

  beforeAll(async () => {
    desk = await openControl(makeKernel);
  });

  const setAside = (letterId: string, more: object = {}, attempts = 1): AnyEvent =>
    canonicalEvent("wms", "letter.set.aside", `letter:${letterId}`, attempts, {
      ...{ sku: "X-1", locationId: "WEST", correlationId: "story-of-letters" },
      data: {
        ...{
          letterId,
          consumer: "recordStockEvents",
          sender: "acme",
          messageId: letterId,
          messageType: "stock.receipt",
        },
        ...{ class: "MAPPING", code: "UNKNOWN_SKU", stage: "INTAKE", topic: "acme|SKU|X-1", attempts, raises: true },
        ...{ hint: "No such SKU: X-1.", payload: "{}" },
        ...{ firstSeenAt: "2026-01-05T08:00:00Z", lastSeenAt: "2026-01-05T08:00:00Z" },
        ...more,
      },
    } as never);
  const settled = (letterId: string, seq: number): AnyEvent =>
    canonicalEvent("wms", "letter.settled", `letter:${letterId}`, seq, { data: { letterId } } as never);

  async function letters(args: string): Promise<string[]> {
    const { data } = await desk.ask<{ deadLetters: { nodes: { id: string }[] } }>(
      `{ deadLetters${args} { nodes { id } } }`,
    );
    return data.deadLetters.nodes.map(({ id }) => id);
  }
  async function exceptionsAbout(subject: string): Promise<string[]> {
    const { data } = await desk.ask<{ exceptions: { nodes: { subject: string; hint: string }[] } }>(
      "{ exceptions(type: DEAD_LETTER) { nodes { subject hint } } }",
    );
    return data.exceptions.nodes.filter((row) => row.subject === subject).map(({ hint }) => hint);
  }
  async function change<T>(name: string, input: object, selection: string, roles?: readonly "storefront"[]) {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    const { data, errors } = await desk.ask<Record<string, T & { userErrors: { code: string }[] }>>(
      `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code } replayed } }`,
      { input: { idempotencyKey: `letters-${++keys}`, ...input } },
      roles,
    );
    if (errors) return { userErrors: errors.map((error) => ({ code: error.extensions?.["code"] })) } as never;
    return data[name] as NonNullable<(typeof data)[string]>;
  }
  const redrive = (input: object, roles?: readonly "storefront"[]) =>
    change<{ letters: number; redriveId: string | null }>("redriveDeadLetters", input, "letters redriveId", roles);

  it("are shown by class and source, and are one exception while one of a matter is open", async () => {
    await desk.deliver(
      setAside("L-1"),
      setAside("L-2"),
      setAside("L-3", { sender: "other", class: "SCHEMA", topic: "letter:L-3" }),
    );
    expect(await letters("")).toEqual(["L-3", "L-2", "L-1"]);
    expect(await letters("(class: MAPPING)")).toEqual(["L-2", "L-1"]);
    expect(await letters('(source: "other")')).toEqual(["L-3"]);
    expect(await letters('(source: "other", class: MAPPING)')).toEqual([]);
    const { data } = await desk.ask<{ deadLetters: { pageInfo: { endCursor: string } } }>(
      "{ deadLetters(first: 1) { pageInfo { endCursor } } }",
    );
    expect(await letters(`(first: 1, after: "${data.deadLetters.pageInfo.endCursor}")`)).toEqual(["L-2"]);
    expect(await exceptionsAbout("acme|SKU|X-1")).toEqual(["UNKNOWN_SKU: No such SKU: X-1."]);
    await desk.deliver(settled("L-1", 2));
    expect(await exceptionsAbout("acme|SKU|X-1")).toHaveLength(1);
    await desk.deliver(settled("L-2", 2));
    expect(await exceptionsAbout("acme|SKU|X-1")).toEqual([]);
    expect(await letters("(status: SETTLED)")).toEqual(["L-2", "L-1"]);
  });

  it("say what happened last, in whatever order that is told", async () => {
    await desk.deliver(setAside("L-9", { attempts: 2, code: "UOM_UNMAPPED", topic: "product:A" }, 2), setAside("L-9"));
    const { data } = await desk.ask('{ deadLetter(id: "L-9") { attempts code owner status stage } }');
    expect(data["deadLetter"]).toEqual({
      ...{ attempts: 2, code: "UOM_UNMAPPED", owner: "planner", status: "OPEN", stage: "INTAKE" },
    });
    await desk.deliver(settled("L-9", 3), settled("NOBODY", 1));
    expect(await exceptionsAbout("product:A")).toEqual([]);
  });

  it("raise nothing where somebody is told in another way", async () => {
    await desk.deliver(setAside("L-8", { raises: false, topic: "letter:L-8" }));
    expect(await exceptionsAbout("letter:L-8")).toEqual([]);
    await desk.deliver(settled("L-8", 2));
  });

  it("are redriven by the systems that have them, each asked once", async () => {
    await desk.deliver(setAside("L-4"), setAside("L-5", {}, 1));
    expect(await redrive({})).toMatchObject({ userErrors: [{ code: "INVALID_INPUT" }] });
    expect(await redrive({ ids: ["NOBODY"] })).toMatchObject({ userErrors: [{ code: "UNKNOWN_DOCUMENT" }] });
    expect(await redrive({ class: "MAPPING", limit: 0 })).toMatchObject({ userErrors: [{ code: "INVALID_INPUT" }] });
    const many = Array.from({ length: limits.redriveLettersMax + 1 }, (_, i) => `${i}`);
    expect(await redrive({ ids: many })).toMatchObject({ userErrors: [{ code: "TOO_MANY_ITEMS" }] });
    expect(await redrive({ class: "MAPPING" }, ["storefront"])).toMatchObject({ userErrors: [{ code: "FORBIDDEN" }] });
    expect(await redrive({ ids: ["L-4"], idempotencyKey: "once" })).toMatchObject({ letters: 1, replayed: false });
    expect(await redrive({ ids: ["L-4"], idempotencyKey: "once" })).toMatchObject({ letters: 1, replayed: true });
    expect(await redrive({ class: "MAPPING", source: "acme" })).toMatchObject({ letters: 2 });
    expect(await redrive({ ids: ["L-1"] })).toMatchObject({ letters: 0 });
    const asked = await desk.events("letters.redrive.requested");
    expect(asked.map(({ data }) => data)).toMatchObject([
      { system: "wms", letterIds: ["L-4"] },
      { system: "wms", letterIds: ["L-4", "L-5"] },
    ]);
  });

  it("partners' codes have versions with an owner, and each change is told", async () => {
    const save = (mappings: object[], more: object = {}) =>
      change<{ mappings: { target: string; version: number }[] }>(
        "savePartnerMappings",
        { partner: "acme", mappings, ...more },
        "mappings { kind code target version owner changedBy history { version target owner } }",
      );
    const first = await save([
      { kind: "SKU", code: "X-1", target: "A" },
      { kind: "UNIT", code: "KAR", target: "CASE", owner: "mia" },
    ]);
    expect(first.mappings).toMatchObject([
      { kind: "SKU", code: "X-1", target: "A", version: 1, owner: "petra" },
      { kind: "UNIT", code: "KAR", target: "CASE", version: 1, owner: "mia" },
    ]);
    expect((await save([{ kind: "SKU", code: "X-1", target: "A" }])).mappings).toMatchObject([{ version: 1 }]);
    expect((await save([{ kind: "SKU", code: "X-1", target: "B" }])).mappings).toMatchObject([
      {
        version: 2,
        target: "B",
        history: [
          { version: 2, target: "B" },
          { version: 1, target: "A" },
        ],
      },
    ]);
    expect((await save([{ kind: "SKU", code: "X-1" }])).mappings).toMatchObject([{ version: 3, target: null }]);
    expect(await save([])).toMatchObject({ userErrors: [{ code: "INVALID_INPUT" }] });
    const twice = [1, 2].map(() => ({ kind: "SKU", code: "T", target: "A" }));
    expect(await save(twice)).toMatchObject({ userErrors: [{ code: "INVALID_INPUT" }] });
    const code = "x".repeat(limits.partnerCodeLengthMax + 1);
    expect(await save([{ kind: "SKU", code, target: "A" }])).toMatchObject({ userErrors: [{ code: "INVALID_INPUT" }] });
    const told = await desk.events("mapping.changed");
    expect(told.map(({ sourceSeq, data }) => [sourceSeq, data])).toMatchObject([
      [1, { partner: "acme", kind: "SKU", code: "X-1", target: "A" }],
      [1, { kind: "UNIT", code: "KAR" }],
      [2, { target: "B" }],
      [3, { target: null }],
    ]);
    const { data } = await desk.ask<{ partnerMappings: { nodes: object[]; pageInfo: { endCursor: string } } }>(
      '{ partnerMappings(partner: "acme", first: 1) { nodes { kind code } pageInfo { endCursor } } }',
    );
    expect(data.partnerMappings.nodes).toEqual([{ kind: "SKU", code: "X-1" }]);
    const next = await desk.ask<{ partnerMappings: { nodes: object[] } }>(
      `{ partnerMappings(partner: "acme", after: "${data.partnerMappings.pageInfo.endCursor}") { nodes { code } } }`,
    );
    expect(next.data.partnerMappings.nodes).toEqual([{ code: "KAR" }]);
    const units = await desk.ask('{ partnerMappings(partner: "acme", kind: UNIT) { nodes { code } } }');
    expect(units.data).toEqual({ partnerMappings: { nodes: [{ code: "KAR" }] } });
  });
});
