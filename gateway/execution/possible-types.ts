/**
 * Is an object of a type, as far as its `__typename` says?
 *
 * Of the supergraph's schema, which knows types that clients do not. Every answer is remembered; there are as many as
 * there are pairs of types.
 */
import { type GraphQLSchema, isAbstractType, isInterfaceType, isObjectType } from "graphql";
import type { Json } from "./merge.ts";

export interface PossibleTypes {
  /** `unnamed`: what holds of an object that does not say its type. */
  isOf(object: Json, condition: string, unnamed: boolean): boolean;
}

export function createPossibleTypes(schema: GraphQLSchema): PossibleTypes {
  const known = new Map<string, boolean>();

  function compute(typename: string, condition: string): boolean {
    const [type, wanted] = [schema.getType(typename), schema.getType(condition)];
    if (!type || !wanted || !isAbstractType(wanted)) return false;
    return (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(wanted, type);
  }

  return {
    isOf(object, condition, unnamed) {
      const typename = object["__typename"];
      if (!typename) return unnamed;
      if (typename === condition) return true;
      if (typeof typename !== "string") return false;
      // A type that nobody knows comes from a subgraph's answer: it is not remembered, or anything could be.
      if (!schema.getType(typename)) return false;
      const key = `${typename} ${condition}`;
      const answer = known.get(key) ?? compute(typename, condition);
      known.set(key, answer);
      return answer;
    },
  };
}
