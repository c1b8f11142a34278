/**
 * Which trace something belongs to, as W3C Trace Context writes it: `00-<trace>-<span>-<flags>`.
 *
 * A text that goes along with a request and with its events, whether this process records spans or not: whoever does
 * not record passes on what it was given. Records nothing itself.
 */
export type Traceparent = string;

const written = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;

/** Undefined: nothing that could be one. */
export function parseTraceparent(header: string | readonly string[] | undefined): Traceparent | undefined {
  return typeof header === "string" && written.test(header) ? header : undefined;
}

export function traceIdOf(traceparent: Traceparent): string {
  return traceparent.slice(3, 35);
}

export function spanIdOf(traceparent: Traceparent): string {
  return traceparent.slice(36, 52);
}

export const traceparentHeader = "traceparent";

interface Story {
  readonly correlationId: string;
  readonly traceparent?: Traceparent | undefined;
}

/** What every log line of a request or of an event says. */
export function storyOf({ correlationId, traceparent }: Story): { correlationId: string; traceId?: string } {
  return traceparent === undefined ? { correlationId } : { correlationId, traceId: traceIdOf(traceparent) };
}
