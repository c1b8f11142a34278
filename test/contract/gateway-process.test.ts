/**
 * `gateway/main.ts` as an operator meets it: what it needs, what it prints, how it ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { createTestSubgraph, send, serveTestSubgraph, stopAll } from "../helpers/gateways.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), "iag-gateway-"));
let child: ChildProcess | undefined;

afterEach(async () => {
  child?.kill("SIGKILL");
  await stopAll();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Running {
  readonly ready: Promise<string>;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  kill(signal: NodeJS.Signals): void;
}

function runGateway(env: Record<string, string>): Running {
  const base = { PATH: process.execPath, DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "error" };
  const started = spawn(process.execPath, ["--import", "tsx", "gateway/main.ts"], {
    cwd: root,
    env: { ...base, ...env },
  });
  child = started;
  let stdout = "";
  let stderr = "";
  started.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const ready = new Promise<string>((resolve) => {
    started.stdout.on("data", (chunk) => {
      stdout += chunk;
      const url = /^ready (\S+)$/m.exec(stdout)?.[1];
      if (url) resolve(url);
    });
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    started.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { ready, ended, kill: (signal) => started.kill(signal) };
}

const one = (sdl: string) => createTestSubgraph(sdl, { Query: { ping: () => "pong" } });

describe("the gateway alone", () => {
  it("says which URLs it lacks, and does not start", async () => {
    const { code, stdout, stderr } = await runGateway({ ERP_URL: "http://127.0.0.1:1/graphql" }).ended;
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^CONFIG_INVALID: .*WMS_URL, RETURNS_URL, AVAILABILITY_URL, CONTROL_URL/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("composes what it is given URLs of, prints where it is ready, answers, and ends on SIGTERM", async () => {
    const url = (await serveTestSubgraph(one("type Query { ping: String @shareable }"))).url;
    const gateway = runGateway({
      ERP_URL: url,
      WMS_URL: url,
      RETURNS_URL: url,
      AVAILABILITY_URL: url,
      CONTROL_URL: url,
      HOST: "0.0.0.0",
    });
    const ready = await gateway.ready;
    expect(ready).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql$/);
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: `{"query":"{ ping }"}` };
    expect((await send(ready, init)).data).toEqual({ ping: "pong" });
    gateway.kill("SIGTERM");
    expect((await gateway.ended).code).toBe(0);
  });

  it("says what does not compose, and does not start", async () => {
    const erp = (await serveTestSubgraph(one("type Query { ping: String @shareable }"))).url;
    const wms = (await serveTestSubgraph(one("type Query { ping: Int @shareable }"))).url;
    const urls = { ERP_URL: erp, WMS_URL: wms, RETURNS_URL: erp, AVAILABILITY_URL: erp, CONTROL_URL: erp };
    const { code, stderr } = await runGateway(urls).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^COMPOSITION_FAILED: [\s\S]*Query\.ping[\s\S]*wms/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
