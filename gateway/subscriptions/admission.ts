/**
 * From a valid subscription to what the hub needs: which events concern it, where it goes on from, and with whom it may
 * share its executions.
 *
 * Two subscriptions share when their document, their variables and their callers' audience are the same; `after` does
 * not count, because it says where somebody begins and not what an event looks like. Knows the fields that are
 * streamed; the rules behind them stay with their owners.
 */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  getArgumentValues,
  getVariableValues,
  Kind,
  type SelectionSetNode,
  visit,
} from "graphql";
import { canonicalHash } from "../../shared/canonical-json.ts";
import { AppError } from "../../shared/errors.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import type { Identity } from "../../shared/identity.ts";
import { limits } from "../../shared/limits.ts";
import { type LogPosition, parseCursor } from "../../shared/log-cursor.ts";
import { audienceOf } from "../audience.ts";
import type { AdmittedSubscription } from "../context.ts";

export interface SubscriptionRequest {
  readonly query: string;
  readonly operationName?: string | undefined;
  readonly variables?: Record<string, unknown> | undefined;
}

export interface Admission {
  readonly request: SubscriptionRequest;
  /** The same for all who may share one execution. */
  readonly shareKey: string;
  /** The field that is streamed. */
  readonly field: string;
  /** What its owner is asked first: whoever may not ask that may not subscribe. */
  readonly question: SubscriptionRequest;
  readonly after: LogPosition | null;
  /** The items it names; null for every item. No event of another item matches. */
  readonly skus: readonly string[] | null;
  matches(event: AnyEvent): boolean;
  /** Where a result says what was available before: `[root, field]`, once for each name it goes by. */
  readonly previousAt: readonly (readonly [string, string])[];
}

type Arguments = {
  readonly skus?: readonly string[] | null;
  readonly locationIds?: readonly string[] | null;
  readonly channel?: string | null;
  readonly minimumPriority?: number | null;
  readonly after?: string | null;
};

interface Streamed {
  question(args: Arguments): SubscriptionRequest;
  /** Beside the items and places that are named. */
  concerns(args: Arguments): (event: AnyEvent) => boolean;
}

const streams: Readonly<Record<string, Streamed>> = {
  stockChanged: {
    question: ({ channel = null }) => ({
      query: "query ($channel: ID) { availability(skus: [], channel: $channel) { channel } }",
      variables: { channel },
    }),
    concerns: () => (event) => event.type === "availability.changed",
  },
  exceptionRaised: {
    question: () => ({ query: "{ exceptions(first: 1) { pageInfo { hasNextPage } } }" }),
    concerns:
      ({ minimumPriority }) =>
      (event) =>
        (event.type === "exception.raised" || event.type === "exception.escalated") &&
        event.data.priority >= (minimumPriority ?? 0),
  },
};

/** Fails with BAD_USER_INPUT, QUERY_TOO_COMPLEX. */
export function admitSubscription(
  subscription: AdmittedSubscription,
  request: SubscriptionRequest,
  identity: Identity,
): Admission {
  const { schema, operation, document } = subscription;
  const fragments = new Map(
    document.definitions.flatMap((d) => (d.kind === Kind.FRAGMENT_DEFINITION ? [[d.name.value, d] as const] : [])),
  );
  const [root] = fieldsOf(operation.selectionSet, fragments);
  const definition = root && schema.getSubscriptionType()?.getFields()[root.name.value];
  const streamed = root && streams[root.name.value];
  if (!definition || !streamed) {
    throw new AppError("BAD_USER_INPUT", { message: "The subscription asks for nothing that is streamed." });
  }
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], subscription.variables);
  if (!coerced.coerced) throw badInput(coerced.errors);
  const args = argumentsOf(() => getArgumentValues(definition, root, coerced.coerced) as Arguments);
  const shared = { ...coerced.coerced };
  const beginning = variableOnlyUsedForAfter(root, subscription);
  if (beginning !== null) delete shared[beginning];
  const { query, operationName } = request;
  return {
    request,
    shareKey: canonicalHash({ query, operationName: operationName ?? null, shared, audience: audienceOf(identity) }),
    field: root.name.value,
    question: streamed.question(args),
    after: args.after == null ? null : parseCursor(args.after),
    skus: args.skus ?? null,
    matches: filterOf(args, streamed.concerns(args)),
    previousAt: fieldsOf(root.selectionSet, fragments)
      .filter(({ name }) => name.value === "previousAvailableToSell")
      .map((field) => [responseKey(root), responseKey(field)] as const),
  };
}

function filterOf(
  { skus, locationIds }: Arguments,
  concerns: (event: AnyEvent) => boolean,
): (event: AnyEvent) => boolean {
  if (Math.max(skus?.length ?? 0, locationIds?.length ?? 0) > limits.subscriptionFilterMax) {
    const message = `A subscription may name ${limits.subscriptionFilterMax} SKUs and as many locations.`;
    throw new AppError("QUERY_TOO_COMPLEX", { message });
  }
  const wanted = skus == null ? null : new Set<string | null>(skus);
  const places = locationIds == null ? null : new Set<string | null>(locationIds);
  return (event) => concerns(event) && (wanted?.has(event.sku) ?? true) && (places?.has(event.locationId) ?? true);
}

function responseKey(field: FieldNode): string {
  return field.alias?.value ?? field.name.value;
}

/** The fields of a selection, its fragments in place: here every fragment is on the one type there is. */
function fieldsOf(
  selectionSet: SelectionSetNode | undefined,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): FieldNode[] {
  return (selectionSet?.selections ?? []).flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
    return fieldsOf(fragment?.selectionSet, fragments);
  });
}

/** The variable that says where to begin, if it says nothing else. */
function variableOnlyUsedForAfter(root: FieldNode, { document }: AdmittedSubscription): string | null {
  const value = root.arguments?.find(({ name }) => name.value === "after")?.value;
  if (value?.kind !== Kind.VARIABLE) return null;
  const name = value.name.value;
  let uses = 0;
  visit(document, {
    // Where a variable is declared is no use of it.
    VariableDefinition: () => false,
    Variable: (node) => {
      if (node.name.value === name) uses += 1;
    },
  });
  return uses === 1 ? name : null;
}

function argumentsOf<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw badInput([error as GraphQLError]);
  }
}

function badInput(errors: readonly GraphQLError[]): GraphQLError {
  const message = errors[0]?.message ?? "The variables do not fit.";
  return new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT" } });
}
