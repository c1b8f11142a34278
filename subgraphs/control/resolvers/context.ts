/**
 * What the resolvers of `control` have for one operation.
 *
 * Only the type: it is made in `subgraph.ts`.
 */
import type { ResolverContext } from "../../../shared/graphql/schema.ts";
import type { Loaders } from "../loaders.ts";

export interface ControlContext extends ResolverContext {
  readonly loaders: Loaders;
}
