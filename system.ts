/**
 * The whole system put together: the only file that sees both sides, the gateway and the subgraphs.
 *
 * A subgraph whose URL is configured runs elsewhere; every other one runs here. Starts consumers before publishers and
 * the gateway last; stops in the reverse order.
 */

import type { Endpoint } from "./gateway/endpoints.ts";
import { createGateway, type Gateway } from "./gateway/gateway.ts";
import { type Config, type SystemName, systemNames } from "./shared/config.ts";
import { AppError } from "./shared/errors.ts";
import type { Subgraph } from "./shared/graphql/subgraph.ts";
import { createKernel, type Kernel, type KernelOverrides } from "./shared/kernel.ts";
import { createLifecycle, type Lifecycle, sideBySide } from "./shared/lifecycle.ts";
import { createIdentitySigner } from "./shared/signed-identity.ts";
import { createAvailability } from "./subgraphs/availability/subgraph.ts";
import { createControl } from "./subgraphs/control/subgraph.ts";
import { createErp } from "./subgraphs/erp/subgraph.ts";
import { createReturns } from "./subgraphs/returns/subgraph.ts";
import { createWms } from "./subgraphs/wms/subgraph.ts";

const factories: Readonly<Record<SystemName, (kernel: Kernel) => Promise<Subgraph>>> = {
  erp: createErp,
  wms: createWms,
  returns: createReturns,
  availability: createAvailability,
  control: createControl,
};

export interface System extends Lifecycle {
  readonly kernel: Kernel;
  readonly gateway: Gateway;
  /** Those that run in this process. */
  readonly subgraphs: readonly Subgraph[];
  /** Where the API is, once started. */
  url(): string;
  /**
   * Resolves when everything committed so far has been published and, with the bus in this process, has had all its
   * effects, its subscribers' answers have been made, and every source has sent a heartbeat. For tests and tools: nobody has to guess how long that takes.
   */
  drain(): Promise<void>;
}

/** Fails with CONFIG_INVALID. */
export async function createSystem(config: Config, overrides: KernelOverrides = {}): Promise<System> {
  assertReachable(config);
  const kernel = await createKernel(config, overrides);
  const subgraphs: Subgraph[] = [];
  const endpoints: Endpoint[] = [];
  for (const name of systemNames) {
    const url = config.subgraphUrls[name];
    if (url) {
      endpoints.push({ name, url });
    } else {
      const local = await factories[name](kernel);
      subgraphs.push(local);
      endpoints.push({ name, local });
    }
  }
  const { bus, clock, log, metrics, tracing, authenticator } = kernel;
  const changes = bus.log("availability");
  const sign = createIdentitySigner(config.internalSecrets, clock);
  const gateway = createGateway({
    config,
    clock,
    log,
    metrics,
    tracing,
    authenticator,
    sign,
    endpoints,
    changes,
    readyChecks: subgraphs,
  });
  const lines = (kind: "consumers" | "publishers") => subgraphs.map((subgraph) => subgraph[kind]);
  const lifecycle = createLifecycle(
    [
      { name: "kernel", start: async () => {}, stop: () => kernel.close() },
      sideBySide("consumers", lines("consumers"), log),
      sideBySide("publishers", lines("publishers"), log),
      gateway,
    ],
    log,
  );
  const drain = async () => {
    await drainAll(subgraphs);
    await gateway.hub()?.caughtUp();
  };
  return { ...lifecycle, kernel, gateway, subgraphs, url: () => gateway.url(), drain };
}

/** Creates or upgrades the schema of every system, and starts nothing. */
export async function migrateAll(config: Config): Promise<void> {
  const kernel = await createKernel({ ...config, migrateOnStart: true });
  try {
    for (const name of systemNames) await factories[name](kernel);
  } finally {
    await kernel.close();
  }
}

/** An event may cause events in other systems: only a round in which nobody published anything is the last. */
async function drainAll(subgraphs: readonly Subgraph[]): Promise<void> {
  let published: number;
  do {
    published = 0;
    for (const subgraph of subgraphs) published += await subgraph.flush();
    // What has come may be what dead letters waited for.
    if (published === 0) for (const subgraph of subgraphs) published += await subgraph.redrive();
  } while (published > 0);
  for (const subgraph of subgraphs) await subgraph.heartbeat();
}

/** Processes tell each other their events through Redis: without it, a system elsewhere would never hear of ours. */
function assertReachable(config: Config): void {
  const elsewhere = Object.keys(config.subgraphUrls);
  if (elsewhere.length === 0 || elsewhere.length === systemNames.length || config.redisUrl) return;
  throw new AppError("CONFIG_INVALID", {
    message: `REDIS_URL is needed when a subgraph runs elsewhere (${elsewhere.join(", ")}).`,
  });
}
