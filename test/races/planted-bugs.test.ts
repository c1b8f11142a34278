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
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listFiles, root } from "../helpers/repository.ts";
import { services } from "../helpers/services.ts";

interface Bug {
  readonly name: string;
  /** In which file, what stands there, and what the bug makes of it. */
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
  /** The test that finds it; of its tests, only those whose names have this. */
  readonly test: string;
  readonly named: string;
  /** What it then says. */
  readonly says: RegExp;
  /** Only two connections at once can be wrong in this way. */
  readonly onMysql?: true;
}

const positions = "subgraphs/availability/store/positions.ts";

const bugs: readonly Bug[] = [
  {
    name: "positions are neither locked nor guarded by their version",
    edits: [
      [positions, `location_id\${lock}\`,`, "location_id`,"],
      [positions, "keys: readonly PositionKey[], lock: string)", "keys: readonly PositionKey[], _lock: string)"],
      [positions, 'if (changed !== 1) throw new TransactionConflict("position");', "void changed;"],
      [positions, 'if (changed !== positions.length) throw new TransactionConflict("position");', "void changed;"],
    ],
    test: "test/races/reserve-together.test.ts",
    named: "half of them at each replica",
    says: /expected .* to have a length of 100/,
    onMysql: true,
  },
  {
    name: "an event that is in the inbox already counts again",
    edits: [
      ["shared/messaging/consumer.ts", "if (seen.has(keyOf(event))) continue;", ""],
      [
        "shared/messaging/consumer.ts",
        'if (entered !== fresh.length) throw new TransactionConflict("inbox");',
        "void entered;",
      ],
    ],
    test: "test/contract/consumer.test.ts",
    named: "consumer on sqlite counts an event once when two of it",
    says: /expected \{ A: 60 \} to deeply equal \{ A: 20 \}/,
  },
  {
    name: "others are told before COMMIT",
    edits: [
      [
        "shared/command.ts",
        "told = await recorder.flush(tx);",
        "told = await recorder.flush(tx);\n      deps.committed(told);",
      ],
    ],
    test: "test/contract/command.test.ts",
    named: "and then says so",
    says: /expected 2 to be 1/,
  },
  {
    name: "the relay goes on after the greatest number it has seen",
    edits: [
      [
        "shared/messaging/outbox.ts",
        "export async function claimRows(",
        "let lastId = 0;\nexport async function claimRows(",
      ],
      [
        "shared/messaging/outbox.ts",
        "WHERE state = 'new' ORDER BY id LIMIT",
        `WHERE state = 'new' AND id > \${lastId} ORDER BY id LIMIT`,
      ],
      [
        "shared/messaging/outbox.ts",
        "const ids = found.map((row) => row.id);",
        "const ids = found.map((row) => row.id);\n  lastId = Math.max(lastId, ...ids);",
      ],
    ],
    test: "test/contract/messaging.test.ts",
    named: "publishes a lower number that was committed after a higher one",
    says: /expected \+?0 to be 1/,
    onMysql: true,
  },
  {
    name: "a fill after an invalidation is kept",
    edits: [
      ["shared/cache/flights.ts", "if (isOld && reads < rereadsMax) {", "if (reads > rereadsMax) {"],
      ["shared/cache/flights.ts", "landed(key, reading, isOld, beganAt);", "landed(key, reading, false, beganAt);"],
    ],
    test: "test/unit/shared/read-through.test.ts",
    named: "under way when the value changes",
    says: /is made again before anybody gets it/,
  },
  {
    name: "who asked for an adjustment may approve it under an alias",
    edits: [
      [
        "subgraphs/wms/domain/adjustment.ts",
        'throw new AppError("SAME_PERSON", { adjustmentId, field: ["input", "id"] });',
        "void adjustmentId;",
      ],
    ],
    test: "test/contract/wms-adjustment-duties.test.ts",
    named: "separation of duties on sqlite .* under an alias",
    says: /FAIL/,
  },
  {
    name: "a tolerance counts for each request by itself",
    edits: [
      [
        "subgraphs/wms/adjustments.ts",
        "const earlierQuantity = earlier.get(content.sku) ?? 0;",
        "const earlierQuantity = 0;",
      ],
    ],
    test: "test/contract/wms-adjustment-duties.test.ts",
    named: "separation of duties on sqlite .* goes beyond it together",
    says: /PENDING_APPROVAL/,
  },
  {
    name: "a lock timeout is not followed by a rollback",
    edits: [
      [
        "shared/db/mysql.ts",
        "        await rollBack(runner);\n        throw error;",
        "        if (!isLockTimeout(error)) await rollBack(runner);\n        throw error;",
      ],
      ["shared/db/mysql.ts", "import { judge, retrying }", "import { isLockTimeout, judge, retrying }"],
    ],
    test: "test/contract/mysql.test.ts",
    named: "a lock timeout inside",
    says: /expected \{ a: '2', b: '2' \} to deeply equal \{ a: '1', b: '1' \}/,
    onMysql: true,
  },
  {
    name: "a cursor begins one entry too late",
    edits: [
      [
        "shared/messaging/memory-log.ts",
        "const start = entries.length - missing;",
        "const start = entries.length - missing + 1;",
      ],
    ],
    test: "test/contract/event-log.test.ts",
    named: "memory log brings every reader everything",
    says: /to deeply equal/,
  },
  {
    name: "the audit row is written in a transaction of its own",
    edits: [
      [
        "shared/command.ts",
        "told = await recorder.flush(tx);",
        "told = await deps.db.transaction((other) => recorder.flush(other));",
      ],
    ],
    test: "test/contract/command.test.ts",
    named: "command on mysql a request that fails at its very last statement",
    says: /audits: 1/,
    onMysql: true,
  },
];

describe("planted bugs", () => {
  let copy = "";
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), "iag-planted-"));
    for (const path of listFiles()) cpSync(join(root, path), join(copy, path));
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  for (const { name, edits, test, named, says, onMysql } of bugs) {
    const missing = onMysql === true && !services.mysqlUrl;
    it.skipIf(missing)(
      `${name}: is found${missing ? " (no MySQL/MariaDB answers)" : ""}`,
      async () => {
        const sound = new Map(edits.map(([file]) => [file, readFileSync(join(copy, file), "utf8")]));
        try {
          for (const [file, from, to] of edits) plant(join(copy, file), from, to);
          const { code, output } = await runTest(copy, test, named);
          expect(output).toMatch(says);
          expect(code).toBe(1);
        } finally {
          for (const [file, source] of sound) writeFileSync(join(copy, file), source);
        }
      },
      120_000,
    );
  }
});

function plant(file: string, from: string, to: string): void {
  const parts = readFileSync(file, "utf8").split(from);
  expect(parts).toHaveLength(2);
  writeFileSync(file, parts.join(to));
}

async function runTest(directory: string, test: string, named: string) {
  const vitest = join(directory, "node_modules", "vitest", "vitest.mjs");
  const child = spawn(process.execPath, [vitest, "run", test, "-t", named], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "exit");
  return { code: code as number | null, output: stripVTControlCharacters(output) };
}
