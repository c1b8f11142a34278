/**
 * The tables that every system has: idempotency keys, audit rows, outbox, relay, inbox, dead letters.
 *
 * They stand in each system's own database, so that they commit with the change they belong to.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { type Ddl, ddl } from "../../shared/db/migration.ts";

export class Kernel1767225600001 implements MigrationInterface {
  readonly name = "Kernel1767225600001";

  async up(runner: QueryRunner): Promise<void> {
    await createCommandTables(ddl(runner));
    await createMessageTables(ddl(runner));
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}

async function createCommandTables({ table, index, rowNumber, json }: Ddl): Promise<void> {
  await table(
    "idempotency_keys",
    `caller VARCHAR(128) NOT NULL,
       operation VARCHAR(64) NOT NULL,
       idempotency_key VARCHAR(255) NOT NULL,
       input_hash CHAR(64) NOT NULL,
       reply ${json} NULL,
       created_at_ms BIGINT NOT NULL,
       PRIMARY KEY (caller, operation, idempotency_key)`,
  );
  await index("idempotency_keys_age", "idempotency_keys", "created_at_ms");
  await table(
    "audit_rows",
    `id ${rowNumber},
       subject VARCHAR(255) NOT NULL,
       action VARCHAR(64) NOT NULL,
       outcome VARCHAR(64) NOT NULL,
       person VARCHAR(128) NOT NULL,
       roles VARCHAR(255) NOT NULL,
       correlation_id VARCHAR(128) NOT NULL,
       idempotency_key VARCHAR(255) NULL,
       detail ${json} NOT NULL,
       recorded_at_ms BIGINT NOT NULL`,
  );
  await index("audit_rows_subject", "audit_rows", "subject, id");
}

async function createMessageTables({ table, index, rowNumber, json }: Ddl): Promise<void> {
  await table(
    "outbox",
    `id ${rowNumber},
       event_id VARCHAR(128) NOT NULL UNIQUE,
       topic VARCHAR(32) NOT NULL,
       type VARCHAR(64) NOT NULL,
       partition_key VARCHAR(160) NOT NULL,
       correlation_id VARCHAR(128) NOT NULL,
       body ${json} NOT NULL,
       state VARCHAR(16) NOT NULL,
       claim VARCHAR(64) NULL,
       claimed_at_ms BIGINT NULL,
       created_at_ms BIGINT NOT NULL`,
  );
  await index("outbox_state", "outbox", "state, id");
  await index("outbox_partition", "outbox", "partition_key");
  await table(
    "inbox",
    `consumer VARCHAR(64) NOT NULL,
       source VARCHAR(64) NOT NULL,
       event_id VARCHAR(128) NOT NULL,
       received_at_ms BIGINT NOT NULL,
       PRIMARY KEY (consumer, event_id, source)`,
  );
  await index("inbox_age", "inbox", "received_at_ms");
  await table("relay_state", "name VARCHAR(32) NOT NULL PRIMARY KEY, value VARCHAR(64) NOT NULL");
  await table(
    "dead_letters",
    `id VARCHAR(36) NOT NULL PRIMARY KEY,
       consumer VARCHAR(64) NOT NULL,
       source VARCHAR(64) NOT NULL,
       event_id VARCHAR(128) NOT NULL,
       type VARCHAR(64) NOT NULL,
       class VARCHAR(32) NOT NULL,
       code VARCHAR(64) NOT NULL,
       hint VARCHAR(500) NOT NULL,
       body ${json} NOT NULL,
       attempts INT NOT NULL,
       first_seen_at_ms BIGINT NOT NULL,
       last_seen_at_ms BIGINT NOT NULL,
       UNIQUE (consumer, source, event_id)`,
  );
}
