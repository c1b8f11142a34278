/**
 * GraphQL ↔ commands and loaders of the reconciliation and its cases.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { CommandDeps } from "../../../shared/command.ts";
import { type PageArgs, parsePage, toConnection } from "../../../shared/graphql/pagination.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import {
  type SetReconciliationPolicyInput,
  type StartReconciliationInput,
  setReconciliationPolicy,
  startReconciliation,
} from "../commands/reconciliation.ts";
import {
  type DecideVarianceCaseInput,
  decideVarianceCase,
  type ProposeVarianceCorrectionInput,
  proposeVarianceCorrection,
  type RequestRecountInput,
  requestRecount,
} from "../commands/variance-cases.ts";
import type { CountMade } from "../domain/recon-position.ts";
import type { ReconciliationPolicy } from "../domain/reconciliation.ts";
import type { CaseStatus, VarianceCase } from "../domain/variance-case.ts";
import type { Reconciliation } from "../store/reconciliations.ts";
import type { ControlContext } from "./context.ts";

interface CasesArgs extends PageArgs {
  readonly status?: CaseStatus | null;
  readonly locationId?: string | null;
}

export function reconciliationResolvers(deps: CommandDeps): Resolvers {
  return {
    Query: {
      reconciliation: (_: unknown, { id }: { id: string }, { loaders }: ControlContext) => loaders.reconciliation(id),
      reconciliationPolicy: (_: unknown, __: unknown, { loaders }: ControlContext) => loaders.reconciliationPolicy(),
      varianceCase: (_: unknown, { id }: { id: string }, { loaders }: ControlContext) => loaders.varianceCases.load(id),
      varianceCases: (_: unknown, args: CasesArgs, context: ControlContext) => casesPage(args, context),
    },
    Mutation: {
      startReconciliation: (_: unknown, { input }: { input: StartReconciliationInput }, context: ControlContext) =>
        startReconciliation(deps, input, context.request),
      setReconciliationPolicy: (
        _: unknown,
        { input }: { input: SetReconciliationPolicyInput },
        context: ControlContext,
      ) => setReconciliationPolicy(deps, input, context.request),
      requestRecount: (_: unknown, { input }: { input: RequestRecountInput }, context: ControlContext) =>
        requestRecount(deps, input, context.request),
      proposeVarianceCorrection: (
        _: unknown,
        { input }: { input: ProposeVarianceCorrectionInput },
        context: ControlContext,
      ) => proposeVarianceCorrection(deps, input, context.request),
      decideVarianceCase: (_: unknown, { input }: { input: DecideVarianceCaseInput }, context: ControlContext) =>
        decideVarianceCase(deps, input, context.request),
    },
    Reconciliation: {
      startedAt: ({ startedAtMs }: Reconciliation) => startedAtMs,
      finishedAt: ({ finishedAtMs }: Reconciliation) => finishedAtMs,
      byClass: ({ byClass }: Reconciliation) =>
        Object.entries(byClass).map(([varianceClass, positions]) => ({ class: varianceClass, positions })),
    },
    ReconciliationPolicy: { setAt: ({ setAtMs }: ReconciliationPolicy) => setAtMs },
    VarianceCase: {
      __resolveReference: ({ id }: { id: string }, { loaders }: ControlContext) => loaders.varianceCases.load(id),
      location: ({ locationId: id }: VarianceCase) => ({ id }),
      product: ({ sku }: VarianceCase) => ({ sku }),
      warehouseOnHand: ({ onHand }: VarianceCase) => onHand,
      bookOnHand: ({ book }: VarianceCase) => book,
      openedAt: ({ openedAtMs }: VarianceCase) => openedAtMs,
      updatedAt: ({ updatedAtMs }: VarianceCase) => updatedAtMs,
      closedAt: ({ closedAtMs }: VarianceCase) => closedAtMs,
    },
    VarianceCount: { countedAt: ({ at }: CountMade) => at },
  };
}

async function casesPage(args: CasesArgs, { loaders }: ControlContext) {
  const page = parsePage(args, 1);
  const { status = null, locationId = null } = args;
  const rows = await loaders.varianceCasesOf({ status, locationId }, page);
  return toConnection(rows, page, ({ id }) => [id]);
}
