/**
 * Control: what went wrong between the systems, who looks at it, and the story behind every number.
 *
 * Only wiring: opens the database and puts the parts of this folder together.
 */
import { Journal1767225600501 } from "../../migrations/control/001-journal.ts";
import { Exceptions1767225600502 } from "../../migrations/control/002-exceptions.ts";
import { Replays1767225600509 } from "../../migrations/control/003-replays.ts";
import { Kpis1767225600520 } from "../../migrations/control/004-kpis.ts";
import { KnownLetters1767225600530 } from "../../migrations/control/005-known-letters.ts";
import { PartnerMappings1767225600531 } from "../../migrations/control/006-partner-mappings.ts";
import { AuditCopies1767225600521 } from "../../migrations/control/007-audit-copies.ts";
import { ExceptionRanking1767225600540 } from "../../migrations/control/008-exception-ranking.ts";
import { Reconciliation1767225600541 } from "../../migrations/control/009-reconciliation.ts";
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import { MasterData1767225600002 } from "../../migrations/shared/002-master-data.ts";
import { ProductCost1767225600003 } from "../../migrations/shared/003-product-cost.ts";
import { DueLetters1767225600004 } from "../../migrations/shared/004-due-letters.ts";
import { AuditSeals1767225600005 } from "../../migrations/shared/005-audit-seals.ts";
import { LocationAccounts1767225600006 } from "../../migrations/shared/006-location-accounts.ts";
import { LetterClasses1767225600007 } from "../../migrations/shared/007-letter-classes.ts";
import { WaitingLetters1767225600008 } from "../../migrations/shared/008-waiting-letters.ts";
import {
  commandDeps,
  createCommitSignal,
  createSubgraph,
  readSdl,
  type Subgraph,
} from "../../shared/graphql/subgraph.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { access } from "./access.ts";
import { createConsumers } from "./consumers.ts";
import { entities } from "./entities.ts";
import { createLoaders } from "./loaders.ts";
import { createQueueClock } from "./queue-clock.ts";
import { createReconciliationRuns } from "./reconciliation-runs.ts";
import { createResolvers } from "./resolvers/resolvers.ts";
import { createSourceWatch } from "./source-watch.ts";

export async function createControl(kernel: Kernel): Promise<Subgraph> {
  const db = await kernel.openDatabase({
    system: "control",
    entities,
    migrations: [
      Kernel1767225600001,
      MasterData1767225600002,
      ProductCost1767225600003,
      DueLetters1767225600004,
      AuditSeals1767225600005,
      LocationAccounts1767225600006,
      LetterClasses1767225600007,
      WaitingLetters1767225600008,
      Journal1767225600501,
      Exceptions1767225600502,
      Replays1767225600509,
      KnownLetters1767225600530,
      PartnerMappings1767225600531,
      Reconciliation1767225600541,
      Kpis1767225600520,
      AuditCopies1767225600521,
      ExceptionRanking1767225600540,
    ],
  });
  const signal = createCommitSignal();
  const { clock, cache, log } = kernel;
  const sourceWatch = createSourceWatch({ db, cache, clock, log, committed: signal.committed });
  const queueClock = createQueueClock({ db, clock, log, committed: signal.committed });
  const runs = createReconciliationRuns({ db, clock, log, committed: signal.committed });
  return createSubgraph(
    kernel,
    {
      name: "control",
      db,
      sdl: readSdl(import.meta.url),
      access,
      resolvers: createResolvers(commandDeps(kernel, db, signal)),
      contextFor: ({ identity }) => ({ loaders: createLoaders(db, identity) }),
      consumers: createConsumers(clock, sourceWatch),
      parts: [sourceWatch, queueClock, runs],
    },
    signal,
  );
}
