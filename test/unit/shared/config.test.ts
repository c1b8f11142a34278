/**
 * The environment becomes a configuration, or the start is refused with the name of the variable.
 *
 * Every case has a data directory of its own.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Env, markDemoDirectory, readDemoMark, systemNames, toConfig } from "../../../shared/config.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "iag-config-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const config = (env: Env = {}) => toConfig({ DATA_DIR: dataDir, ...env });

describe("with nothing set", () => {
  it("everything runs in this process, on this machine, with the demo", () => {
    expect(config()).toMatchObject({
      host: "127.0.0.1",
      port: 4000,
      dataDir,
      mysqlUrl: null,
      redisUrl: null,
      mysqlPrefix: "",
      redisPrefix: "",
      supergraphFile: null,
      subgraphUrls: {},
      demo: true,
      simulate: true,
      production: false,
      introspection: true,
      logLevel: "warn",
      migrateOnStart: true,
      auditHeadsFile: join(dataDir, "audit-heads.jsonl"),
      mysqlAppUser: null,
      stopNoticeMs: 0,
    });
  });

  it("a variable that is empty is one that is not set", () => {
    const empty = { PORT: "", MYSQL_URL: "", REDIS_URL: "", DEMO: "", LOG_LEVEL: "", AUTH_SECRET: "", HOST: "" };
    expect(config(empty)).toEqual(config());
  });

  it("a secret is made once, for its owner's eyes only, and found again", () => {
    const { secret } = config().auth;
    expect(secret.length).toBeGreaterThanOrEqual(43);
    expect(config().auth.secret).toBe(secret);
    expect(readFileSync(join(dataDir, "auth-secret"), "utf8")).toBe(secret);
    expect(readdirSync(dataDir)).toEqual(["auth-secret"]);
    expect(statSync(join(dataDir, "auth-secret")).mode & 0o077).toBe(0);
  });

  it("a secret that was lost from its file is not taken for one", () => {
    writeFileSync(join(dataDir, "auth-secret"), "\n");
    expect(() => config()).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(/auth-secret/) }),
    );
  });
});

describe("secrets", () => {
  const [long, next] = ["a".repeat(32), "b".repeat(32)];

  it("may be several, while they change", () => {
    const { auth, internalSecrets } = config({ AUTH_SECRET: long, AUTH_SECRETS_ACCEPTED: `${next}, third` });
    expect(auth).toMatchObject({ secret: long, acceptedSecrets: [next, "third"] });
    expect(internalSecrets).toEqual([long, next, "third"]);
  });

  it("for subgraphs may be others than for tokens", () => {
    const env = { AUTH_SECRET: long, INTERNAL_SECRETS: `${next},${long}`, SIGNED_IDENTITY: "off" };
    expect(config(env)).toMatchObject({ internalSecrets: [next, long], signedIdentity: false });
    expect(config().signedIdentity).toBe(true);
  });

  it.each(["AUTH_SECRETS_ACCEPTED", "INTERNAL_SECRETS"])(
    "that could be guessed are refused in production: %s",
    (name) => {
      expect(() => config({ NODE_ENV: "production", AUTH_SECRET: long, [name]: `${next},short` })).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(name) }),
      );
    },
  );
});

describe("doors", () => {
  it("are open to no other site, to every document, and without https, unless it is said", () => {
    expect(config().doors).toMatchObject({ corsOrigins: [], https: false, trustedDocumentsFile: null });
    const { doors } = config({ CORS_ORIGINS: "https://a.example, http://b.example:81", HTTPS: "on" });
    expect(doors).toMatchObject({ corsOrigins: ["https://a.example", "http://b.example:81"], https: true });
    const trusted = config({ TRUSTED_DOCUMENTS: join(dataDir, "documents.json") }).doors.trustedDocumentsFile;
    expect(trusted).toBe(join(dataDir, "documents.json"));
  });

  it.each(["*", "shop.example", "https://shop.example/", "https://shop.example/path"])(
    "are not opened by what is no origin: %j",
    (CORS_ORIGINS) => {
      expect(() => config({ CORS_ORIGINS })).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("CORS_ORIGINS") }),
      );
    },
  );
});

describe("budgets", () => {
  it("are off, and generous in production", () => {
    expect(config().doors).toMatchObject({ rateLimit: null, proxies: 0 });
    const { doors } = config({ NODE_ENV: "production", AUTH_SECRET: "a".repeat(32) });
    expect(doors.rateLimit).toEqual({ points: 6_000_000, windowS: 60 });
  });

  it("are points in seconds, or off", () => {
    expect(config({ RATE_LIMIT: "500/10" }).doors.rateLimit).toEqual({ points: 500, windowS: 10 });
    const off = { NODE_ENV: "production", AUTH_SECRET: "a".repeat(32), RATE_LIMIT: "off" };
    expect(config(off).doors.rateLimit).toBeNull();
    expect(config({ TRUSTED_PROXIES: "2" }).doors.proxies).toBe(2);
  });

  it.each([{ RATE_LIMIT: "many" }, { RATE_LIMIT: "0/10" }, { RATE_LIMIT: "10/0" }, { TRUSTED_PROXIES: "all" }])(
    "that cannot be used are refused by name: %j",
    (env) => {
      const [name] = Object.keys(env);
      expect(() => config(env)).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(name as string) }),
      );
    },
  );
});

describe("what is set", () => {
  it("is taken over", () => {
    const set = config({
      PORT: "0",
      HOST: "::1",
      MYSQL_URL: "mysql://root@db:3306",
      MYSQL_PREFIX: "test_",
      REDIS_URL: "rediss://cache:6379",
      REDIS_PREFIX: "test:1.2-",
      SUPERGRAPH_FILE: "/etc/supergraph.graphql",
      AUTH_SECRET: "s3cret",
      AUTH_JWKS_URL: "https://id.example/jwks",
      AUTH_ISSUER: "https://id.example",
      AUTH_AUDIENCE: "stock",
      LOG_LEVEL: "debug",
      MIGRATE_ON_START: "off",
      AUDIT_HEADS_FILE: "/mnt/heads.jsonl",
      MYSQL_APP_USER: "inventory",
    });
    expect(set).toMatchObject({
      port: 0,
      host: "::1",
      mysqlUrl: "mysql://root@db:3306",
      mysqlPrefix: "test_",
      redisUrl: "rediss://cache:6379",
      redisPrefix: "test:1.2-",
      supergraphFile: "/etc/supergraph.graphql",
      auth: { secret: "s3cret", jwksUrl: "https://id.example/jwks", issuer: "https://id.example", audience: "stock" },
      logLevel: "debug",
      migrateOnStart: false,
      auditHeadsFile: "/mnt/heads.jsonl",
      mysqlAppUser: "inventory",
    });
  });

  it.each(systemNames)("says where %s runs as a process of its own", (name) => {
    expect(config({ [`${name.toUpperCase()}_URL`]: "http://there:4001/graphql" }).subgraphUrls).toEqual({
      [name]: "http://there:4001/graphql",
    });
  });

  it.each([
    ["on", true],
    ["true", true],
    ["1", true],
    ["yes", true],
    ["off", false],
    ["false", false],
    ["0", false],
    ["no", false],
  ])("a switch may be %s", (value, expected) => {
    expect(config({ DEMO: value, SIMULATE: value, INTROSPECTION: value })).toMatchObject({
      demo: expected,
      simulate: expected,
      introspection: expected,
    });
  });

  it.each<[string, string]>([
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "4000.5"],
    ["PORT", "http"],
    ["MYSQL_URL", "localhost"],
    ["MYSQL_APP_USER", "in'ventory"],
    ["FAILPOINT", "somewhere:kill"],
    ["MYSQL_URL", "postgres://db"],
    ["MYSQL_PREFIX", "a-b"],
    ["MYSQL_PREFIX", "`; DROP"],
    ["MYSQL_PREFIX", "p".repeat(33)],
    ["REDIS_URL", "http://cache"],
    ["REDIS_PREFIX", "a b"],
    ["REDIS_PREFIX", "{x}"],
    ["ERP_URL", "erp:4001"],
    ["AUTH_JWKS_URL", "file:///etc/passwd"],
    ["DEMO", "maybe"],
    ["SIMULATE", "ON"],
    ["INTROSPECTION", "2"],
    ["MIGRATE_ON_START", "never"],
    ["LOG_LEVEL", "loud"],
  ])("%s=%s is refused by name", (name, value) => {
    expect(() => config({ [name]: value })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(`^${name} must be `) }),
    );
  });
});

describe("the demo", () => {
  it("is loaded into a new directory and goes on in one that has it", () => {
    expect(config().demo).toBe(true);
    writeFileSync(join(dataDir, "erp.sqlite"), "");
    expect(config().demo).toBe(false);
    markDemoDirectory(dataDir, { skus: 3 });
    expect(config().demo).toBe(true);
    expect(readDemoMark(dataDir)).toEqual({ skus: 3 });
  });

  it("is not loaded into somebody's database unasked", () => {
    expect(config({ MYSQL_URL: "mysql://db" }).demo).toBe(false);
    expect(config({ MYSQL_URL: "mysql://db", DEMO: "on" }).demo).toBe(true);
    expect(readDemoMark(dataDir)).toBeNull();
  });
});

describe("in production", () => {
  it("refuses a secret that could be guessed", () => {
    const short = { NODE_ENV: "production", AUTH_SECRET: "s".repeat(31) };
    expect(() => config(short)).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(/^AUTH_SECRET must be /) }),
    );
    const long = { ...short, AUTH_SECRET: "s".repeat(32) };
    expect(config(long).auth.secret).toBe(long.AUTH_SECRET);
  });

  it("fails nowhere on purpose", () => {
    const armed = { AUTH_SECRET: "s".repeat(32), FAILPOINT: "after_xadd:kill:3" };
    expect(config(armed).failpoint).toEqual({ name: "after_xadd", action: "kill", nth: 3 });
    expect(config({ ...armed, FAILPOINT: "" }).failpoint).toBeNull();
    expect(() => config({ ...armed, NODE_ENV: "production" })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(/^FAILPOINT is refused/) }),
    );
  });

  it("listens to everybody and tells nobody its schema, unless asked to", () => {
    expect(config({ NODE_ENV: "production" })).toMatchObject({
      host: "0.0.0.0",
      production: true,
      introspection: false,
    });
    expect(config({ NODE_ENV: "production", HOST: "10.0.0.1", INTROSPECTION: "on" })).toMatchObject({
      host: "10.0.0.1",
      introspection: true,
    });
  });
});
