/**
 * Receipts of one place in one status, in the order of their page: it reads what it shows, and none of the place's
 * other receipts.
 */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ddl } from "../../shared/db/migration.ts";

export class ReceiptsByPlace1767225600205 implements MigrationInterface {
  readonly name = "ReceiptsByPlace1767225600205";

  async up(runner: QueryRunner): Promise<void> {
    await ddl(runner).index("receipts_location_status", "receipts", "location_id, status, purchase_order_id");
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only: restore a backup instead.");
  }
}
