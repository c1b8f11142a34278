/**
 * Is the process alive, and can it do its work?
 *
 * Ready means: the supergraph is served and every part in this process answers. A subgraph elsewhere is reported but
 * does not count: without it the rest still answers, and taking the gateway out of service would take that away too.
 * A gateway that is about to stop is not ready.
 */

import { withinDeadline } from "../shared/deadline.ts";
import { AppError } from "../shared/errors.ts";
import { limits } from "../shared/limits.ts";
import type { Logger } from "../shared/logging.ts";
import { gatewayItself } from "../shared/signed-identity.ts";
import type { SubgraphClient } from "./endpoints.ts";

export interface ReadyCheck {
  readonly name: string;
  /** Fails with the reason. */
  ready(): Promise<void>;
}

export interface HealthReport {
  readonly status: "ready" | "not ready" | "stopping";
  readonly parts: Readonly<Record<string, { readonly status: "ready" | "unavailable"; readonly remote: boolean }>>;
}

export interface HealthParts {
  /** What runs in this process. */
  readonly local: readonly ReadyCheck[];
  readonly remote: ReadonlyMap<string, SubgraphClient>;
  readonly log: Logger;
  readonly deadlineMs?: number;
}

export async function checkHealth({
  local,
  remote,
  log,
  deadlineMs = limits.readyCheckMs,
}: HealthParts): Promise<HealthReport> {
  const answers = async (name: string, ready: (signal: AbortSignal) => Promise<unknown>) => {
    try {
      await withinDeadline(deadlineMs, ready);
      return "ready" as const;
    } catch (error) {
      log.warn(
        { part: name, error: error instanceof AppError ? (error.cause ?? error) : error },
        "a part is not ready",
      );
      return "unavailable" as const;
    }
  };
  const parts = await Promise.all([
    ...local.map(async (part) => ({
      name: part.name,
      status: await answers(part.name, () => part.ready()),
      remote: false,
    })),
    ...[...remote].map(async ([name, client]) => ({
      name,
      status: await answers(name, (signal) =>
        client.execute({ query: "{ __typename }" }, probe, { signal, repeatable: true }),
      ),
      remote: true,
    })),
  ]);
  return {
    status: parts.every((part) => part.remote || part.status === "ready") ? "ready" : "not ready",
    parts: Object.fromEntries(parts.map(({ name, ...part }) => [name, part])),
  };
}

/** Nothing is looked at any more: whoever asks is to go elsewhere, however well everything is. */
export const stoppingReport: HealthReport = { status: "stopping", parts: {} };

const probe = { identity: gatewayItself, correlationId: "health" };
