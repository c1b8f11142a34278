/**
 * What an owner is told of entities: each once, none that it could not know, and all that it needs.
 */
import type { QueryPlanSelectionNode } from "@apollo/query-planner";
import { buildSchema } from "graphql";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../../gateway/execution/merge.ts";
import { createPossibleTypes } from "../../../../gateway/execution/possible-types.ts";
import { compileRepresent } from "../../../../gateway/execution/representations.ts";
import { compileRewrites } from "../../../../gateway/execution/rewrites.ts";

const types = createPossibleTypes(
  buildSchema(`type Query { a: Media } interface Media { id: ID } type Book implements Media { id: ID size: Size }
    type Movie implements Media { id: ID } type Size { w: Int }`),
);
const field = (name: string, ...selections: QueryPlanSelectionNode[]): QueryPlanSelectionNode => ({
  kind: "Field",
  name,
  ...(selections.length > 0 ? { selections } : {}),
});
const on = (typeCondition: string, ...selections: QueryPlanSelectionNode[]): QueryPlanSelectionNode => ({
  kind: "InlineFragment",
  typeCondition,
  selections,
});
const entity = (typename: string, id: string | null, more: Json = {}) => ({ __typename: typename, id, ...more });
const keyed = on("Book", field("__typename"), field("id"));

describe("representations", () => {
  it("name each entity once, and remember everywhere it occurs", () => {
    const represent = compileRepresent([keyed], null, types);
    const books = ["1", "2", "1", "1"].map((id) => entity("Book", id, { title: "not asked for" }));
    const { values, text, entitiesOf } = represent(books);
    expect(values).toEqual([entity("Book", "1"), entity("Book", "2")]);
    expect(JSON.parse(text)).toEqual(values);
    expect(entitiesOf).toEqual([[0, 2, 3], [1]]);
  });

  it("leave out entities of other types, and those that lack what is needed; null is something", () => {
    const represent = compileRepresent([on("Book", field("__typename"), field("size", field("w")))], null, types);
    const { values, entitiesOf } = represent([
      entity("Movie", "1"),
      entity("Book", "2"),
      entity("Book", "3", { size: null }),
      entity("Book", "4", { size: { w: 1, h: 2 } }),
    ]);
    expect(values).toEqual([
      { __typename: "Book", size: null },
      { __typename: "Book", size: { w: 1 } },
    ]);
    expect(entitiesOf).toEqual([[2], [3]]);
  });

  it("of an interface fit every type of it, and stay apart by type when they look the same to the owner", () => {
    const path = ["... on Media", "__typename"];
    const rewrite = compileRewrites([{ kind: "ValueSetter", path, setValueTo: "Media" }], types);
    const represent = compileRepresent([on("Media", field("__typename"), field("id"))], rewrite, types);
    const { values, entitiesOf } = represent([entity("Book", "1"), entity("Movie", "1"), entity("Book", "1")]);
    expect(values).toEqual([entity("Media", "1"), entity("Media", "1")]);
    expect(entitiesOf).toEqual([[0, 2], [1]]);
  });
});

describe("a rewrite", () => {
  it("gives a field its other name, in lists and in objects of that type only", () => {
    const path = ["items", "... on Book", "size__alias"];
    const rewrite = compileRewrites([{ kind: "KeyRenamer", path, renameKeyTo: "size" }], types);
    const answer = { items: [entity("Book", "1", { size__alias: 3 }), entity("Movie", "2", { size__alias: 4 }), null] };
    rewrite(answer);
    expect(JSON.parse(JSON.stringify(answer))).toEqual({
      items: [entity("Book", "1", { size: 3 }), entity("Movie", "2", { size__alias: 4 }), null],
    });
  });
});
