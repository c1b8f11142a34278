/**
 * One run of `npm run import`: from the command line to one line of JSON.
 *
 * stdout gets the summary and nothing else; progress and complaints go to stderr. A run that breaks off can simply be
 * started again: what is there already is recognised.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { systemClock } from "../../shared/clock.ts";
import { readEnv, toConfig } from "../../shared/config.ts";
import { AppError } from "../../shared/errors.ts";
import { type ApiClientOptions, ApiError, createApiClient } from "../../shared/graphql/client.ts";
import { issueToken } from "../../shared/identity.ts";
import { adventureworks } from "./adventureworks.ts";
import { createLoader } from "./loader.ts";
import { onlineRetail } from "./online-retail.ts";
import { readTotals } from "./positions.ts";
import type { Profile } from "./profile.ts";
import { createProgress, type Terminal } from "./progress.ts";
import { createTally, type Summary } from "./tally.ts";

const profiles: readonly Profile[] = [adventureworks, onlineRetail];

const usage = `usage: npm run import -- PROFILE DIR [options]

  PROFILE            ${profiles.map(({ name }) => name).join(" | ")}
  DIR                the folder of the data set
  --url URL          the GraphQL endpoint (http://127.0.0.1:4000/graphql)
  --token TOKEN      a bearer token (default: one for the local secret in DATA_DIR)
  --months A,B       only these months, YYYY-MM (${profiles
    .filter(({ hasMonths }) => hasMonths)
    .map(({ name }) => name)
    .join(", ")})
  --findings FILE    write every finding to this file, one JSON object a line
`;

/** The world outside, so that a test can stand in for it. */
export interface ImportIo extends Pick<ApiClientOptions, "fetch" | "wait"> {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}

/** The process's exit code. */
export async function runImport(argv: readonly string[], io: ImportIo): Promise<number> {
  try {
    const request = parseRequest(argv);
    if (request === "help") {
      io.stdout.write(usage);
      return 0;
    }
    const summary = await importDataSet(request, io);
    io.stdout.write(`${JSON.stringify(summary)}\n`);
    return 0;
  } catch (error) {
    const text = explain(error);
    if (text === undefined) throw error;
    io.stderr.write(`${text}\n`);
    return 1;
  }
}

interface ImportRequest {
  readonly profile: Profile;
  readonly dir: string;
  readonly url: string;
  readonly token: string | undefined;
  readonly months: readonly string[] | null;
  readonly findingsFile: string | undefined;
}

function parseRequest(argv: readonly string[]): ImportRequest | "help" {
  const { values, positionals } = parse(argv);
  if (values.help) return "help";
  const [name, dir, ...more] = positionals;
  const profile = profiles.find((known) => known.name === name);
  if (name === undefined || dir === undefined || more.length > 0)
    throw invalid(`PROFILE and DIR are needed.\n\n${usage}`);
  if (!profile) throw invalid(`No such profile: ${name}. Known: ${profiles.map((known) => known.name).join(", ")}.`);
  if (values.months !== undefined && !profile.hasMonths) throw invalid(`${name} has no months to choose from.`);
  const months = values.months?.split(",") ?? null;
  const bad = months?.find((month) => !/^\d{4}-(0[1-9]|1[0-2])$/.test(month));
  if (bad !== undefined) throw invalid(`--months: "${bad}" is not a month like 2010-12.`);
  if (!URL.canParse(values.url)) throw invalid(`--url: "${values.url}" is not a URL.`);
  return { profile, dir, url: values.url, token: values.token, months, findingsFile: values.findings };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        url: { type: "string", default: "http://127.0.0.1:4000/graphql" },
        token: { type: "string" },
        months: { type: "string" },
        findings: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw invalid(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

async function importDataSet(request: ImportRequest, io: ImportIo): Promise<Summary> {
  const startedMs = systemClock.now();
  const { profile, url } = request;
  const { wait = sleep } = io;
  const progress = createProgress(io.stderr);
  const findings = request.findingsFile ? openForWriting(request.findingsFile) : undefined;
  const tally = createTally(
    (finding) => findings !== undefined && writeSync(findings, `${JSON.stringify(finding)}\n`),
    (refusal) => {
      progress.clear();
      io.stderr.write(`refused: ${refusal}\n`);
    },
  );
  const token = request.token ?? (await localToken(profile));
  const connection = { url, token, wait, ...(io.fetch && { fetch: io.fetch }) };
  await createApiClient({ ...connection, attemptsMax: 3 }).request("{ __typename }");

  const client = createApiClient(connection);
  const loader = createLoader({
    client,
    profile: profile.name,
    settled: (kind, outcomes) => {
      tally.settle(kind, outcomes);
      progress.advance(kind, outcomes.length);
    },
    wait,
  });
  try {
    const imported = await profile.load({ dir: request.dir, months: request.months, client, loader, tally, progress });
    progress.stage("reading back", [], 0);
    const totals = await readTotals(client, imported.locationIds, imported.positions, wait);
    return tally.summary(totals, (systemClock.now() - startedMs) / 1000);
  } finally {
    progress.clear();
    if (findings !== undefined) closeSync(findings);
  }
}

/** A token of its own, for whoever has the server's data directory. */
async function localToken(profile: Profile): Promise<string> {
  const { auth } = toConfig(readEnv());
  return issueToken(
    auth,
    { person: `import:${profile.name}`, roles: ["connector-erp", "connector-wms", "returns-desk", "planner"] },
    systemClock,
  );
}

function openForWriting(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw invalid(`--findings: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { message });
}

/** What a person can do something about; undefined for a defect. */
function explain(error: unknown): string | undefined {
  if (error instanceof ApiError) {
    const hint =
      error.code === "UNAUTHENTICATED"
        ? " Pass --token, or set DATA_DIR to that of the server."
        : " What was sent before is kept: start the import again to go on.";
    return `The API answered ${error.code}: ${error.message}${hint}`;
  }
  return error instanceof AppError ? error.message : undefined;
}
