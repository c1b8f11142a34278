/**
 * What is tortured: servers, processes and the ways between them, and the plain addresses that checkers use.
 *
 * `apart`: two gateways, each before an availability process of its own, with erp, wms, returns and control behind both.
 * `whole`: twice the whole system in one process, over the same servers; half the machine, for a quick look.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../shared/clock.ts";
import { type Config, systemNames, toConfig } from "../shared/config.ts";
import { issueToken, type Role } from "../shared/identity.ts";
import { freePort } from "../test/helpers/private-redis.ts";
import { type Balancer, createBalancer } from "./balancer.ts";
import { createMember, type Member, type MemberSpec } from "./member.ts";
import { openWay } from "./proxy.ts";
import { createMysql, createRedis, type Server } from "./servers.ts";

export type Topology = "apart" | "whole";

export interface World {
  readonly members: readonly Member[];
  /** Where clients ask. */
  readonly urls: readonly string[];
  /** Those of the members that hold our own servers' data; empty where the servers were given. */
  readonly servers: readonly Server[];
  /** Past every proxy, for checkers. */
  readonly config: Config;
  token(person: string, roles: readonly Role[]): Promise<string>;
  remove(): Promise<void>;
}

export interface WorldOptions {
  readonly topology: Topology;
  /** Every process twice, behind a balancer of its kind; clients ask the balancer of the gateways. */
  readonly isRolling?: boolean;
  /** A MySQL/MariaDB that is there already and is not to be harmed; the databases are dropped by whoever gave it. */
  readonly mysql?: { readonly url: string; readonly prefix: string };
}

const secret = "a-secret-that-only-torture-knows-of";
const tables = ["erp", "wms", "returns", "control"] as const;

export async function createWorld({ topology, isRolling = false, mysql }: WorldOptions): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "iag-torture-"));
  const dataDir = join(directory, "data");
  mkdirSync(dataDir);
  const redis = await createRedis(directory);
  const database = mysql ? null : await createMysql(directory);
  const servers = [redis, ...(database ? [database] : [])];
  await Promise.all(servers.map((server) => server.start()));
  const mysqlUrl = new URL(mysql?.url ?? `mysql://root@127.0.0.1:${database?.port}`);
  const env = {
    DATA_DIR: dataDir,
    MYSQL_URL: mysqlUrl.toString(),
    MYSQL_PREFIX: mysql?.prefix ?? "torture_",
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    REDIS_PREFIX: "torture:",
    AUTH_SECRET: secret,
    DEMO: "off",
  };
  const config = toConfig({ ...env, LOG_LEVEL: "silent" });
  const { specs, balancers } = await layOut(topology, isRolling);
  const members = await Promise.all(
    specs.map(async (spec) => {
      const ways = { mysql: await openWay(Number(mysqlUrl.port || 3306)), redis: await openWay(redis.port) };
      const through = (url: string, port: number) => {
        const changed = new URL(url);
        changed.host = `127.0.0.1:${port}`;
        return changed.toString();
      };
      const ownEnv = {
        ...env,
        ...spec.env,
        ...(isRolling ? { STOP_NOTICE_MS: "1000" } : {}),
        MYSQL_URL: through(env.MYSQL_URL, ways.mysql.port),
        REDIS_URL: through(env.REDIS_URL, ways.redis.port),
      };
      return createMember({ ...spec, env: ownEnv, ways });
    }),
  );
  async function remove(): Promise<void> {
    await Promise.all(balancers.map((balancer) => balancer.close()));
    await Promise.all(members.map((member) => member.stop()));
    await Promise.all(members.flatMap(({ ways }) => [ways.mysql.close(), ways.redis.close()]));
    await Promise.all(servers.map((server) => server.kill()));
    rmSync(directory, { recursive: true, force: true });
  }
  try {
    await startInOrder(members, balancers);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    members,
    urls: isRolling
      ? balancers.slice(-1).map(({ url }) => url)
      : members.filter(({ name }) => /^(gateway|whole)/.test(name)).map(({ url }) => url),
    servers,
    config,
    token: (person, roles) => issueToken(config.auth, { person, roles }, systemClock),
    remove,
  };
}

/** Who keeps data first: a gateway alone asks for its subgraphs' schemas. */
async function startInOrder(members: readonly Member[], balancers: readonly Balancer[]): Promise<void> {
  const start = (keeps: boolean) =>
    Promise.all(members.filter((member) => member.keeps === keeps).map((member) => member.start()));
  await start(true);
  // The last is that of the gateways.
  await Promise.all(balancers.slice(0, -1).map((balancer) => balancer.open()));
  await start(false);
  await balancers.at(-1)?.open();
}

type Spec = Omit<MemberSpec, "ways">;

interface Layout {
  readonly specs: readonly Spec[];
  /** Empty where clients and gateways know every process by itself; else the last is that of the gateways. */
  readonly balancers: readonly Balancer[];
}

async function layOut(topology: Topology, isRolling: boolean): Promise<Layout> {
  if (topology === "whole") {
    const specs = await whole();
    return { specs, balancers: isRolling ? [await createBalancer(specs.map(({ port }) => port))] : [] };
  }
  return isRolling ? twins() : { specs: await apart(), balancers: [] };
}

async function whole(): Promise<Spec[]> {
  const make = async (n: number) => ({
    name: `whole-${n}`,
    file: "main.ts",
    port: await freePort(),
    keeps: true,
    env: { SIMULATE: "off" },
  });
  return [await make(1), await make(2)];
}

async function subgraph(system: string, name: string = system): Promise<Spec> {
  return { name, file: `subgraphs/${system}/main.ts`, port: await freePort(), keeps: true, env: {} };
}

/** Each subgraph and the gateway twice; whoever asks one of them asks its balancer. */
async function twins(): Promise<Layout> {
  const specs: Spec[] = [];
  const balancers: Balancer[] = [];
  const env: Record<string, string> = {};
  for (const system of systemNames) {
    const pair = [await subgraph(system, `${system}-1`), await subgraph(system, `${system}-2`)];
    const balancer = await createBalancer(pair.map(({ port }) => port));
    env[`${system.toUpperCase()}_URL`] = balancer.url;
    specs.push(...pair);
    balancers.push(balancer);
  }
  const gateway = async (n: number): Promise<Spec> => ({
    name: `gateway-${n}`,
    file: "gateway/main.ts",
    port: await freePort(),
    keeps: false,
    env,
  });
  const gateways = [await gateway(1), await gateway(2)];
  return {
    specs: [...specs, ...gateways],
    balancers: [...balancers, await createBalancer(gateways.map(({ port }) => port))],
  };
}

async function apart(): Promise<Spec[]> {
  const owners = await Promise.all(tables.map((name) => subgraph(name)));
  const pairs = await Promise.all(
    [1, 2].map(async (n) => {
      const availability = await subgraph("availability", `availability-${n}`);
      const urlOf = ({ port }: Spec) => `http://127.0.0.1:${port}/graphql`;
      const gateway: Spec = {
        name: `gateway-${n}`,
        file: "gateway/main.ts",
        port: await freePort(),
        keeps: false,
        env: {
          AVAILABILITY_URL: urlOf(availability),
          ...Object.fromEntries(owners.map((owner) => [`${owner.name.toUpperCase()}_URL`, urlOf(owner)])),
        },
      };
      return [availability, gateway];
    }),
  );
  return [...owners, ...pairs.flat()];
}
