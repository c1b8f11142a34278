/**
 * Where a client finds the errors of an owner.
 */
import { describe, expect, it } from "vitest";
import { ownerErrors } from "../../../../gateway/execution/errors.ts";

const whole = {
  lists: [
    [{ a: 1 }, null],
    [{ a: 2 }, { a: 3 }],
  ],
  one: { a: 4 },
};
const fetched = { serviceName: "erp", whole, path: ["lists", "@", "@"] };
const at = (...path: (string | number)[]) => ({ message: "no", path, extensions: { code: "NO" } });

describe("an owner's errors", () => {
  it("of an entity stand at its place, counted without the nulls and the entities that were not asked for", () => {
    const [error] = ownerErrors([at("_entities", 1, "b", "c")], { ...fetched, entitiesOf: [[0], [2]] });
    expect(error?.toJSON()).toEqual({
      message: "no",
      path: ["lists", 1, 1, "b", "c"],
      extensions: { code: "NO", serviceName: "erp" },
    });
  });

  it("of an entity that occurs several times stand at all its places, in their order", () => {
    const errors = [at("_entities", 0, "b"), at("_entities", 1, "b")];
    const told = ownerErrors(errors, { ...fetched, entitiesOf: [[0, 2], [1]] });
    expect(told.map((error) => error.path?.join("."))).toEqual(["lists.0.0.b", "lists.1.0.b", "lists.1.1.b"]);
  });

  it("of a field stand below where it was asked for; without a path they are everybody's", () => {
    const told = ownerErrors([at("b"), { message: "" }], { ...fetched, path: ["one"], entitiesOf: null });
    expect(told.map(({ path, message, extensions }) => [path, message, extensions["code"]])).toEqual([
      [["one", "b"], "no", "NO"],
      [undefined, `Error while fetching subquery from service "erp"`, "DOWNSTREAM_SERVICE_ERROR"],
    ]);
  });
});
