/**
 * Environment → configuration: the only file that reads `process.env`.
 *
 * `readEnv` collects, `toConfig` decides; what cannot be used is refused by name at start, not found out later.
 * Secrets that nobody set are made once and kept in the data directory.
 */
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError } from "./errors.ts";
import { type FailpointSpec, failpointNames, parseFailpoint } from "./failpoints.ts";
import type { AuthConfig } from "./identity.ts";
import { limits } from "./limits.ts";
import type { LogLevel } from "./logging.ts";
import type { TraceExport } from "./trace-export.ts";

/** The systems that own data, each a subgraph with a database of its own. */
export const systemNames = ["erp", "wms", "returns", "availability", "control"] as const;
export type SystemName = (typeof systemNames)[number];

export type Env = Readonly<Record<string, string | undefined>>;

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly mysqlUrl: string | null;
  readonly mysqlPrefix: string;
  readonly redisUrl: string | null;
  readonly redisPrefix: string;
  readonly supergraphFile: string | null;
  /** Where a subgraph runs as a process of its own; absent: in this process. */
  readonly subgraphUrls: Readonly<Partial<Record<SystemName, string>>>;
  readonly auth: AuthConfig;
  /** What the gateway signs callers' identities with for its subgraphs: the first signs, all are believed. */
  readonly internalSecrets: readonly string[];
  /** Does a subgraph alone answer signed calls only? Off: it checks the bearer token itself, for other gateways. */
  readonly signedIdentity: boolean;
  readonly demo: boolean;
  readonly simulate: boolean;
  readonly production: boolean;
  readonly introspection: boolean;
  /** Are positions and replies kept? Off: every answer is read from the databases. */
  readonly cache: boolean;
  /** Are operations compiled, and plans executed by our own executor? Off: Apollo Server and @apollo/gateway do it all. */
  readonly shortPath: boolean;
  /** Who comes in at the gateway, from where, and how often. */
  readonly doors: Doors;
  readonly logLevel: LogLevel;
  /** What whoever reads `/metrics` shows as a bearer token; null: open, but in production not served at all. */
  readonly metricsToken: string | null;
  /** Where spans are sent; null: none are made. */
  readonly traces: TraceExport | null;
  readonly migrateOnStart: boolean;
  /** How long a process that is told to stop says so and goes on answering, for whoever balances to notice. */
  readonly stopNoticeMs: number;
  /** Where the heads of the audit chains are appended. */
  readonly auditHeadsFile: string;
  /** Whom `npm run migrate` gives the rights to work, and no more; null: nobody. */
  readonly mysqlAppUser: string | null;
  /** Where this process is to fail; null: nowhere. */
  readonly failpoint: FailpointSpec | null;
}

export interface Doors {
  /** Null: callers may ask as much as they like. */
  readonly rateLimit: RateBudget | null;
  /** How many proxies of ours stand in front, each of which adds an address to `x-forwarded-for`. */
  readonly proxies: number;
  /** Which sites' pages may ask. */
  readonly corsOrigins: readonly string[];
  /** Do clients come by https, which ends in front of us? */
  readonly https: boolean;
  /** The only documents that are answered; null: every one that is valid. */
  readonly trustedDocumentsFile: string | null;
}

/** So many points in so many seconds; what an operation costs is taken from them. */
export interface RateBudget {
  readonly points: number;
  readonly windowS: number;
}

export function readEnv(): Env {
  return { ...process.env };
}

/** @apollo/gateway reports to its maker unless this variable stands in the environment; it takes no option for it. */
export function silenceTelemetry(): void {
  process.env["APOLLO_TELEMETRY_DISABLED"] = "1";
}

