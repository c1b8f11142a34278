/**
 * Structured logs: one JSON line an event, on stderr, so that stdout stays for what a person asked for.
 *
 * The only door to pino. Tokens and secrets never reach a line: they are redacted by path here, once. Of an error, what
 * it is called, what it says and where it happened: its other members may hold statements with everybody's values.
 */
import { pino } from "pino";

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** `out`: where lines go, for tests. */
export function createLogger(level: LogLevel, out?: { write(line: string): void }): Logger {
  return pino(
    {
      level,
      base: {},
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: [
        ...secrets.flatMap((name) => [name, `*.${name}`]),
        ...["headers.authorization", 'headers["x-signed-identity"]', '*.headers["x-signed-identity"]'],
      ],
      serializers: { error: (error: unknown) => shownOf(error) },
    },
    out ?? pino.destination({ dest: 2, sync: false }),
  );
}

const secrets = ["authorization", "token", "secret", "internalSecrets", "acceptedSecrets", "metricsToken"];
const causesMax = 5;

function shownOf(error: unknown, depth = 0): unknown {
  if (typeof error !== "object" || error === null) return error;
  const { name, message, code, stack, cause, extensions } = error as Partial<NodeJS.ErrnoException> & {
    readonly cause?: unknown;
    /** Of an error that came as JSON. */
    readonly extensions?: { readonly code?: unknown };
  };
  return {
    type: name,
    message,
    code: code ?? extensions?.code,
    stack,
    ...(cause !== undefined && depth < causesMax ? { cause: shownOf(cause, depth + 1) } : {}),
  };
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
