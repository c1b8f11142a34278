/**
 * One run of `npm run intake`: files in, one line of JSON per file out.
 *
 * Files are read as streams, however long they are. Every message is safe to send again, so a run that broke off is
 * simply started again. Exit code 1 where anything was rejected.
 */
import { closeSync, createReadStream, openSync, readFileSync, readSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { detectFormat, detectionLength } from "../../ingest/formats.ts";
import { rejected } from "../../ingest/intake-message.ts";
import { type DocumentOptions, intakeFormats, openFormat } from "../../intake/documents.ts";
import type { Api } from "../../intake/mutations.ts";
import { createReceiving, type Receipt } from "../../intake/receive.ts";
import { systemClock } from "../../shared/clock.ts";
import { readEnv, toConfig } from "../../shared/config.ts";
import { AppError } from "../../shared/errors.ts";
import { type ApiClientOptions, ApiError, createApiClient } from "../../shared/graphql/client.ts";
import { issueToken } from "../../shared/identity.ts";

const usage = `usage: npm run intake -- FILE... [options]

  --dry-run          read and check only: no server is needed, nothing is sent
  --format FORMAT    ${intakeFormats.join(" | ")} (default: what the file shows)
  --partner NAME     who sends the files, where they do not say so
  --mapping FILE     of csv: what its columns mean, see docs/intake.md
  --acknowledge KIND 997, 999 or contrl: write what the sender is answered
  --url URL          the GraphQL endpoint (http://127.0.0.1:4000/graphql)
  --token TOKEN      a bearer token (default: one for the local secret in DATA_DIR)
`;

interface Summary extends Receipt {
  /** Null: the file does not show which one. */
  readonly format: string | null;
}

interface Terminal {
  write(text: string): unknown;
}

/** The world outside, so that a test can stand in for it. */
export interface IntakeIo extends Pick<ApiClientOptions, "fetch" | "wait"> {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}

/** The process's exit code. */
export async function runIntake(argv: readonly string[], io: IntakeIo): Promise<number> {
  try {
    const { values, positionals: files } = parse(argv);
    if (values.help || files.length === 0) {
      (values.help ? io.stdout : io.stderr).write(usage);
      return values.help ? 0 : 1;
    }
    const { format, partner, mapping, acknowledge } = values;
    const options = { format, partner, mapping, acknowledge };
    const api = values["dry-run"] ? null : await connect(values.url, values.token, io);
    let rejected = 0;
    for (const file of files) {
      const receipt = await takeFile(file, options, api);
      rejected += receipt.rejectedCount;
      io.stdout.write(`${JSON.stringify({ file: basename(file), ...receipt })}\n`);
    }
    return rejected > 0 ? 1 : 0;
  } catch (error) {
    const text = explain(error);
    if (text === undefined) throw error;
    io.stderr.write(`${text}\n`);
    return 1;
  }
}

interface FileOptions extends Omit<DocumentOptions, "format" | "mapping"> {
  readonly format?: string | undefined;
  readonly mapping?: string | undefined;
}

async function takeFile(file: string, { mapping, ...options }: FileOptions, api: Api | null): Promise<Summary> {
  try {
    const format = options.format ?? (mapping === undefined ? detectFormat(beginningOf(file)) : "csv");
    if (format === null) {
      const receiving = createReceiving(null);
      await receiving.run([rejected("FORMAT_UNKNOWN", basename(file), { line: 1, segment: null })]);
      return { format, ...receiving.receipt() };
    }
    const text = mapping === undefined ? undefined : readFileSync(mapping, "utf8");
    const items = openFormat({ ...options, format, mapping: text }, systemClock.now());
    const receiving = createReceiving(api);
    await receiving.run(items(createReadStream(file)));
    return { format, ...receiving.receipt() };
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall ? invalid((error as Error).message) : error;
  }
}

function beginningOf(file: string): Uint8Array {
  const bytes = new Uint8Array(detectionLength);
  const handle = openSync(file, "r");
  try {
    return bytes.subarray(0, readSync(handle, bytes));
  } finally {
    closeSync(handle);
  }
}

async function connect(url: string, token: string | undefined, io: IntakeIo): Promise<Api> {
  if (!URL.canParse(url)) throw invalid(`--url: "${url}" is not a URL.`);
  const own = token ?? (await localToken());
  return createApiClient({ url, token: own, ...(io.wait && { wait: io.wait }), ...(io.fetch && { fetch: io.fetch }) });
}

/** A token of its own, for whoever has the server's data directory. */
async function localToken(): Promise<string> {
  const { auth } = toConfig(readEnv());
  return issueToken(
    auth,
    { person: "intake", roles: ["connector-erp", "connector-wms", "returns-desk", "planner"] },
    systemClock,
  );
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        "dry-run": { type: "boolean", default: false },
        format: { type: "string" },
        partner: { type: "string" },
        mapping: { type: "string" },
        acknowledge: { type: "string" },
        url: { type: "string", default: "http://127.0.0.1:4000/graphql" },
        token: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw invalid(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { message });
}

/** What a person can do something about; undefined for a defect. */
function explain(error: unknown): string | undefined {
  if (error instanceof ApiError) {
    const hint = error.code === "UNAUTHENTICATED" ? " Pass --token, or set DATA_DIR to that of the server." : "";
    return `The API answered ${error.code}: ${error.message}${hint} What was sent counts: start again to go on.`;
  }
  return error instanceof AppError ? error.message : undefined;
}
