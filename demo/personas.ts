/**
 * The people and connectors of the demo, each with the token they would have.
 *
 * The planner who proposes a policy and the manager who approves it are two persons on purpose. Holds no secrets:
 * whoever has the signing secret turns a persona into a token with `issueToken`.
 */
import type { TokenRequest } from "../shared/identity.ts";

export interface Persona extends TokenRequest {
  /** What the banner and the docs call them. */
  readonly title: string;
}

export const personas = {
  storefront: { title: "web shop", person: "web-shop", roles: ["storefront"], channels: ["WEB"] },
  crm: { title: "sales desk in the CRM", person: "carla.nunes", roles: ["crm"] },
  portal: {
    title: "B2B portal of Grand Hotels",
    person: "grand-hotels",
    roles: ["portal"],
    accounts: ["GRAND-HOTELS"],
    channels: ["B2B"],
  },
  planner: { title: "planner", person: "petra.lindqvist", roles: ["planner"] },
  manager: { title: "supply chain manager", person: "marek.wolski", roles: ["manager"] },
  warehouse: { title: "warehouse lead", person: "wendy.oduya", roles: ["warehouse"] },
  returnsDesk: { title: "returns desk", person: "rosa.tan", roles: ["returns-desk"] },
  erp: { title: "ERP connector", person: "erp-connector", roles: ["connector-erp"] },
  wms: { title: "WMS connector", person: "wms-connector", roles: ["connector-wms"] },
} as const satisfies Record<string, Persona>;

export type PersonaId = keyof typeof personas;
