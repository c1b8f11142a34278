/**
 * The returns desk: authorisations, what arrived and waits in quarantine, and what became of it.
 *
 * Only wiring: opens the database and puts the parts of this folder together.
 */

import { Returns1767225600301 } from "../../migrations/returns/001-returns.ts";
import { Dispositions1767225600302 } from "../../migrations/returns/002-dispositions.ts";
import { ReturnsByItem1767225600303 } from "../../migrations/returns/003-returns-by-item.ts";
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
import { createResolvers } from "./resolvers.ts";

export async function createReturns(kernel: Kernel): Promise<Subgraph> {
  const db = await kernel.openDatabase({
    system: "returns",
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
      Returns1767225600301,
      Dispositions1767225600302,
      ReturnsByItem1767225600303,
    ],
  });
  const signal = createCommitSignal();
  return createSubgraph(
    kernel,
    {
      name: "returns",
      db,
      sdl: readSdl(import.meta.url),
      access,
      resolvers: createResolvers(commandDeps(kernel, db, signal)),
      contextFor: ({ identity }) => ({ loaders: createLoaders(db, identity) }),
      consumers: createConsumers(kernel.clock),
    },
    signal,
  );
}
