/**
 * The gateway as a process of its own, over subgraphs that run elsewhere.
 *
 * Needs either the URL of every subgraph or SUPERGRAPH_FILE; it never starts a subgraph itself (`npm start` does).
 * Serves subscriptions where REDIS_URL says where the events are.
 */
import { systemClock } from "../shared/clock.ts";
import { type Config, readEnv, systemNames, toConfig } from "../shared/config.ts";
import { AppError } from "../shared/errors.ts";
import { createAuthenticator } from "../shared/identity.ts";
import { createLifecycle, runMain, stopOnSignal } from "../shared/lifecycle.ts";
import { createLogger } from "../shared/logging.ts";
import { createRedisBus } from "../shared/messaging/redis-bus.ts";
import { createMetrics } from "../shared/metrics/metrics.ts";
import { createIdentitySigner } from "../shared/signed-identity.ts";
import { openTraceExport } from "../shared/trace-export.ts";
import { noTracing } from "../shared/tracing.ts";
import type { Endpoint } from "./endpoints.ts";
import { createGateway } from "./gateway.ts";

/** Fails with CONFIG_INVALID, naming the variables that are missing. */
function remoteEndpoints({ subgraphUrls, supergraphFile }: Config): Endpoint[] {
  const missing = systemNames.filter((name) => subgraphUrls[name] === undefined);
  if (missing.length > 0 && supergraphFile === null) {
    const variables = missing.map((name) => `${name.toUpperCase()}_URL`).join(", ");
    throw new AppError("CONFIG_INVALID", {
      message: `The gateway alone needs the URL of every subgraph, or SUPERGRAPH_FILE. Not set: ${variables}.`,
    });
  }
  return systemNames.flatMap((name) => {
    const url = subgraphUrls[name];
    return url === undefined ? [] : [{ name, url }];
  });
}

runMain(async () => {
  const config = toConfig({ DEMO: "off", ...readEnv() });
  const log = createLogger(config.logLevel);
  const authenticator = createAuthenticator(config.auth, systemClock);
  const { redisUrl, redisPrefix } = config;
  const bus = redisUrl ? await createRedisBus({ url: redisUrl, prefix: redisPrefix, log }) : null;
  const metrics = createMetrics();
  const tracing = config.traces ? await openTraceExport(config.traces) : noTracing;
  const gateway = createGateway({
    config,
    clock: systemClock,
    log,
    metrics,
    tracing,
    authenticator,
    sign: createIdentitySigner(config.internalSecrets, systemClock),
    endpoints: remoteEndpoints(config),
    changes: bus?.log("availability") ?? null,
  });
  const traces = { name: "traces", start: async () => {}, stop: () => tracing.close() };
  const lifecycle = createLifecycle(
    [{ name: "bus", start: async () => {}, stop: async () => bus?.close() }, traces, gateway],
    log,
  );
  stopOnSignal(lifecycle, log, config);
  await lifecycle.start();
  process.stdout.write(`ready ${gateway.url()}\n`);
});
