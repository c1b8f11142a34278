/**
 * The availability subgraph, put together: positions, policy in force, watermarks, answers.
 *
 * Opens its database and starts nothing: whoever mounts it starts its parts.
 */

import { Availability1767225600401 } from "../../migrations/availability/001-positions-and-policy.ts";
import { Reservations1767225600402 } from "../../migrations/availability/002-reservations.ts";
import { Inbound1767225600403 } from "../../migrations/availability/003-inbound.ts";
import { RuleChanges1767225600404 } from "../../migrations/availability/004-rule-changes.ts";
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
import type { DatabaseSpec, Kernel } from "../../shared/kernel.ts";
import { access } from "./access.ts";
import { createAnswerTally } from "./answer-tally.ts";
import { createAnswers } from "./answers.ts";
import { createPolicyCommands } from "./commands/channel-policy.ts";
import { createReservationCommands } from "./commands/reservations.ts";
import { createConsumers } from "./consumers.ts";
import {
  ArrivalEntity,
  InboundLineEntity,
  InboundReceiptEntity,
  LatenessEntity,
  OrderAllocationEntity,
  PolicyEntity,
  PositionEntity,
  ReservationEntity,
  ReservationLineEntity,
  RuleChangeEntity,
} from "./entities.ts";
import { createGapWatch } from "./gap-watch.ts";
import { createLoaders, type Loaders } from "./loaders.ts";
import { measureAvailability, watchBatches } from "./measures.ts";
import { createPolicyEffects } from "./policy-effect.ts";
import { createPolicyInForce } from "./policy-in-force.ts";
import { createReservationSweep } from "./reservation-sweep.ts";
import { createResolvers, taggedFields } from "./resolvers.ts";
import { createRowCache } from "./row-cache.ts";
import { createRuleChanges } from "./rule-changes.ts";
import { createWatermarks } from "./watermarks.ts";

export const availabilityDatabase: DatabaseSpec = {
  system: "availability",
  entities: [
    PositionEntity,
    PolicyEntity,
    ReservationEntity,
    ReservationLineEntity,
    OrderAllocationEntity,
    RuleChangeEntity,
    InboundLineEntity,
    InboundReceiptEntity,
    ArrivalEntity,
    LatenessEntity,
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
    Availability1767225600401,
    Reservations1767225600402,
    Inbound1767225600403,
    RuleChanges1767225600404,
  ],
};

export async function createAvailability(kernel: Kernel): Promise<Subgraph> {
  const { clock, cache, bus, log, config, metrics } = kernel;
  const db = await kernel.openDatabase(availabilityDatabase);
  const signal = createCommitSignal();
  const watermarks = createWatermarks(cache, bus.partitions, log);
  const inForce = createPolicyInForce(db, log);
  const gapWatch = createGapWatch({ db, clock, log, committed: signal.committed });
  const rowCache = config.cache
    ? createRowCache({
        db,
        clock,
        log,
        others: config.redisUrl ? { changes: bus.log("availability"), store: cache } : null,
        policyChanged: () => inForce.refresh().catch((error) => log.warn({ error }, "the policy was not read again")),
      })
    : null;
  const heard = rowCache?.heard ?? (() => {});
  signal.listen(heard);
  const tally = createAnswerTally({ db, clock, log, committed: signal.committed });
  const { answered } = tally;
  const answers = createAnswers({ clock, policy: inForce.current, watermarks, cache: rowCache, answered });
  const deps = commandDeps(kernel, db, signal);
  const commands = createPolicyCommands(deps, inForce);
  const effects = createPolicyEffects({ db, clock, answers, inForce: inForce.newest });
  const reservations = createReservationCommands({ ...deps, answers, inForce }, watchBatches(metrics));
  measureAvailability({ metrics, clock, watermarks, rowCache });
  const reservationSweep = createReservationSweep({ db, clock, log, committed: signal.committed });
  const ruleChanges = createRuleChanges({ db, clock, log, answers, committed: signal.committed });
  return createSubgraph(
    kernel,
    {
      name: "availability",
      db,
      sdl: readSdl(import.meta.url),
      access,
      resolvers: createResolvers({
        answers,
        commands,
        effects,
        reservations,
        clock,
        policy: inForce.current,
        log: bus.log("availability"),
        heard,
      }),
      tagged: taggedFields,
      beforePublish: rowCache?.beforePublish ?? (async () => {}),
      contextFor: ({ identity }) => {
        let loaders: Loaders | undefined;
        return {
          asked: { effects: 0 },
          // Made for whoever needs them: an answer from what is kept does not.
          get loaders() {
            loaders ??= createLoaders(db, clock, rowCache, identity);
            return loaders;
          },
        };
      },
      consumers: createConsumers(clock, watermarks, { from: answers.from, policy: inForce.current }, tally),
      parts: [...(rowCache?.parts ?? []), watermarks, inForce, gapWatch, reservationSweep, ruleChanges, tally],
    },
    signal,
  );
}
