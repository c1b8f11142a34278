/**
 * Who reads which partition: leases in Redis, spread evenly over the replicas of a consumer group.
 *
 * A lease saves double work; nothing depends on it for correctness (see `bus.ts`). Every replica shows itself in a
 * sorted set, takes free leases up to its fair share, and gives back what it holds beyond that.
 */
import { randomUUID } from "node:crypto";
import { limits } from "../limits.ts";
import type { Redis } from "../redis.ts";

export interface Leases {
  /** The partitions this replica may read now. */
  readonly held: readonly number[];
  /** Those of them that were not its own just before: somebody else may have read them meanwhile. */
  readonly taken: readonly number[];
}

export interface PartitionLeases {
  /** Renews, takes and gives back as needed. */
  renew(): Promise<Leases>;
  release(): Promise<void>;
}

const renewScript = `
  if redis.call("GET", KEYS[1]) == ARGV[1] then
    redis.call("PEXPIRE", KEYS[1], ARGV[2])
    return "renewed"
  end
  if redis.call("SET", KEYS[1], ARGV[1], "NX", "PX", ARGV[2]) then return "taken" end
  return "another's"`;
const releaseScript = `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`;

export function createPartitionLeases(redis: Redis, key: string, partitions: number): PartitionLeases {
  const replica = randomUUID();
  const members = `${key}:members`;
  const leaseKey = (partition: number) => `${key}:lease:${partition}`;
  let held: number[] = [];
  let renewedAtMs = 0;

  async function fairShare(nowMs: number): Promise<number> {
    const replies = await redis
      .pipeline()
      .zadd(members, nowMs, replica)
      .zremrangebyscore(members, 0, nowMs - limits.leaseMs)
      .zcard(members)
      .exec();
    const count = Number(replies?.[2]?.[1] ?? 1);
    return Math.ceil(partitions / Math.max(1, count));
  }

  async function giveBack(partition: number): Promise<void> {
    await redis.eval(releaseScript, 1, leaseKey(partition), replica);
  }

  return {
    async renew() {
      const nowMs = Date.now();
      if (nowMs - renewedAtMs < limits.leaseMs / 4) return { held, taken: [] };
      const share = await fairShare(nowMs);
      const kept: number[] = [];
      const taken: number[] = [];
      // What is held already comes first, so that partitions do not wander.
      const others = Array.from({ length: partitions }, (_, p) => p).filter((p) => !held.includes(p));
      for (const partition of [...held, ...others]) {
        if (kept.length >= share) {
          if (held.includes(partition)) await giveBack(partition);
          continue;
        }
        const outcome = await redis.eval(renewScript, 1, leaseKey(partition), replica, limits.leaseMs);
        if (outcome === "another's") continue;
        kept.push(partition);
        if (outcome === "taken") taken.push(partition);
      }
      held = kept;
      renewedAtMs = nowMs;
      return { held, taken };
    },
    async release() {
      const given = held;
      held = [];
      // All at once: one after the other, a server that is silent would be waited for as often.
      await Promise.all([...given.map(giveBack), redis.zrem(members, replica)]);
    },
  };
}
