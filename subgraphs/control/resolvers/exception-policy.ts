/**
 * GraphQL ↔ commands and loaders of the policy of exceptions.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { CommandDeps } from "../../../shared/command.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import { type SetExceptionPolicyInput, setExceptionPolicy } from "../commands/exception-policy.ts";
import { policyOf, rulesOf, termNames } from "../domain/exception-policy.ts";
import type { ExceptionPolicyRow } from "../entities.ts";
import type { ControlContext } from "./context.ts";

export function exceptionPolicyResolvers(deps: CommandDeps): Resolvers {
  return {
    Query: {
      exceptionPolicy: async (_: unknown, args: { version?: number | null }, { loaders }: ControlContext) =>
        shown(await loaders.exceptionPolicy(args.version ?? null), args.version ?? null),
    },
    Mutation: {
      setExceptionPolicy: async (
        _: unknown,
        { input }: { input: SetExceptionPolicyInput },
        { request }: ControlContext,
      ) => {
        const payload = await setExceptionPolicy(deps, input, request);
        return { ...payload, policy: payload.policy && shown(payload.policy, null) };
      },
    },
  };
}

/** Null: nobody has set this version. */
function shown(row: ExceptionPolicyRow | undefined, asked: number | null) {
  const policy = policyOf(row);
  if (!row && asked !== null && asked !== policy.version) return null;
  return {
    ...policy,
    weights: termNames.map((name) => ({ name, weight: policy.weights[name] })),
    types: rulesOf(policy),
    setBy: row?.set_by ?? null,
    setAt: row?.set_at_ms === undefined ? null : Number(row.set_at_ms),
    note: row?.note ?? null,
  };
}
