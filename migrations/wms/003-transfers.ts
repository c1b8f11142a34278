/**
 * What the warehouses know of transfers: of each line what was approved and what has happened to it, and whose hands
 * the goods went through.
 *
 * A line may begin with a fact or with its approval; what is not known yet is NULL. The numbers may be below zero while
 * facts are on their way.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class WmsTransfers1767225600203 implements MigrationInterface {
  readonly name = "WmsTransfers1767225600203";

  async up(runner: QueryRunner): Promise<void> {
    const { table } = ddl(runner);
    await table(
      "transfer_lines",
      `transfer_id VARCHAR(128) NOT NULL,
       sku VARCHAR(64) NOT NULL,
       line VARCHAR(128) NULL,
       origin_id VARCHAR(64) NULL,
       destination_id VARCHAR(64) NULL,
       approved INT NOT NULL,
       withdrawn SMALLINT NOT NULL CHECK (withdrawn IN (0, 1)),
       picked INT NOT NULL,
       shipped INT NOT NULL,
       received INT NOT NULL,
       settled INT NOT NULL,
       written_off INT NOT NULL,
       PRIMARY KEY (transfer_id, sku)`,
    );
    await table(
      "transfer_hands",
      `transfer_id VARCHAR(128) NOT NULL,
       act VARCHAR(16) NOT NULL CHECK (act IN ('SHIPMENT', 'RECEIPT')),
       person VARCHAR(128) NOT NULL,
       PRIMARY KEY (transfer_id, act, person)`,
    );
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
