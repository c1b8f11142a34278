/**
 * Transfer orders: what was asked for, who decided, and how far each line has come.
 *
 * `committed` and `open_quantity` are stored beside what they follow from: they are what a position's figures add up
 * from. In transit = shipped - received - written off, and needs no column.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class ErpTransfers1767225600102 implements MigrationInterface {
  readonly name = "ErpTransfers1767225600102";

  async up(runner: QueryRunner): Promise<void> {
    const { table, index, json } = ddl(runner);
    await table(
      "transfers",
      `id VARCHAR(128) NOT NULL PRIMARY KEY,
       origin_id VARCHAR(64) NOT NULL,
       destination_id VARCHAR(64) NOT NULL,
       status VARCHAR(32) NOT NULL,
       decision VARCHAR(16) NOT NULL,
       need_by VARCHAR(10) NULL,
       reference VARCHAR(128) NULL,
       reason VARCHAR(500) NULL,
       requested_by VARCHAR(128) NOT NULL,
       requested_at_ms BIGINT NOT NULL,
       decided_by VARCHAR(128) NULL,
       decided_at_ms BIGINT NULL,
       note VARCHAR(500) NULL,
       hands ${json} NOT NULL,
       version BIGINT NOT NULL CHECK (version >= 1),
       CHECK (origin_id <> destination_id)`,
    );
    await index("transfers_status", "transfers", "status, id");
    await index("transfers_origin", "transfers", "origin_id, id");
    await index("transfers_destination", "transfers", "destination_id, id");
    await table(
      "transfer_lines",
      `transfer_id VARCHAR(128) NOT NULL,
       line VARCHAR(128) NOT NULL,
       line_no INT NOT NULL,
       sku VARCHAR(64) NOT NULL,
       origin_id VARCHAR(64) NOT NULL,
       destination_id VARCHAR(64) NOT NULL,
       requested INT NOT NULL CHECK (requested >= 0),
       picked INT NOT NULL,
       shipped INT NOT NULL,
       received INT NOT NULL,
       settled INT NOT NULL,
       written_off INT NOT NULL CHECK (written_off >= 0),
       not_shipped INT NOT NULL CHECK (not_shipped >= 0),
       put_back INT NOT NULL,
       received_on VARCHAR(10) NULL,
       committed INT NOT NULL CHECK (committed >= 0 AND committed <= requested),
       open_quantity INT NOT NULL CHECK (open_quantity >= 0),
       PRIMARY KEY (transfer_id, sku)`,
    );
    await index("transfer_lines_open", "transfer_lines", "sku, destination_id, open_quantity");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
