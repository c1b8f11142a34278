/**
 * The `erp` subgraph: the master data, the books and what is bought and sold.
 *
 * Wires its parts and knows no other subgraph.
 */

import { Erp1767225600101 } from "../../migrations/erp/001-books.ts";
import { ErpTransfers1767225600102 } from "../../migrations/erp/002-transfers.ts";
import { Arrivals1767225600103 } from "../../migrations/erp/003-arrivals.ts";
import { FoundByIndex1767225600104 } from "../../migrations/erp/004-found-by-index.ts";
import { LocationAccounts1767225600105 } from "../../migrations/erp/005-location-accounts.ts";
import { HeldPostings1767225600106 } from "../../migrations/erp/006-held-postings.ts";
import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import { DueLetters1767225600004 } from "../../migrations/shared/004-due-letters.ts";
import { AuditSeals1767225600005 } from "../../migrations/shared/005-audit-seals.ts";
import { LetterClasses1767225600007 } from "../../migrations/shared/007-letter-classes.ts";
import { WaitingLetters1767225600008 } from "../../migrations/shared/008-waiting-letters.ts";
import type { RequestContext } from "../../shared/command.ts";
import {
  commandDeps,
  createCommitSignal,
  createSubgraph,
  readSdl,
  type Subgraph,
} from "../../shared/graphql/subgraph.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { access } from "./access.ts";
import { consumerName, createConsumers, follow, postedTypes } from "./consumers.ts";
import { erpEntities } from "./entities.ts";
import { createPostingRetries } from "./failed-postings.ts";
import { createLoaders } from "./loaders.ts";
import { createResolvers } from "./resolvers.ts";

export async function createErp(kernel: Kernel): Promise<Subgraph> {
  const db = await kernel.openDatabase({
    system: "erp",
    entities: erpEntities,
    migrations: [
      Kernel1767225600001,
      DueLetters1767225600004,
      AuditSeals1767225600005,
      LetterClasses1767225600007,
      WaitingLetters1767225600008,
      Erp1767225600101,
      ErpTransfers1767225600102,
      Arrivals1767225600103,
      FoundByIndex1767225600104,
      LocationAccounts1767225600105,
      HeldPostings1767225600106,
    ],
  });
  const signal = createCommitSignal();
  const { clock, log } = kernel;
  const retries = createPostingRetries({
    db,
    clock,
    log,
    committed: signal.committed,
    consumer: consumerName,
    types: postedTypes,
    post: follow,
  });
  return createSubgraph(
    kernel,
    {
      name: "erp",
      db,
      sdl: readSdl(import.meta.url),
      access,
      resolvers: createResolvers(commandDeps(kernel, db, signal)),
      contextFor: ({ identity }: RequestContext) => ({ loaders: createLoaders(db, identity) }),
      consumers: createConsumers(clock),
      parts: [retries],
    },
    signal,
  );
}
