/**
 * GraphQL ↔ the figures of operations.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { CommandDeps } from "../../../shared/command.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import { limits } from "../../../shared/limits.ts";
import { hourOf } from "../domain/kpi-cells.ts";
import { figuresOf, kpiDefinitions, sumsOf } from "../domain/kpis.ts";
import type { ControlContext } from "./context.ts";

interface KpiArgs {
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
  readonly locationId?: string | null;
}

export function kpiResolvers({ clock }: CommandDeps): Resolvers {
  return {
    Query: {
      kpis: (_: unknown, args: KpiArgs, context: ControlContext) => kpisOf(args, clock.now(), context),
    },
  };
}

/** Nothing where the caller may not see the place. Fails with BAD_USER_INPUT. */
async function kpisOf({ from, to, locationId = null }: KpiArgs, nowMs: number, { loaders }: ControlContext) {
  const hours = { from: hourOf(Date.parse(from)), before: hourOf(Date.parse(to) + 3_599_999) };
  if (hours.before <= hours.from || hours.before - hours.from > limits.kpiHoursMax) {
    const message = `The period ends after it begins, and has at most ${limits.kpiHoursMax} hours.`;
    throw new AppError("BAD_USER_INPUT", { message, field: ["to"] });
  }
  const cells = await loaders.sums(locationId, hours);
  if (!cells) return [];
  const sums = sumsOf(cells);
  const period = { from: hours.from * 3_600_000, to: hours.before * 3_600_000, timeZone: "UTC" };
  return kpiDefinitions.map((kpi) => ({
    ...period,
    name: kpi.name,
    unit: kpi.unit,
    definition: kpi.definition,
    numeratorMeaning: kpi.numerator,
    denominatorMeaning: kpi.denominator,
    ...figuresOf(kpi, sums, nowMs),
  }));
}
