/**
 * The channel policy in force, ready for look-ups, held in memory.
 *
 * Another replica's approval is seen within `policyPollMs`; this replica's own at once. Never goes back to an older
 * version.
 */
import type { Database, Reader } from "../../shared/db/database.ts";
import { createRounds, type Part } from "../../shared/lifecycle.ts";
import { limits } from "../../shared/limits.ts";
import type { Logger } from "../../shared/logging.ts";
import { defaultPolicy, type Policy } from "./domain/policy.ts";
import { type IndexedPolicy, indexPolicy } from "./domain/policy-index.ts";
import type { PolicyRow } from "./entities.ts";
import { activePolicy, activePolicyVersion, findPolicy } from "./store/policies.ts";

export interface PolicyInForce extends Part {
  current(): IndexedPolicy;
  /** Takes over a newer version, if there is one. */
  refresh(): Promise<void>;
  /** The one that the database has now. */
  newest(): Promise<IndexedPolicy>;
}

/** The policy in force as its rows say it. */
export async function readPolicyInForce(reader: Reader): Promise<Policy> {
  return bodyOf(await activePolicy(reader));
}

/** A version that is or has been in force. */
export async function readPolicy(reader: Reader, version: number): Promise<Policy> {
  return bodyOf(await findPolicy(reader, version));
}

function bodyOf(row: PolicyRow | undefined): Policy {
  return row?.policy_body ? (JSON.parse(row.policy_body) as Policy) : defaultPolicy();
}

export function createPolicyInForce(db: Database, log: Logger): PolicyInForce {
  let indexed = indexPolicy(defaultPolicy());

  async function refresh(): Promise<void> {
    if ((await activePolicyVersion(db)) <= indexed.policy.version) return;
    const policy = await readPolicyInForce(db);
    if (policy.version > indexed.policy.version) indexed = indexPolicy(policy);
  }

  const rounds = createRounds({ name: "policy-in-force", everyMs: limits.policyPollMs, log, round: refresh });
  return {
    ...rounds,
    async start() {
      await refresh();
      await rounds.start();
    },
    current: () => indexed,
    refresh,
    async newest() {
      await refresh();
      return indexed;
    },
  };
}
