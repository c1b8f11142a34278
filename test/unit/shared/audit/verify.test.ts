/**
 * The audit is judged in memory: whatever somebody changes, removes, adds or moves is found, and nothing else is.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Sealed, TakenKey } from "../../../../shared/audit/audit-store.ts";
import {
  type AuditRow,
  emptyHead,
  type Gap,
  gapsBetween,
  type Head,
  restOfGap,
  type Seal,
  sealRows,
} from "../../../../shared/audit/chain.ts";
import { type AuditSource, verifyAudit } from "../../../../shared/audit/verify.ts";
import { limits } from "../../../../shared/limits.ts";

interface Books {
  rows: AuditRow[];
  seals: Seal[];
  gaps: Gap[];
  keys?: readonly TakenKey[];
}

const hourMs = 3_600_000;
const laterMs = 1_000 * hourMs;

/** As the database would answer: rows by id, seals by sequence, joined by the row's id. */
function source({ rows, seals, gaps, keys = [] }: Books): AuditSource {
  const byId = [...rows].sort((a, b) => a.id - b.id);
  const bySequence = [...seals].sort((a, b) => a.sequence - b.sequence);
  const sealedIds = new Set(seals.map(({ audit_id }) => audit_id));
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  return {
    system: "wms",
    end: async () => ({
      sequence: bySequence.at(-1)?.sequence ?? 0,
      sealedId: Math.max(0, ...sealedIds),
      rowId: byId.at(-1)?.id ?? 0,
    }),
    sealsAfter: async (sequence, max): Promise<Sealed[]> =>
      bySequence
        .filter((seal) => seal.sequence > sequence)
        .slice(0, max)
        .map((seal) => ({ seal, row: rowOf.get(seal.audit_id) ?? null })),
    marksAfter: async (id, max) =>
      byId
        .filter((row) => row.id > id)
        .slice(0, max)
        .map((row) => ({
          id: row.id,
          recordedAtMs: row.recorded_at_ms,
          person: row.person,
          key: row.idempotency_key,
          isSealed: sealedIds.has(row.id),
        })),
    keysAfter: async (after, max) =>
      keys.slice(after ? keys.indexOf(after) + 1 : 0, (after ? keys.indexOf(after) + 1 : 0) + max),
    neverSealed: async (ids) => ids.filter((id) => !gaps.some((gap) => gap.from_id <= id && id <= gap.to_id)),
  };
}

const verify = (books: Books, heads: readonly Head[] = []) => verifyAudit(source(books), heads, laterMs);

function row(id: number, text = `row ${id}`): AuditRow {
  return {
    id,
    subject: `thing:${id % 5}`,
    action: "add",
    outcome: "done",
    person: "walter",
    roles: "warehouse",
    correlation_id: `story ${id}`,
    idempotency_key: id % 3 === 0 ? null : `key ${id}`,
    detail: JSON.stringify({ text }),
    recorded_at_ms: id * hourMs,
  };
}

/** A chain over rows in this order, some ids left out. */
function chainOf(ids: readonly number[], texts: readonly string[] = []): Books {
  const rows = ids.map((id, i) => row(id, texts[i]));
  const seals = sealRows(emptyHead("wms"), rows, 400 * hourMs);
  const ascending = [...ids].sort((a, b) => a - b);
  return { rows, seals, gaps: gapsBetween(0, ascending, 0) };
}

const books = fc
  .record({
    ids: fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 3, maxLength: 12 }),
    texts: fc.array(fc.string(), { maxLength: 12 }),
  })
  .map(({ ids, texts }) => chainOf(ids, texts));

type Tampering = (books: Books, at: number, by: number) => void;

function pick<T>(list: readonly T[], at: number): number {
  return at % list.length;
}

function editText<T extends object>(list: T[], at: number, by: number, columns: readonly (keyof T)[]): void {
  const i = pick(list, at);
  const target = list[i] as T;
  const column = columns[by % columns.length] as keyof T;
  const value = target[column];
  list[i] = { ...target, [column]: typeof value === "number" ? value + 1 : `${value ?? ""}x` };
}

function swapContents<T extends object>(list: T[], at: number, by: number, key: keyof T): void {
  const [i, j] = [pick(list, at), pick(list, at + 1 + (by % (list.length - 1)))];
  const [a, b] = [list[i] as T, list[j] as T];
  list[i] = { ...b, [key]: a[key] };
  list[j] = { ...a, [key]: b[key] };
}

const rowColumns: readonly (keyof AuditRow)[] = [
  ...(["subject", "action", "outcome", "person", "roles", "correlation_id"] as const),
  ...(["idempotency_key", "detail", "recorded_at_ms"] as const),
];

