/**
 * Before all suites: look for MySQL/MariaDB and Redis, and say what was found.
 */
import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import type { TestProject } from "vitest/node";
import type { Services } from "./services.ts";

export default async function setup(project: TestProject): Promise<void> {
  const services: Services = {
    mysqlUrl: await answering(process.env["MYSQL_URL"] || "mysql://root@127.0.0.1:3306", pingMysql),
    redisUrl: await answering(process.env["REDIS_URL"] || "redis://127.0.0.1:6379", pingRedis),
  };
  const missing = Object.entries(services).filter(([, url]) => url === null);
  if (missing.length > 0 && process.env["REQUIRE_SERVICES"] === "1") {
    throw new Error(`REQUIRE_SERVICES=1, but nothing answers for ${missing.map(([name]) => name).join(" and ")}.`);
  }
  project.provide("services", services);
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
