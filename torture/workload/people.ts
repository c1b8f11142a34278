/**
 * Who takes part in a run, and with which roles. Duties are separate, as the rules ask for.
 *
 * Every token is made by the run itself; none outlives it.
 */
import type { Role } from "../../shared/identity.ts";

export const people: Readonly<Record<string, readonly Role[]>> = {
  connector: ["connector-erp", "connector-wms", "planner", "returns-desk"],
  "web-shop": ["storefront"],
  paula: ["portal"],
  petra: ["planner"],
  sam: ["warehouse"],
  rosa: ["warehouse"],
  sven: ["supervisor", "manager", "controller"],
};
