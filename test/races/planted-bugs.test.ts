/**
 * Bugs that tests must find: each is planted into a copy of the sources, and the test of that promise is run there.
 *
 * A test that no bug can fail proves nothing. The copy is a directory of its own; the sources stay as they are.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { listFiles, root } from "../helpers/repository.ts";

interface Bug {
  readonly name: string;
  /** In which file, what stands there, and what the bug makes of it. */
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
  readonly race: string;
  /** Of its tests, only those whose names have this. */
  readonly named: string;
  /** What it then says. */
  readonly says: RegExp;
}

const bugs: readonly Bug[] = [
  {
    name: "a fill after an invalidation is kept",
    edits: [
      ["shared/cache/flights.ts", "if (isOld && reads < rereadsMax) {", "if (reads > rereadsMax) {"],
      ["shared/cache/flights.ts", "landed(key, reading, isOld, beganAt);", "landed(key, reading, false, beganAt);"],
    ],
    race: "test/unit/shared/read-through.test.ts",
    named: "under way when the value changes",
    says: /is made again before anybody gets it/,
  },
];

describe("planted bugs", () => {
  let copy = "";
  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  it.each(bugs)(
    "$name: is found",
    async ({ edits, race, named, says }) => {
      copy = mkdtempSync(join(tmpdir(), "iag-planted-"));
      for (const path of listFiles()) cpSync(join(root, path), join(copy, path));
      symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
      for (const [file, from, to] of edits) {
        const source = readFileSync(join(copy, file), "utf8");
        expect(source.split(from)).toHaveLength(2);
        writeFileSync(join(copy, file), source.replace(from, to));
      }
      const { code, output } = await runRace(copy, race, named);
      expect(output).toMatch(says);
      expect(code).toBe(1);
    },
    240_000,
  );
});

async function runRace(directory: string, race: string, named: string) {
  const vitest = join(directory, "node_modules", "vitest", "vitest.mjs");
  const child = spawn(process.execPath, [vitest, "run", race, "-t", named], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "exit");
  return { code: code as number | null, output };
}
