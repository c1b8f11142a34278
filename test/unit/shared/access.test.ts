/**
 * The access rules: who passes which, and what the others are told.
 *
 * That the rules stand on every way to a field is shown in `graphql/schema.test.ts`.
 */
import { describe, expect, it } from "vitest";
import { type AccessRule, assertAllowed } from "../../../shared/access.ts";
import { anonymous, type Identity, type Role } from "../../../shared/identity.ts";

const as = (...roles: Role[]): Identity => ({ ...anonymous, person: "walter", roles: new Set(roles) });

describe("an access rule", () => {
  it.each<[string, AccessRule, Identity]>([
    ["anyone lets anonymous callers in", "anyone", anonymous],
    ["person lets a person without roles in", "person", as()],
    ["a list lets each of its roles in", ["planner", "crm"], as("crm")],
    ["a list lets an admin in", ["planner"], as("admin")],
    ["an empty list lets an admin in", [], as("admin")],
  ])("%s", (_, rule, identity) => {
    expect(() => assertAllowed(rule, identity, "Query.product")).not.toThrow();
  });

  it.each<[AccessRule]>(["person", ["planner"], []].map((rule) => [rule as AccessRule]))(
    "%j asks an anonymous caller for a token",
    (rule) => {
      expect(() => assertAllowed(rule, anonymous, "Query.product")).toThrow(
        expect.objectContaining({ code: "UNAUTHENTICATED", message: "Query.product needs a bearer token." }),
      );
    },
  );

  it("tells a person without the role which roles it takes", () => {
    expect(() => assertAllowed(["planner", "manager"], as("crm", "auditor"), "Mutation.approve")).toThrow(
      expect.objectContaining({
        code: "FORBIDDEN",
        message: "Mutation.approve needs one of the roles planner, manager.",
      }),
    );
  });

  it("does not believe the role of a caller who is nobody", () => {
    const ghost: Identity = { ...anonymous, roles: new Set<Role>(["admin"]) };
    expect(() => assertAllowed("person", ghost, "Query.product")).toThrow(
      expect.objectContaining({ code: "UNAUTHENTICATED" }),
    );
  });
});