/** What somebody may do who writes to the tables, and does not compute the chain anew. */
const tamperings: Readonly<Record<string, Tampering>> = {
  "edit a row": ({ rows }, at, by) => editText(rows, at, by, rowColumns),
  "edit a seal": ({ seals }, at, by) => editText(seals, at, by, ["hash", "sealed_at_ms"]),
  "delete a row": ({ rows }, at) => void rows.splice(pick(rows, at), 1),
  "delete a seal": ({ seals }, at) => void seals.splice(pick(seals, at), 1),
  "delete a row with its seal": ({ rows, seals }, at) => {
    const [gone] = rows.splice(pick(rows, at), 1);
    seals.splice(
      seals.findIndex(({ audit_id }) => audit_id === gone?.id),
      1,
    );
  },
  "insert a row": ({ rows }, at, by) => {
    const free = Array.from({ length: 40 }, (_, i) => i + 1).filter((id) => !rows.some((known) => known.id === id));
    rows.push(row(free[(at + by) % free.length] as number, "forged"));
  },
  "insert a row with a seal behind the last": ({ rows, seals }, at) => {
    const last = seals.at(-1) as Seal;
    const forged = row(50 + (at % 7), "forged");
    rows.push(forged);
    const sequence = last.sequence + 1;
    seals.push({ ...last, sequence, audit_id: forged.id });
  },
  "swap two rows": ({ rows }, at, by) => swapContents(rows, at, by, "id"),
  "swap two seals": ({ seals }, at, by) => swapContents(seals, at, by, "sequence"),
  "renumber a row": ({ rows }, at, by) => {
    const i = pick(rows, at);
    rows[i] = { ...(rows[i] as AuditRow), id: 60 + (by % 9) };
  },
  "cut off the end of the rows": ({ rows }, at) => void rows.splice(pick(rows, at)),
  "cut off the end of the seals": ({ seals }, at) => void seals.splice(pick(seals, at)),
  "cut off the end of both": (all, at) => {
    const kept = all.seals.slice(0, pick(all.seals, at));
    all.rows = all.rows.filter(({ id }) => kept.some(({ audit_id }) => audit_id === id));
    all.seals = kept;
  },
  "compute the chain anew behind an edited row": (all, at, by) => {
    editText(all.rows, at, by, rowColumns);
    const order = all.seals.map(({ audit_id }) => all.rows.find(({ id }) => id === audit_id) as AuditRow);
    all.seals = sealRows(emptyHead("wms"), order, 400 * hourMs);
  },
};

/** What leaves a shorter chain, or another one, that is whole in itself. */
const needsHead = [
  "delete a row with its seal",
  "cut off the end of both",
  "compute the chain anew behind an edited row",
];

