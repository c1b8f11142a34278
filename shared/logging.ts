/**
 * Structured logs: one JSON line an event, on stderr, so that stdout stays for what a person asked for.
 *
 * The only door to pino. Tokens and secrets never reach a line: they are redacted by path here, once.
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

export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: {},
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: [
        ...["authorization", "token", "secret", "headers.authorization", "*.secret", "*.token"],
        ...[
          "internalSecrets",
          "acceptedSecrets",
          "metricsToken",
          "*.internalSecrets",
          "*.acceptedSecrets",
          "*.metricsToken",
        ],
        ...['headers["x-signed-identity"]', '*.headers["x-signed-identity"]'],
      ],
      serializers: { error: pino.stdSerializers.err },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