/** Fails with CONFIG_INVALID, naming the variable. */
export function toConfig(env: Env): Config {
  const dataDir = resolve(env["DATA_DIR"] || ".data");
  const demoDirectory = !existsSync(join(dataDir, "erp.sqlite")) || existsSync(join(dataDir, demoMark));
  const mysqlUrl = parseUrl(env, "MYSQL_URL", ["mysql:", "mariadb:"]);
  const demo = parseSwitch(env, "DEMO", demoDirectory && mysqlUrl === null);
  const production = env["NODE_ENV"] === "production";
  const subgraphUrls: Partial<Record<SystemName, string>> = {};
  for (const name of systemNames) {
    const url = parseUrl(env, `${name.toUpperCase()}_URL`, ["http:", "https:"]);
    if (url) subgraphUrls[name] = url;
  }
  return {
    host: env["HOST"] || (production ? "0.0.0.0" : "127.0.0.1"),
    port: parsePort(env, "PORT", 4000),
    dataDir,
    mysqlUrl,
    mysqlPrefix: parsePrefix(env, "MYSQL_PREFIX", /^[a-z0-9_]{0,32}$/i),
    redisUrl: parseUrl(env, "REDIS_URL", ["redis:", "rediss:"]),
    redisPrefix: parsePrefix(env, "REDIS_PREFIX", /^[\w:.-]{0,64}$/),
    supergraphFile: env["SUPERGRAPH_FILE"] ? resolve(env["SUPERGRAPH_FILE"]) : null,
    subgraphUrls,
    ...toSecrets(env, production, dataDir),
    signedIdentity: parseSwitch(env, "SIGNED_IDENTITY", true),
    demo,
    simulate: parseSwitch(env, "SIMULATE", true),
    production,
    introspection: parseSwitch(env, "INTROSPECTION", !production),
    cache: parseSwitch(env, "CACHE", true),
    shortPath: parseSwitch(env, "SHORT_PATH", true),
    doors: toDoors(env, production),
    logLevel: parseLogLevel(env),
    metricsToken: parseMetricsToken(env, production),
    traces: toTraces(env),
    migrateOnStart: parseSwitch(env, "MIGRATE_ON_START", true),
    stopNoticeMs: parseNotice(env, production ? 3_000 : 0),
    auditHeadsFile: resolve(env["AUDIT_HEADS_FILE"] || join(dataDir, "audit-heads.jsonl")),
    mysqlAppUser: parsePrefix(env, "MYSQL_APP_USER", /^[\w.-]{0,32}$/) || null,
    failpoint: toFailpoint(env, production),
  };
}

function toSecrets(env: Env, production: boolean, dataDir: string): Pick<Config, "auth" | "internalSecrets"> {
  const parse = (name: string) => parseSecrets(env, name, production);
  const secret = env["AUTH_SECRET"] || localSecret(dataDir);
  if (env["AUTH_SECRET"]) assertSecret("AUTH_SECRET", secret, production);
  const acceptedSecrets = parse("AUTH_SECRETS_ACCEPTED");
  const internal = parse("INTERNAL_SECRETS");
  return {
    auth: {
      secret,
      acceptedSecrets,
      jwksUrl: parseUrl(env, "AUTH_JWKS_URL", ["http:", "https:"]),
      issuer: env["AUTH_ISSUER"] || "inventory-availability-gateway",
      audience: env["AUTH_AUDIENCE"] || "inventory-availability-gateway",
    },
    internalSecrets: internal.length > 0 ? internal : [secret, ...acceptedSecrets],
  };
}

function toTraces(env: Env): TraceExport | null {
  const url = parseUrl(env, "OTEL_EXPORTER_OTLP_ENDPOINT", ["http:", "https:"]);
  return url ? { url, serviceName: env["OTEL_SERVICE_NAME"] || "inventory-availability-gateway" } : null;
}

function toDoors(env: Env, production: boolean): Doors {
  return {
    rateLimit: parseRateLimit(env, production ? productionBudget : null),
    proxies: parseCount(env, "TRUSTED_PROXIES"),
    corsOrigins: parseOrigins(env, "CORS_ORIGINS"),
    https: parseSwitch(env, "HTTPS", false),
    trustedDocumentsFile: env["TRUSTED_DOCUMENTS"] ? resolve(env["TRUSTED_DOCUMENTS"]) : null,
  };
}

const demoMark = "demo.json";
const secretLengthMin = 32;

/** What an earlier start with the demo wrote about this directory; null if there was none. */
export function readDemoMark<T>(dataDir: string): T | null {
  const file = join(dataDir, demoMark);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as T) : null;
}

export function markDemoDirectory(dataDir: string, facts: object): void {
  writeFileSync(join(dataDir, demoMark), `${JSON.stringify(facts, null, 2)}\n`);
}

/** Several, with commas between. */
function parseSecrets(env: Env, name: string, production: boolean): string[] {
  const secrets = (env[name] ?? "").split(",").flatMap((text) => text.trim() || []);
  for (const secret of secrets) assertSecret(name, secret, production);
  return secrets;
}

