/**
 * `npm run token` as a shell sees it: stdout carries the token and nothing else; a wrong call says what is wrong.
 *
 * Runs the file as a process; the token is judged by the authenticator that the system uses. What the arguments may
 * be is tried without a process.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { toTokenRequest } from "../../../cli/token-arguments.ts";
import { manualClock } from "../../../shared/clock.ts";
import { toConfig } from "../../../shared/config.ts";
import { createAuthenticator } from "../../../shared/identity.ts";
import { root } from "../../helpers/repository.ts";

const dataDir = mkdtempSync(join(tmpdir(), "iag-token-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

describe("npm run token", () => {
  it("prints a token that the system accepts, with the person, roles, accounts and channels asked for", async () => {
    const made = run(["--person", "ada", "--roles", "planner, crm", "--accounts", "ACME", "--channels", "WEB,B2B"], {});
    expect(made).toMatchObject({ status: 0, stderr: "" });
    expect(made.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const identity = await identityOf(made.stdout, Date.now());
    expect(identity).toMatchObject({ person: "ada", accounts: ["ACME"], channels: ["WEB", "B2B"] });
    expect([...identity.roles]).toEqual(["planner", "crm"]);
  });

  it("lets a token live as many days as asked for", async () => {
    const { stdout } = run(["--person", "ada", "--roles", "auditor", "--days", "2"], {});
    const day = 24 * 3_600_000;
    await expect(identityOf(stdout, Date.now() + 1.9 * day)).resolves.toMatchObject({ person: "ada", accounts: null });
    await expect(identityOf(stdout, Date.now() + 2.1 * day)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("says on stderr what is wrong, without a stack trace", () => {
    const refused = run(["--person", " ada", "--roles", "crm"], {});
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toBe("INVALID_INPUT: person must not begin or end with white space.\n");
  });

  it.each([
    { args: [], says: "--person and --roles are needed." },
    { args: ["--person", "ada", "--roles", "king"], says: "No such role: king." },
    { args: ["--person", "ada", "--roles", "crm,,planner"], says: '"crm,,planner" must be names' },
    { args: ["--person", "ada", "--roles", "crm", "--days", "0"], says: "--days must be a whole number" },
    { args: ["--persona", "ada"], says: "Unknown option '--persona'" },
  ])("refuses $args and says: $says", ({ args, says }) => {
    expect(() => toTokenRequest(args)).toThrow(says);
  });

  it("makes no token where an identity provider does", () => {
    const refused = run(["--person", "ada", "--roles", "crm"], { AUTH_JWKS_URL: "https://id.example/jwks.json" });
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toContain("AUTH_JWKS_URL is set");
  });
});

function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "cli/token.ts", ...args], {
    cwd: root,
    env: { DATA_DIR: dataDir, ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function identityOf(stdout: string, nowMs: number) {
  const { auth } = toConfig({ DATA_DIR: dataDir });
  return createAuthenticator(auth, manualClock(nowMs)).authenticate(`Bearer ${stdout.trim()}`);
}
