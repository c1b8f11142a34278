/**
 * Heads of the chain are written down when they are due, and read back; what is no head is refused with its line.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Seal } from "../../../../shared/audit/chain.ts";
import { createHeadExport, type HeadExport, parseHeads } from "../../../../shared/audit/heads.ts";
import { type ManualClock, manualClock } from "../../../../shared/clock.ts";
import { limits } from "../../../../shared/limits.ts";
import { silentLogger } from "../../../../shared/logging.ts";

const hash = (digit: string) => digit.repeat(64);
const seal = (sequence: number, digit = "a"): Seal => ({
  sequence,
  audit_id: sequence,
  hash: hash(digit),
  sealed_at_ms: Date.UTC(2026, 0, 5),
});

describe("heads that are written down", () => {
  let dir: string;
  let file: string;
  let clock: ManualClock;
  let told: string[];
  let heads: HeadExport;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "iag-heads-"));
    file = join(dir, "deep", "heads.jsonl");
    clock = manualClock();
    told = [];
    const note = (level: string) => (_: object, message: string) => void told.push(`${level}: ${message}`);
    heads = createHeadExport({ file, clock, log: { ...silentLogger, info: note("info"), warn: note("warn") } });
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const written = () => parseHeads(readFileSync(file, "utf8")).get("wms");

  it("are the newest, once in a while, and never the same twice", async () => {
    await heads.exportDue();
    heads.sealed("wms", seal(1));
    await heads.exportDue();
    heads.sealed("wms", seal(2));
    heads.sealed("wms", seal(3, "b"));
    await heads.exportDue();
    expect(written()).toEqual([{ sequence: 1, hash: hash("a") }]);
    clock.advance(limits.auditHeadEveryMs);
    await heads.exportDue();
    clock.advance(limits.auditHeadEveryMs);
    await heads.exportDue();
    await heads.exportNow();
    expect(written()).toEqual([
      { sequence: 1, hash: hash("a") },
      { sequence: 3, hash: hash("b") },
    ]);
    expect(told).toEqual(["info: audit head", "info: audit head"]);
  });

  it("that cannot be written are tried again, and hold up nobody", async () => {
    writeFileSync(join(dir, "deep"), "a file where a directory should be");
    heads.sealed("wms", seal(1));
    await heads.exportDue();
    await heads.exportDue();
    expect(told).toEqual(["warn: the head of the audit chain was not written; it is tried again"]);
    rmSync(join(dir, "deep"));
    clock.advance(limits.auditHeadEveryMs);
    await heads.exportDue();
    expect(written()).toHaveLength(1);
  });
});

describe("a file of heads", () => {
  const line = (system: string, sequence: unknown, text: unknown = hash("a")) =>
    JSON.stringify({ system, sequence, hash: text, sealedAt: "2026-01-05T00:00:00.000Z" });

  it("is read by system, in the order of the chain, whoever wrote first", () => {
    const heads = parseHeads(`${line("wms", 7)}\n${line("erp", 2)}\n${line("wms", 3)}\n`);
    expect(heads.get("wms")?.map(({ sequence }) => sequence)).toEqual([3, 7]);
    expect(heads.get("erp")).toHaveLength(1);
    expect(heads.get("returns")).toEqual([]);
  });

  it("may end in the middle of a line, as a crash leaves it", () => {
    expect(parseHeads(`${line("wms", 7)}\n${line("wms", 8).slice(0, 40)}`).get("wms")).toHaveLength(1);
    expect(parseHeads("").get("wms")).toEqual([]);
  });

  it.each([
    ["not JSON", "head"],
    ["null", "null"],
    ["another system", line("crm", 1)],
    ["no hash", line("wms", 1, "abc")],
    ["a sequence that none has", line("wms", 0)],
    ["a sequence that is no number", line("wms", "1")],
  ])("is refused with the line that is %s", (_, wrong) => {
    expect(() => parseHeads(`${line("wms", 1)}\n${wrong}\n`)).toThrow(
      expect.objectContaining({ code: "INVALID_INPUT", message: "Line 2 is not the head of an audit chain." }),
    );
  });
});
