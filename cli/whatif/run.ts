/**
 * One run of `npm run journal` or of `npm run whatif`: from the command line to what is printed.
 *
 * The first reads through the public API, the second reads two files and needs no server; neither changes anything. What
 * a person can put right is one line on stderr and exit code 1.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { systemClock } from "../../shared/clock.ts";
import { readEnv, toConfig } from "../../shared/config.ts";
import { AppError } from "../../shared/errors.ts";
import { ApiError, createApiClient } from "../../shared/graphql/client.ts";
import { issueToken } from "../../shared/identity.ts";
import { compareDay } from "./compare.ts";
import { openRecording, record } from "./recording.ts";
import { changedRules, rulesInForce } from "./rules.ts";
import { tableOf } from "./table.ts";

const journalUsage = `usage: npm run --silent journal -- [--from TIME] [--to TIME] > day.ndjson

  --from TIME        facts put on record at this moment or later, RFC 3339 (default: from the beginning)
  --to TIME          facts put on record before this moment (default: now)
  --url URL          the GraphQL endpoint (http://127.0.0.1:4000/graphql)
  --token TOKEN      a bearer token (default: one for the local secret in DATA_DIR)
`;

const whatifUsage = `usage: npm run --silent whatif -- --journal day.ndjson --policy policy.json [--json]

  --journal FILE     what npm run journal has recorded
  --policy FILE      what should change of the rules: see docs/whatif.md
  --json             every difference as JSON, instead of a table
`;

interface Terminal {
  write(text: string): unknown;
}

export interface WhatifIo {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}

/** The process's exit code. */
export function runJournal(argv: readonly string[], io: WhatifIo): Promise<number> {
  return explained(io, async () => {
    const { values } = parsed(journalUsage, () =>
      parseArgs({
        args: [...argv],
        options: {
          from: { type: "string", default: new Date(0).toISOString() },
          to: { type: "string", default: new Date(systemClock.now()).toISOString() },
          url: { type: "string", default: "http://127.0.0.1:4000/graphql" },
          token: { type: "string" },
        },
      }),
    );
    const { from, to, url } = values;
    for (const time of [from, to]) if (Number.isNaN(Date.parse(time))) throw invalid(`"${time}" is no time.`);
    if (!URL.canParse(url)) throw invalid(`--url: "${url}" is not a URL.`);
    const token = values.token ?? (await localToken());
    for await (const line of record(createApiClient({ url, token }), from, to)) io.stdout.write(`${line}\n`);
  });
}

/** The process's exit code. */
export function runWhatif(argv: readonly string[], io: WhatifIo): Promise<number> {
  return explained(io, async () => {
    const { values } = parsed(whatifUsage, () =>
      parseArgs({
        args: [...argv],
        options: {
          journal: { type: "string" },
          policy: { type: "string" },
          json: { type: "boolean", default: false },
        },
      }),
    );
    if (values.journal === undefined || values.policy === undefined) throw invalid(whatifUsage);
    const { policy, exceptionPolicy, day } = await openRecording(values.journal);
    const before = rulesInForce({ channels: policy, exceptions: exceptionPolicy });
    const after = changedRules(before, textOf(values.policy));
    const difference = await compareDay(day, { before, after });
    io.stdout.write(`${values.json ? JSON.stringify(difference) : tableOf(difference)}\n`);
  });
}

async function explained({ stderr }: WhatifIo, run: () => Promise<void>): Promise<number> {
  try {
    await run();
    return 0;
  } catch (error) {
    if (!(error instanceof AppError || error instanceof ApiError)) throw error;
    const hint = error.code === "UNAUTHENTICATED" ? " Pass --token, or set DATA_DIR to that of the server." : "";
    stderr.write(`${error.message}${hint}\n`);
    return 1;
  }
}

/** A token of its own, for whoever has the server's data directory. */
function localToken(): Promise<string> {
  return issueToken(toConfig(readEnv()).auth, { person: "journal", roles: ["auditor"] }, systemClock);
}

function parsed<T>(usage: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw invalid(`${(error as Error).message}\n\n${usage}`);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { message });
}
