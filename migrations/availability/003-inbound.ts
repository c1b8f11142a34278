/**
 * Supply that is still to come, per position and document line, and how punctual each supplier was.
 *
 * `inbound_lines` is the ERP's word, line by line; `inbound_receipts` what the warehouse received for a document and
 * the ERP has not posted yet ('' stands for no line: a key has no NULL). `arrivals` remembers each completed line, so
 * that it counts once in `lateness`, the histogram that answers read.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

const documentLine = `sku VARCHAR(64) NOT NULL,
       location_id VARCHAR(64) NOT NULL,
       document_type VARCHAR(32) NOT NULL,
       document_id VARCHAR(128) NOT NULL,
       line VARCHAR(128) NOT NULL`;
const documentKey = "PRIMARY KEY (sku, location_id, document_type, document_id, line)";

export class Inbound1767225600403 implements MigrationInterface {
  readonly name = "Inbound1767225600403";

  async up(runner: QueryRunner): Promise<void> {
    const { table } = ddl(runner);
    await table(
      "inbound_lines",
      `${documentLine},
       open_quantity INT NOT NULL CHECK (open_quantity >= 0),
       promised_on VARCHAR(10) NULL,
       from_id VARCHAR(64) NULL,
       source_seq BIGINT NOT NULL,
       ${documentKey}`,
    );
    await table("inbound_receipts", `${documentLine}, quantity BIGINT NOT NULL, ${documentKey}`);
    await table(
      "arrivals",
      `${documentLine},
       from_id VARCHAR(64) NOT NULL,
       days_late INT NOT NULL CHECK (days_late >= 0),
       source_seq BIGINT NOT NULL,
       ${documentKey}`,
    );
    await table(
      "lateness",
      `from_id VARCHAR(64) NOT NULL,
       days_late INT NOT NULL,
       arrived_lines BIGINT NOT NULL CHECK (arrived_lines >= 0),
       PRIMARY KEY (from_id, days_late)`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
