/**
 * Bugs that the races must find: each is planted into a copy of the sources, and its race is run there.
 *
 * A race that no bug can lose proves nothing. The copy is a directory of its own; the sources stay as they are.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { listFiles, root } from "../helpers/repository.ts";
import { services } from "../helpers/services.ts";

interface Bug {
  readonly name: string;
  readonly file: string;
  /** What stands there, and what the bug makes of it. */
  readonly edits: readonly (readonly [string, string])[];
  readonly race: string;
  /** Of the race's tests, only those whose names have this. */
  readonly named: string;
  /** What the race then says. */
  readonly says: RegExp;
}

const bugs: readonly Bug[] = [
  {
    name: "a fill after an invalidation is kept",
    file: "shared/cache/read-through.ts",
    edits: [
      ["if (reading.version < flight.atLeast && read < rereadsMax) {", "if (read > rereadsMax) {"],
      ["if (reading.version >= flight.atLeast && ", "if ("],
    ],
    race: "test/races/cache-truth.test.ts",
    named: "availability in its process",
    says: /backwards|to be less than or equal to 1000/,
  },
];

describe.skipIf(!(services.mysqlUrl && services.redisUrl))("planted bugs (need MySQL/MariaDB and Redis)", () => {
  let copy = "";
  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  it.each(bugs)(
    "$name: is found",
    async ({ file, edits, race, named, says }) => {
      copy = mkdtempSync(join(tmpdir(), "iag-planted-"));
      for (const path of listFiles()) cpSync(join(root, path), join(copy, path));
      symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
      let source = readFileSync(join(copy, file), "utf8");
      for (const [from, to] of edits) {
        expect(source.split(from)).toHaveLength(2);
        source = source.replace(from, to);
      }
      writeFileSync(join(copy, file), source);
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
