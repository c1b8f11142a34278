/**
 * Who may do what: one table a subgraph, field by field, enforced where the data lives.
 *
 * A rule stands on a field, so it holds on every way to it: a query, an entity reference, an alias. A root field
 * without a rule is refused at start, not left open.
 */
import { AppError } from "./errors.ts";
import type { Identity, Role } from "./identity.ts";

/** `anyone` includes anonymous callers; `person` is any authenticated caller; a list names roles. */
export type AccessRule = "anyone" | "person" | readonly Role[];

/** Rules by `Type.field`. */
export type AccessTable = Readonly<Record<string, AccessRule>>;

/** Fails with UNAUTHENTICATED (nobody), FORBIDDEN (somebody else). */
export function assertAllowed(rule: AccessRule, identity: Identity, what: string): void {
  if (rule === "anyone") return;
  if (identity.person === null) {
    throw new AppError("UNAUTHENTICATED", { message: `${what} needs a bearer token.` });
  }
  if (rule === "person" || identity.roles.has("admin")) return;
  if (rule.some((role) => identity.roles.has(role))) return;
  throw new AppError("FORBIDDEN", { message: `${what} needs one of the roles ${rule.join(", ")}.` });
}
