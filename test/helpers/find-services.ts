/**
 * Looks for MySQL/MariaDB and Redis: at the given URLs, or on localhost. For tests and measurements.
 */
import { Redis } from "ioredis";
import mysql from "mysql2/promise";

export interface Services {
  readonly mysqlUrl: string | null;
  readonly redisUrl: string | null;
}

/** Null where nothing answers. */
export async function findServices(): Promise<Services> {
  return {
    mysqlUrl: await answering(process.env["MYSQL_URL"] || "mysql://root@127.0.0.1:3306", pingMysql),
    redisUrl: await answering(process.env["REDIS_URL"] || "redis://127.0.0.1:6379", pingRedis),
  };
}

async function answering(url: string, ping: (url: string) => Promise<void>): Promise<string | null> {
  try {
    await ping(url);
    return url;
  } catch {
    return null;
  }
}

async function pingMysql(url: string): Promise<void> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: 2_000 });
  await connection.query("SELECT 1");
  await connection.end();
}

async function pingRedis(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on("error", () => {});
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