describe("an audit that nobody has touched", () => {
  it("is intact, in whatever order its rows were committed, with and without heads written down", async () => {
    await fc.assert(
      fc.asyncProperty(books, async (untouched) => {
        const heads = untouched.seals.filter(({ sequence }) => sequence % 2 === 0);
        for (const known of [[], heads, untouched.seals]) {
          expect(await verify(untouched, known)).toMatchObject({ verdict: "intact", brokenPlaces: 0, waiting: 0 });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is intact when it is empty, and longer than a page", async () => {
    expect(await verify({ rows: [], seals: [], gaps: [] })).toMatchObject({ verdict: "intact", rows: 0, sealed: 0 });
    const ids = Array.from({ length: limits.auditReadPageMax * 2 }, (_, i) => i + 1);
    const long = chainOf(ids);
    const report = await verify(long, [long.seals.at(-1) as Seal]);
    expect(report).toMatchObject({ verdict: "intact", rows: ids.length, sealed: ids.length, waiting: 0 });
    expect(report.head).toEqual({ sequence: ids.length, hash: long.seals.at(-1)?.hash });
  });

  it("waits for rows that came a moment ago, and says which have waited too long", async () => {
    const known = chainOf([1, 2, 3]);
    const waiting = { ...known, rows: [...known.rows, row(4)] };
    const at = (nowMs: number) => verifyAudit(source(waiting), [], nowMs);
    expect(await at(4 * hourMs)).toMatchObject({ verdict: "intact", waiting: 1, overdue: 0 });
    expect(await at(4 * hourMs + limits.auditOverdueMs + 1)).toMatchObject({ verdict: "unsealed", overdue: 1 });
  });
});

describe("10,000 random tamperings", () => {
  const names = Object.keys(tamperings);
  const runs = Math.ceil(10_000 / names.length);

  it.each(names)("%s: found every time", async (name) => {
    const tampering = tamperings[name] as Tampering;
    await fc.assert(
      fc.asyncProperty(books, fc.nat(1_000), fc.nat(1_000), async (untouched, at, by) => {
        const heads = needsHead.includes(name) ? [untouched.seals.at(-1) as Seal] : [];
        const touched = { ...untouched, rows: [...untouched.rows], seals: [...untouched.seals] };
        tampering(touched, at, by);
        expect((await verify(touched, heads)).verdict).not.toBe("intact");
      }),
      { numRuns: runs },
    );
  });
});

describe("what is found", () => {
  const five = () => chainOf([1, 2, 3, 4, 5]);
  const found = async (tamper: (books: Books) => void, heads: readonly Head[] = []) => {
    const books = five();
    tamper(books);
    return (await verify(books, heads)).firstBroken;
  };

  it("is named with its first place", async () => {
    expect(await found(({ rows }) => editText(rows, 2, 0, ["detail"]))).toEqual({
      finding: "HASH_DIFFERS",
      sequence: 3,
      auditId: 3,
    });
    expect(await found(({ rows }) => void rows.splice(1, 1))).toEqual({
      finding: "ROW_MISSING",
      sequence: 2,
      auditId: 2,
    });
    expect(await found(({ seals }) => void seals.splice(1, 1))).toMatchObject({ finding: "SEAL_MISSING", sequence: 3 });
    const hidden = chainOf([1, 3]);
    hidden.rows.push(row(2, "forged"));
    hidden.gaps = [];
    expect((await verify(hidden)).firstBroken).toEqual({ finding: "ROW_NEVER_SEALED", sequence: null, auditId: 2 });
  });

  it("is one place for one edited row: the seals behind it are those that were made", async () => {
    const books = five();
    editText(books.rows, 2, 0, ["person"]);
    expect(await verify(books)).toMatchObject({ verdict: "broken", brokenPlaces: 1, sealed: 5 });
  });

  it("needs a head that was written down, where the chain was computed anew or cut off", async () => {
    const anew = five();
    const before = anew.seals.at(3) as Seal;
    tamperings["compute the chain anew behind an edited row"]?.(anew, 1, 7);
    expect(await verify(anew)).toMatchObject({ verdict: "intact" });
    expect((await verify(anew, [before])).firstBroken).toMatchObject({ finding: "HEAD_DIFFERS", sequence: 4 });
    const cut = five();
    tamperings["cut off the end of both"]?.(cut, 3, 0);
    expect(await verify(cut)).toMatchObject({ verdict: "intact", sealed: 3 });
    expect((await verify(cut, [before])).firstBroken).toMatchObject({ finding: "HEAD_MISSING", sequence: 4 });
  });

  const taken = (key: string, takenAtMs = hourMs): TakenKey => ({ caller: "walter", operation: "add", key, takenAtMs });

  it("is a request that was answered and left no row, once its row had the time to be seen", async () => {
    const known = chainOf([1, 2, 4, 5]);
    const keys = [taken("key 1"), taken("key 2"), taken("key 4"), taken("key 5")];
    const nowMs = limits.idempotencyKeptMs;
    const judge = (...more: TakenKey[]) => verifyAudit(source({ ...known, keys: [...keys, ...more] }), [], nowMs);
    expect(await judge()).toMatchObject({ verdict: "intact" });
    expect(await judge(taken("key 7", nowMs - 1), taken("key 8", -1))).toMatchObject({ verdict: "intact" });
    expect(await judge(taken("key 7"), { ...taken("key 2"), caller: "wilma" })).toMatchObject({
      verdict: "broken",
      brokenPlaces: 2,
      firstBroken: { finding: "KEY_WITHOUT_ROW", key: { key: "key 7" } },
    });
  });

  it("is no request whose row came while the others were read", async () => {
    const known = { ...chainOf([1, 2]), keys: [taken("key 4")] };
    const late = { ...known, rows: [...known.rows, row(4)] };
    let passes = 0;
    const growing: AuditSource = {
      ...source(known),
      marksAfter: (id, max) => source(passes++ === 0 ? known : late).marksAfter(id, max),
    };
    expect(await verifyAudit(growing, [], 4 * hourMs)).toMatchObject({ verdict: "intact" });
    expect(passes).toBe(2);
  });

  it("another system's chain is not this system's", async () => {
    const theirs = five();
    theirs.seals = sealRows(emptyHead("erp"), theirs.rows, 400 * hourMs);
    expect((await verify(theirs)).firstBroken).toMatchObject({ finding: "HASH_DIFFERS", sequence: 1 });
  });
});

describe("gaps", () => {
  it("are exactly the numbers between those that were seen", () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 20 });
    fc.assert(
      fc.property(numbers, numbers, (first, later) => {
        const seen = first.sort((a, b) => a - b);
        const inside = (gaps: readonly Gap[]) =>
          gaps.flatMap(({ from_id, to_id }) => Array.from({ length: to_id - from_id + 1 }, (_, i) => from_id + i));
        const gaps = gapsBetween(0, seen, 7);
        const free = Array.from({ length: seen.at(-1) ?? 0 }, (_, i) => i + 1).filter((id) => !seen.includes(id));
        expect(inside(gaps)).toEqual(free);
        const found = later.filter((id) => free.includes(id)).sort((a, b) => a - b);
        const rests = gaps.flatMap((gap) =>
          restOfGap(
            gap,
            found.filter((id) => id >= gap.from_id && id <= gap.to_id),
          ),
        );
        expect(inside(rests)).toEqual(free.filter((id) => !found.includes(id)));
        expect(rests.every(({ seen_at_ms }) => seen_at_ms === 7)).toBe(true);
      }),
    );
  });
});
