/**
 * The field with which auditors look at a system's audit chain: how far it goes, what waits, and whether its end holds.
 *
 * Costs the same however long the chain is: a request verifies the newest seals only. All of it, and against heads that
 * were written down elsewhere, is what `npm run audit:verify` is for.
 */
import { auditSource, chainEnd, countAfter } from "../audit/audit-store.ts";
import { emptyHead } from "../audit/chain.ts";
import { verifyTail } from "../audit/verify.ts";
import type { Database } from "../db/database.ts";
import { AppError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Resolvers } from "./schema.ts";

export function auditChainResolvers(db: Database): Resolvers {
  return {
    Query: {
      async [`${db.system}AuditChain`]() {
        const { head, lastId } = await chainEnd(db);
        const { sequence, hash } = head ?? emptyHead(db.system);
        const waiting = await countAfter(db, lastId, limits.auditVerifiedMax);
        return { system: db.system, sequence, hash, sealedAt: head?.sealedAtMs ?? null, waiting };
      },
    },
    AuditChain: {
      /** Fails with BAD_USER_INPUT. */
      async verification({ sequence }: { readonly sequence: number }, { last }: { readonly last: number }) {
        if (last < 1 || last > limits.auditVerifiedMax) {
          throw new AppError("BAD_USER_INPUT", { message: `last must lie between 1 and ${limits.auditVerifiedMax}.` });
        }
        const { checked, brokenPlaces, firstBroken } = await verifyTail(auditSource(db), sequence, last);
        return { intact: brokenPlaces === 0, checked, brokenPlaces, ...firstBroken };
      },
    },
  };
}
