/**
 * The warehouse: physical stock by bucket, the journal it follows from, and the facts that change it.
 *
 * Opens the database and puts the parts together; holds no rule of its own.
 */

import { Kernel1767225600001 } from "../../migrations/shared/001-kernel.ts";
import { MasterData1767225600002 } from "../../migrations/shared/002-master-data.ts";
import { ProductCost1767225600003 } from "../../migrations/shared/003-product-cost.ts";
import { DueLetters1767225600004 } from "../../migrations/shared/004-due-letters.ts";
import { AuditSeals1767225600005 } from "../../migrations/shared/005-audit-seals.ts";
import { LocationAccounts1767225600006 } from "../../migrations/shared/006-location-accounts.ts";
import { LetterClasses1767225600007 } from "../../migrations/shared/007-letter-classes.ts";
import { WaitingLetters1767225600008 } from "../../migrations/shared/008-waiting-letters.ts";
import { Wms1767225600201 } from "../../migrations/wms/001-balances-and-journal.ts";
import { Adjustments1767225600202 } from "../../migrations/wms/002-adjustments.ts";
import { WmsTransfers1767225600203 } from "../../migrations/wms/003-transfers.ts";
import { CountsAndReceipts1767225600204 } from "../../migrations/wms/004-counts-and-receipts.ts";
import { ReceiptsByPlace1767225600205 } from "../../migrations/wms/005-receipts-by-place-and-status.ts";
import type { RequestContext } from "../../shared/command.ts";
import {
  commandDeps,
  createCommitSignal,
  createSubgraph,
  readSdl,
  type Subgraph,
} from "../../shared/graphql/subgraph.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { limits } from "../../shared/limits.ts";
import { access } from "./access.ts";
import { createConsumers } from "./consumers.ts";
import {
  AdjustmentEntity,
  BalanceEntity,
  MovementEntity,
  ReceiptEntity,
  ReceiptLineEntity,
  StockCountEntity,
  StockCountLineEntity,
  TransferHandEntity,
  TransferLineEntity,
} from "./entities.ts";
import { createLoaders } from "./loaders.ts";
import { createReportRedrive } from "./report-letters.ts";
import { createResolvers } from "./resolvers.ts";

export interface WmsOptions {
  /** How long a command waits for master data that may still be on its way. */
  readonly masterDataWaitMs?: number;
}

export async function createWms(kernel: Kernel, options: WmsOptions = {}): Promise<Subgraph> {
  const db = await kernel.openDatabase({
    system: "wms",
    entities: [
      AdjustmentEntity,
      BalanceEntity,
      MovementEntity,
      ReceiptEntity,
      ReceiptLineEntity,
      StockCountEntity,
      StockCountLineEntity,
      TransferHandEntity,
      TransferLineEntity,
    ],
    migrations: [
      Kernel1767225600001,
      MasterData1767225600002,
      ProductCost1767225600003,
      DueLetters1767225600004,
      AuditSeals1767225600005,
      LocationAccounts1767225600006,
      LetterClasses1767225600007,
      WaitingLetters1767225600008,
      Wms1767225600201,
      Adjustments1767225600202,
      WmsTransfers1767225600203,
      CountsAndReceipts1767225600204,
      ReceiptsByPlace1767225600205,
    ],
  });
  const signal = createCommitSignal();
  const { masterDataWaitMs = limits.masterDataWaitMs } = options;
  const deps = { ...commandDeps(kernel, db, signal), masterDataWaitMs };
  const parts = {
    name: "wms",
    db,
    sdl: readSdl(import.meta.url),
    access,
    resolvers: createResolvers(deps),
    contextFor: ({ identity }: RequestContext) => ({ loaders: createLoaders(db, identity) }),
    consumers: createConsumers(kernel.clock),
    messages: createReportRedrive(kernel.clock),
  } as const;
  return createSubgraph(kernel, parts, signal);
}
