/**
 * I6, I7: what stands in the outboxes is in the streams, and nothing else; every group has acknowledged all of it.
 *
 * By plain SQL and a plain Redis client. Holds once everything that happened has had its effects.
 */
import { Redis } from "ioredis";
import { type Config, systemNames } from "../../shared/config.ts";
import { openPlain } from "../../test/helpers/plain-sql.ts";
import type { Findings } from "./verdict.ts";

export async function checkDelivery(config: Config): Promise<Findings> {
  const committed = new Map<string, string>();
  const waiting: string[] = [];
  const entered = new Set<string>();
  for (const system of systemNames) {
    const plain = await openPlain(config, system);
    for (const row of await plain.query("SELECT event_id, state, type FROM outbox")) {
      committed.set(String(row["event_id"]), `${system} ${row["type"]}`);
      if (row["state"] !== "done") waiting.push(`${system} ${row["type"]} ${row["event_id"]} is ${row["state"]}`);
    }
    for (const row of await plain.query("SELECT event_id FROM inbox")) entered.add(String(row["event_id"]));
    await plain.close();
  }
  const { published, unacknowledged } = await readStreams(config);
  const lost = [...committed].filter(([id]) => !published.has(id)).map(([id, what]) => `${what} ${id} is in no stream`);
  const phantom = [...published, ...entered].filter((id) => !committed.has(id));
  return {
    I6: [...waiting, ...lost, ...unacknowledged],
    I7: [...new Set(phantom)].map((id) => `${id} is in a stream or an inbox, and in no outbox`),
  };
}

async function readStreams({ redisUrl, redisPrefix }: Config) {
  const redis = new Redis(redisUrl ?? "");
  const published = new Set<string>();
  const unacknowledged: string[] = [];
  try {
    for (const key of await redis.keys(`${redisPrefix}events:*`)) {
      for (const [, fields] of await redis.xrange(key, "-", "+")) {
        if (fields[0] === "event") published.add((JSON.parse(fields[1] as string) as { id: string }).id);
      }
      for (const group of (await redis.xinfo("GROUPS", key)) as unknown[][]) {
        const of = (name: string) => group[group.indexOf(name) + 1];
        // Heartbeats come every second and are acknowledged in the next moment.
        if (Number(of("pending")) > 100 || Number(of("lag")) > 100) {
          unacknowledged.push(`${key}, group ${of("name")}: ${of("pending")} pending, ${of("lag")} behind`);
        }
      }
    }
  } finally {
    redis.disconnect();
  }
  return { published, unacknowledged };
}
