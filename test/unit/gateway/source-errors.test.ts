/**
 * Which fields an unanswered call leaves null, read from the call's own document.
 */
import { parse } from "graphql";
import { describe, expect, it } from "vitest";
import { sourceErrors } from "../../../gateway/source-errors.ts";

function paths(document: string, variables: Record<string, unknown> = {}): unknown[] {
  return sourceErrors("wms", parse(document), variables).map((error) => error.path);
}

const entities = (...typeNames: string[]) => ({ representations: typeNames.map((name) => ({ __typename: name })) });

describe("the fields of an owner that does not answer", () => {
  it("are the root fields, by the name under which the client asked", () => {
    expect(paths("{ __typename adjustments: adjustment(id: 1) { id } counts { id } }")).toEqual([
      ["adjustments"],
      ["counts"],
    ]);
  });

  it("are the fields of each entity, at its index", () => {
    const document = `query($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on StockPosition { __typename physical { onHand } movements { id } } }
    }`;
    expect(paths(document, entities("StockPosition", "StockPosition"))).toEqual([
      ["_entities", 0, "physical"],
      ["_entities", 0, "movements"],
      ["_entities", 1, "physical"],
      ["_entities", 1, "movements"],
    ]);
  });

  it("are found behind named and nested fragments, each for its own type and once", () => {
    const document = `query($representations: [_Any!]!) {
      _entities(representations: $representations) { ...F ... on Location { bins } ... on StockPosition { physical { dock } } }
    }
    fragment F on StockPosition { ... @include(if: true) { physical { onHand } } }`;
    expect(paths(document, entities("Location", "StockPosition"))).toEqual([
      ["_entities", 0, "bins"],
      ["_entities", 1, "physical"],
    ]);
  });

  it("without a document there is one error without a place", () => {
    expect(sourceErrors("wms", undefined, undefined)).toEqual([
      {
        message: "The system that owns this field does not answer.",
        extensions: { code: "SOURCE_UNAVAILABLE", service: "wms" },
      },
    ]);
  });
});
