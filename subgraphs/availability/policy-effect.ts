/**
 * The effect of a proposed policy on available-to-sell, computed before anybody approves it and stored nowhere.
 *
 * The formula of every answer, asked twice for each position that the change can reach. A dry run takes turns with
 * everything else in the process, and ends after a while: what is left is told by a cursor, never left out in silence.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../shared/clock.ts";
import type { Reader } from "../../shared/db/database.ts";
import { AppError } from "../../shared/errors.ts";
import { encodeCursor, parsePage } from "../../shared/graphql/pagination.ts";
import { limits } from "../../shared/limits.ts";
import type { Answers } from "./answers.ts";
import type { Policy } from "./domain/policy.ts";
import { applyPolicyChange, type PolicyChange } from "./domain/policy-change.ts";
import { type AnswerChange, type PolicyEffect, tallyEffect } from "./domain/policy-effect.ts";
import { type IndexedPolicy, indexPolicy } from "./domain/policy-index.ts";
import { scopesOfChange } from "./domain/policy-scope.ts";
import type { Rows } from "./outlooks.ts";
import { type WalkPlace, walkPositions } from "./position-walk.ts";

export interface ProposedPolicy {
  readonly version: number;
  readonly change: PolicyChange;
}

export interface PolicyEffectAnswer extends PolicyEffect {
  /** Compared with the policy in force, of this version. */
  readonly comparedWith: number;
  readonly policyVersion: number;
  readonly computedAtMs: number;
  readonly complete: boolean;
  /** Where to go on when it is not complete. */
  readonly endCursor: string | null;
}

export interface EffectArgs {
  /** How many losses, and how many gains, are listed. */
  readonly first: number;
  readonly after?: string | null;
}

export interface PolicyEffects {
  /**
   * Null when the version has been decided, or a later one is in force. `asked` counts what one request has asked
   * for. Fails with BAD_USER_INPUT, QUERY_TOO_COMPLEX; with INVALID_INPUT when the change no longer fits.
   */
  of(proposed: ProposedPolicy, args: EffectArgs, asked: { effects: number }): Promise<PolicyEffectAnswer | null>;
}

interface EffectDeps {
  readonly db: Reader;
  readonly clock: Clock;
  readonly answers: Pick<Answers, "from">;
  /** The policy in force, as new as the database has it. */
  readonly inForce: () => Promise<IndexedPolicy>;
}

export function createPolicyEffects(deps: EffectDeps): PolicyEffects {
  return {
    async of(proposed, args, asked) {
      asked.effects += 1;
      if (asked.effects > limits.policyEffectsMax) {
        throw new AppError("QUERY_TOO_COMPLEX", {
          message: `One request may ask for the effect of ${limits.policyEffectsMax} policy versions.`,
        });
      }
      const begin = parsePage(args, cursorLength);
      const before = await deps.inForce();
      if (before.policy.version >= proposed.version) return null;
      const after = indexPolicy(applyPolicyChange(before.policy, proposed.change, proposed.version));
      return compare(deps, before, after, args.first, placeOf(begin.after, before.policy));
    },
  };
}

/** What each channel of either policy may sell of a position under both. */
export function answersUnder(
  answers: Pick<Answers, "from">,
  rows: Rows,
  before: IndexedPolicy,
  after: IndexedPolicy,
): AnswerChange[] {
  return after.channels.map(({ policy: { id } }) => {
    const next = answers.from(rows, [], id, after);
    const old = before.policy.channels.some((channel) => channel.id === id) ? answers.from(rows, [], id, before) : null;
    const { availableToSell, confidence } = next;
    return { channel: id, before: old?.availableToSell ?? null, after: availableToSell, confidence };
  });
}

async function compare(
  { db, clock, answers }: EffectDeps,
  before: IndexedPolicy,
  after: IndexedPolicy,
  largest: number,
  from: WalkPlace | null,
): Promise<PolicyEffectAnswer> {
  const walk = walkPositions(scopesOfChange(before.policy, after.policy));
  const tally = tallyEffect(
    after.channels.map(({ policy: { id } }) => id),
    largest,
  );
  const startedAtMs = clock.now();
  let place = from;
  for (;;) {
    const stretch = await walk.stretch(db, place, startedAtMs);
    for (const rows of stretch.rows) {
      tally.add(rows.position.sku, rows.position.locationId, answersUnder(answers, rows, before, after));
    }
    place = stretch.next;
    if (place === null || clock.now() - startedAtMs >= limits.policyEffectMs) break;
    // SQLite answers in the same turn: others get theirs in between.
    await nextTurn();
  }
  return {
    ...tally.effect(),
    comparedWith: before.policy.version,
    policyVersion: after.policy.version,
    computedAtMs: startedAtMs,
    complete: place === null,
    endCursor: place && encodeCursor(keyOf(place, before.policy)),
  };
}

const cursorLength = 4;

/** The version compared with is part of the cursor: half a walk against one policy and half against another is none. */
function keyOf({ leg, after }: WalkPlace, { version }: Policy): string[] {
  return [String(version), String(leg), ...(after ?? ["", ""])];
}

function placeOf(key: readonly string[] | null, { version }: Policy): WalkPlace | null {
  if (key === null) return null;
  const [of, leg, sku, locationId] = key as [string, string, string, string];
  if (of !== String(version)) {
    throw new AppError("BAD_USER_INPUT", { message: "after is of a policy that is no longer in force: begin again." });
  }
  const known = Number(leg);
  if (!Number.isInteger(known) || known < 0) {
    throw new AppError("BAD_USER_INPUT", { message: "after is not a cursor of this list." });
  }
  return { leg: known, after: sku === "" ? null : [sku, locationId] };
}
