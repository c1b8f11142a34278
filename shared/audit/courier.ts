/**
 * Sends a system's sealed audit rows to whoever keeps copies of them: in the order of their seals, without a hole.
 *
 * How far it has come is remembered in the transaction that writes the events into the outbox; of two couriers (replicas
 * of one system) one rolls back. Nothing waits for it, and it changes neither rows nor seals. What is not sealed is not
 * sent: a copy always says where in the chain it stands.
 */
import type { Clock } from "../clock.ts";
import type { Committed } from "../command.ts";
import type { Database } from "../db/database.ts";
import { createRounds, type Part } from "../lifecycle.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import { createRecorder, ownCause } from "../recorder.ts";
import { courierAt, moveCourier, type Sealed, sealsAfter } from "./audit-store.ts";
import type { AuditRow, Seal } from "./chain.ts";

/** Events of one round: what is left then is for the next one. */
const eventsMax = 20;

export interface Courier extends Part {
  /** Sends what is sealed now, up to what one round sends; how many rows. */
  send(): Promise<number>;
}

interface CourierDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after COMMIT: these are new in the outbox. */
  readonly committed: Committed;
}

export function createCourier({ db, clock, log, committed }: CourierDeps): Courier {
  async function sendOne(): Promise<number> {
    const at = await courierAt(db);
    const sealed = (await sealsAfter(db, at.sequence, limits.auditCopiesPerEventMax)).filter(isWhole);
    const last = sealed.at(-1);
    if (!last) return 0;
    const told = await db.transaction(async (tx) => {
      const next = { batch: at.batch + 1, sequence: last.seal.sequence };
      // Another courier has gone on meanwhile: what it sent is not sent again.
      if (!(await moveCourier(tx, at, next))) return [];
      const recorder = createRecorder(db.system, clock, ownCause(db.system, clock.now()));
      recorder.event({
        type: "audit.sealed",
        sourceSeq: next.batch,
        partitionKey: `audit:${db.system}`,
        data: { rows: sealed.map(({ seal, row }) => ({ ...row, sequence: seal.sequence, ...hashOf(seal) })) },
      });
      return recorder.flush(tx);
    });
    if (told.length > 0) committed(told);
    return told.length > 0 ? sealed.length : 0;
  }

  async function send(): Promise<number> {
    let rows = 0;
    for (let events = 0; events < eventsMax; events++) {
      const sent = await sendOne();
      rows += sent;
      if (sent < limits.auditCopiesPerEventMax) break;
    }
    return rows;
  }

  return {
    ...createRounds({ name: `courier:${db.system}`, everyMs: limits.auditCopyEveryMs, log, round: send }),
    send,
  };
}

function hashOf({ hash, sealed_at_ms }: Seal) {
  return { hash, sealed_at_ms };
}

/** A seal whose row is gone is sent to nobody: the hole it leaves says so. */
function isWhole(sealed: Sealed): sealed is Sealed & { readonly row: AuditRow } {
  return sealed.row !== null;
}
