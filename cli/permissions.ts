/**
 * npm run permissions: writes docs/permissions.md, who may do what by role, from the access tables of all subgraphs.
 *
 * Needs no database and no running process. A test fails while the page is not what the tables say.
 */
import { writeFileSync } from "node:fs";
import { runMain } from "../shared/lifecycle.ts";
import * as availability from "../subgraphs/availability/access.ts";
import * as control from "../subgraphs/control/access.ts";
import * as erp from "../subgraphs/erp/access.ts";
import * as returns from "../subgraphs/returns/access.ts";
import * as wms from "../subgraphs/wms/access.ts";
import { permissionPage } from "./permission-table.ts";

runMain(async () => {
  const tables = { erp, wms, returns, availability, control };
  const owners = Object.entries(tables).map(([name, { access, notes }]) => ({ name, access, notes }));
  const file = new URL("../docs/permissions.md", import.meta.url);
  writeFileSync(file, permissionPage(owners));
  process.stdout.write("docs/permissions.md\n");
});
