/**
 * What one document may ask for: depth and aliases, counted with its fragments in place.
 *
 * A validation rule, so a document is measured once and then remembered as valid. Runs after the rules of the
 * language and after the count of selections, so fragments neither form a cycle nor unfold without end.
 */
import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";

export interface QueryLimits {
  readonly queryDepthMax: number;
  readonly queryAliasesMax: number;
}

/** Reports QUERY_TOO_COMPLEX. */
export function createRequestLimits(limits: QueryLimits): (context: ValidationContext) => ASTVisitor {
  return (context) => ({
    Document(document) {
      const size = measure(document);
      const refuse = (what: string) =>
        context.reportError(new GraphQLError(what, { extensions: { code: "QUERY_TOO_COMPLEX" } }));
      if (size.depth > limits.queryDepthMax) {
        refuse(`The query is ${size.depth} fields deep; ${limits.queryDepthMax} are allowed.`);
      }
      if (size.aliases > limits.queryAliasesMax) {
        refuse(`The query has ${size.aliases} aliases; ${limits.queryAliasesMax} are allowed.`);
      }
    },
  });
}

/** Was the document refused for its size: by the rule above, or by the counts of the parser and the server? */
export function isTooComplex(error: GraphQLError): boolean {
  if (overLimit.test(error.message)) return true;
  const extensions = [error, error.originalError].map((e) => (e instanceof GraphQLError ? e.extensions : {}));
  return extensions.some(
    ({ code, validationErrorCode }) =>
      code === "QUERY_TOO_COMPLEX" || validationErrorCode === "MAX_RECURSIVE_SELECTIONS_EXCEEDED",
  );
}

/** graphql-js gives its own limits (tokens; comparisons of fields with one name) no code. */
const overLimit = /^Syntax Error: Document contains more tha\w \d+ tokens|^Validation aborted\.$/;

interface Size {
  readonly depth: number;
  readonly aliases: number;
}

function measure(document: DocumentNode): Size {
  const sizeOfFragment = new Map<string, Size>();

  function sizeOf(selectionSet: SelectionSetNode | undefined): Size {
    let depth = 0;
    let aliases = 0;
    for (const selection of selectionSet?.selections ?? []) {
      const inner =
        selection.kind === Kind.FRAGMENT_SPREAD ? fragment(selection.name.value) : sizeOf(selection.selectionSet);
      const isField = selection.kind === Kind.FIELD;
      depth = Math.max(depth, inner.depth + (isField ? 1 : 0));
      aliases += inner.aliases + (isField && selection.alias ? 1 : 0);
    }
    return { depth, aliases };
  }

  function fragment(name: string): Size {
    const known = sizeOfFragment.get(name);
    if (known) return known;
    const definition = document.definitions.find((d) => d.kind === Kind.FRAGMENT_DEFINITION && d.name.value === name);
    const size = sizeOf(definition && "selectionSet" in definition ? definition.selectionSet : undefined);
    sizeOfFragment.set(name, size);
    return size;
  }

  const sizes = document.definitions.map((d) => (d.kind === Kind.OPERATION_DEFINITION ? sizeOf(d.selectionSet) : none));
  return { depth: Math.max(0, ...sizes.map((s) => s.depth)), aliases: sizes.reduce((sum, s) => sum + s.aliases, 0) };
}

const none: Size = { depth: 0, aliases: 0 };
