/**
 * npm run schema: a text file that tools can read and that this project's own checks do not stumble over.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "graphql";
import { expect, it } from "vitest";
import { root } from "../../helpers/repository.ts";

it("writes the supergraph, with a line end, and says where", () => {
  const folder = mkdtempSync(join(tmpdir(), "schema-"));
  const file = join(folder, "supergraph.graphql");
  try {
    const said = execFileSync(process.execPath, ["--import", "tsx", "cli/schema.ts", file], {
      cwd: root,
      encoding: "utf8",
    });
    expect(said).toBe(`${file}\n`);
    const text = readFileSync(file, "utf8");
    expect(text.endsWith("}\n")).toBe(true);
    expect(() => parse(text)).not.toThrow();
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 30_000);
