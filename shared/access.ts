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

/** What is asked besides the role, where no table can say it, by the same names; in words, for docs/permissions.md. */
export type AccessNotes = Readonly<Record<string, string>>;

/** Fails with UNAUTHENTICATED (nobody), FORBIDDEN (somebody else). */
export function assertAllowed(rule: AccessRule, identity: Identity, what: string): void {
  if (isAllowed(rule, identity)) return;
  if (identity.person === null) {
    throw new AppError("UNAUTHENTICATED", { message: `${what} needs a bearer token.` });
  }
  throw new AppError("FORBIDDEN", {
    message: `${what} needs one of the roles ${(rule as readonly Role[]).join(", ")}.`,
  });
}

/** What the rule says of a caller. */
export function isAllowed(rule: AccessRule, identity: Identity): boolean {
  if (rule === "anyone") return true;
  if (identity.person === null) return false;
  return rule === "person" || identity.roles.has("admin") || rule.some((role) => identity.roles.has(role));
}
