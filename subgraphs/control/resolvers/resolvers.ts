/**
 * All resolvers of `control`, put together from one file a concern.
 *
 * A field stands in one of them only; a second one is refused at start.
 */
import type { CommandDeps } from "../../../shared/command.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import { auditResolvers } from "./audit.ts";
import { exceptionPolicyResolvers } from "./exception-policy.ts";
import { exceptionResolvers } from "./exceptions.ts";
import { journalResolvers } from "./journal.ts";
import { kpiResolvers } from "./kpis.ts";
import { letterResolvers } from "./letters.ts";
import { lineageResolvers } from "./lineage.ts";
import { reconciliationResolvers } from "./reconciliation.ts";
import { replayResolvers } from "./replays.ts";

export function createResolvers(deps: CommandDeps): Resolvers {
  return together([
    exceptionResolvers(deps),
    exceptionPolicyResolvers(deps),
    lineageResolvers(),
    journalResolvers(),
    kpiResolvers(deps),
    letterResolvers(deps),
    auditResolvers(deps),
    reconciliationResolvers(deps),
    replayResolvers(deps),
  ]);
}

function together(parts: readonly Resolvers[]): Resolvers {
  const all: Record<string, Record<string, unknown>> = {};
  for (const [type, fields] of parts.flatMap((part) => Object.entries(part))) {
    const known = all[type] ?? {};
    for (const field of Object.keys(fields)) {
      if (field in known) throw new Error(`${type}.${field} is resolved twice`);
    }
    all[type] = { ...known, ...fields };
  }
  return all as Resolvers;
}
