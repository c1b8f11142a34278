/**
 * GraphQL ↔ the copies of all systems' audit rows.
 *
 * Only names and shapes are translated here: no rule and no SQL.
 */
import type { CommandDeps } from "../../../shared/command.ts";
import { type PageArgs, parsePage, toConnection } from "../../../shared/graphql/pagination.ts";
import type { Resolvers } from "../../../shared/graphql/schema.ts";
import type { ControlContext } from "./context.ts";

type Copy = Awaited<ReturnType<ControlContext["loaders"]["trail"]>>[number];

export function auditResolvers({ clock }: CommandDeps): Resolvers {
  return {
    Query: {
      async auditTrail(_: unknown, args: PageArgs & { readonly subject: string }, { loaders }: ControlContext) {
        const page = parsePage(args, 3);
        const rows = await loaders.trail(args.subject, page);
        return toConnection(rows, page, (row) => [String(row.recorded_at_ms), row.source, String(row.sequence)]);
      },
      async auditVerification(_: unknown, __: unknown, { loaders }: ControlContext) {
        const systems = await loaders.verified(clock.now());
        return { intact: systems.every(({ intact }) => intact), systems };
      },
    },
    AuditEntry: {
      system: ({ source }: Copy) => source,
      roles: ({ roles }: Copy) => roles.split(",").filter(Boolean),
      correlationId: ({ correlation_id }: Copy) => correlation_id,
      idempotencyKey: ({ idempotency_key }: Copy) => idempotency_key,
      recordedAt: ({ recorded_at_ms }: Copy) => recorded_at_ms,
      sealedAt: ({ sealed_at_ms }: Copy) => sealed_at_ms,
    },
  };
}