/** In production a secret that somebody could guess is refused. */
function assertSecret(name: string, secret: string, production: boolean): void {
  if (production && secret.length < secretLengthMin) throw invalid(name, `at least ${secretLengthMin} characters long`);
}

function parseMetricsToken(env: Env, production: boolean): string | null {
  const token = env["METRICS_TOKEN"];
  if (token) assertSecret("METRICS_TOKEN", token, production);
  return token || null;
}

function localSecret(dataDir: string): string {
  const file = join(dataDir, "auth-secret");
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true });
    // Written whole under another name first: of two processes that start at once, neither reads half a secret.
    const draft = `${file}.${randomBytes(8).toString("hex")}`;
    writeFileSync(draft, randomBytes(32).toString("base64url"), { mode: 0o600 });
    try {
      linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(draft);
    }
  }
  const secret = readFileSync(file, "utf8").trim();
  if (secret === "") {
    throw new AppError("CONFIG_INVALID", { message: `${file} (auth-secret) is empty: remove it, or set AUTH_SECRET.` });
  }
  return secret;
}

function parseUrl(env: Env, name: string, protocols: readonly string[]): string | null {
  const value = env[name];
  if (!value) return null;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !protocols.includes(url.protocol)) throw invalid(name, `a URL with ${protocols.join(" or ")}`);
  return value;
}

function parsePort(env: Env, name: string, fallback: number): number {
  const value = env[name];
  if (!value) return fallback;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw invalid(name, "a port from 0 to 65535");
  return port;
}

function parseSwitch(env: Env, name: string, fallback: boolean): boolean {
  const value = env[name];
  if (!value) return fallback;
  if (["on", "true", "1", "yes"].includes(value)) return true;
  if (["off", "false", "0", "no"].includes(value)) return false;
  throw invalid(name, "on or off");
}

/** Generous: what one machine can answer at all. */
const productionBudget: RateBudget = { points: 6_000_000, windowS: 60 };

function parseRateLimit(env: Env, fallback: RateBudget | null): RateBudget | null {
  const value = env["RATE_LIMIT"];
  if (!value) return fallback;
  if (value === "off") return null;
  const [, points = 0, windowS = 0] = /^(\d{1,12})\/(\d{1,5})$/.exec(value) ?? [];
  const budget = { points: Number(points), windowS: Number(windowS) };
  if (budget.points < 1 || budget.windowS < 1) throw invalid("RATE_LIMIT", "POINTS/SECONDS, e.g. 600000/60, or off");
  return budget;
}

function toFailpoint(env: Env, production: boolean): FailpointSpec | null {
  const value = env["FAILPOINT"];
  if (!value) return null;
  if (production) throw new AppError("CONFIG_INVALID", { message: "FAILPOINT is refused with NODE_ENV=production." });
  const spec = parseFailpoint(value);
  if (!spec) throw invalid("FAILPOINT", `NAME:kill|hang|error[:NTH], of ${failpointNames.join(", ")}`);
  return spec;
}

function parseOrigins(env: Env, name: string): string[] {
  const origins = (env[name] ?? "").split(",").flatMap((text) => text.trim() || []);
  const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text;
  if (!origins.every(isOrigin)) throw invalid(name, "origins with commas between, e.g. https://shop.example");
  return origins;
}

function parseCount(env: Env, name: string): number {
  const value = env[name] || "0";
  if (!/^\d$/.test(value)) throw invalid(name, "a number from 0 to 9");
  return Number(value);
}

function parseNotice(env: Env, fallback: number): number {
  const value = env["STOP_NOTICE_MS"] || `${fallback}`;
  if (!/^\d{1,5}$/.test(value) || Number(value) > limits.stopNoticeMsMax) {
    throw invalid("STOP_NOTICE_MS", `a number of milliseconds from 0 to ${limits.stopNoticeMsMax}`);
  }
  return Number(value);
}

function parsePrefix(env: Env, name: string, pattern: RegExp): string {
  const value = env[name] ?? "";
  if (!pattern.test(value)) throw invalid(name, `characters that fit ${pattern}`);
  return value;
}

function parseLogLevel(env: Env): LogLevel {
  const value = env["LOG_LEVEL"] || "warn";
  if (!["debug", "info", "warn", "error", "silent"].includes(value)) throw invalid("LOG_LEVEL", "a log level");
  return value as LogLevel;
}

function invalid(name: string, expected: string): AppError {
  return new AppError("CONFIG_INVALID", { message: `${name} must be ${expected}.` });
}
