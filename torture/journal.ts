/**
 * What the clients of one run know for certain: which request under which key got which definite reply, and how each
 * attempt went. The checkers compare it with what the databases and streams say; nobody of the system sees it.
 */
import type { SystemName } from "../shared/config.ts";

/** A definite reply: the command was carried out, or refused by a rule, once and for all. */
export interface Settled {
  readonly system: SystemName;
  readonly operation: string;
  readonly person: string;
  readonly key: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly reply: Reply;
}

export interface Reply {
  readonly userErrors: readonly { readonly code: string }[];
  readonly replayed: boolean;
  readonly [field: string]: unknown;
}

/** One attempt at one gateway. */
export interface Attempt {
  readonly operation: string;
  readonly url: string;
  readonly beganAtMs: number;
  readonly tookMs: number;
  /** `reply`, a code of the error table, `unreachable`, or `hang`: nothing within the deadline and what is allowed beyond. */
  readonly outcome: string;
}

export interface Journal {
  readonly settled: Settled[];
  readonly attempts: Attempt[];
  /** What a client saw that may not be. */
  readonly violations: { readonly invariant: string; readonly what: string }[];
}

export function createJournal(): Journal {
  return { settled: [], attempts: [], violations: [] };
}
