/**
 * Every error the system can answer with, in one table.
 *
 * Domain and command code throws `AppError(code, details)` and nothing else; whatever else reaches the edge
 * is a bug and is answered as INTERNAL with an incident id. Knows nothing of HTTP or GraphQL.
 */

/** Who can do something about it: the caller, an operator, time itself, or the owner of a mapping. */
export type ErrorClass = "TRANSIENT" | "MAPPING" | "BUSINESS_RULE" | "DUPLICATE" | "SCHEMA" | "ACCESS" | "DEFECT";

interface ErrorRow {
  readonly class: ErrorClass;
  /** May the very same request succeed later without anybody changing anything? */
  readonly retryable: boolean;
  /** `request`: a top-level GraphQL error. `user`: a row of the payload's `userErrors`, or a reason beside a null. */
  readonly shown: "request" | "user";
  readonly message: string;
}

export const errorTable = {
  // ---- the whole request
  UNAUTHENTICATED: { class: "ACCESS", retryable: false, shown: "request", message: "A valid bearer token is needed." },
  IDENTITY_UNAVAILABLE: {
    class: "TRANSIENT",
    retryable: true,
    shown: "request",
    message: "Whether the bearer token is valid cannot be told now: its issuer does not answer.",
  },
  CALLER_UNSIGNED: {
    class: "ACCESS",
    retryable: false,
    shown: "request",
    message: "A subgraph answers calls signed by its gateway only.",
  },
  FORBIDDEN: { class: "ACCESS", retryable: false, shown: "request", message: "The caller's roles do not allow this." },
  UNSEEN: {
    class: "ACCESS",
    retryable: false,
    shown: "request",
    message: "A change that this caller is not told of. A gateway drops it: no subscriber ever gets this error.",
  },
  BAD_USER_INPUT: { class: "SCHEMA", retryable: false, shown: "request", message: "The request cannot be understood." },
  QUERY_TOO_COMPLEX: {
    class: "SCHEMA",
    retryable: false,
    shown: "request",
    message: "The query asks for more than one request may.",
  },
  QUERY_TOO_EXPENSIVE: {
    class: "SCHEMA",
    retryable: false,
    shown: "request",
    message: "The operation costs more than one operation may.",
  },
  SOURCE_UNAVAILABLE: {
    class: "TRANSIENT",
    retryable: true,
    shown: "request",
    message: "The system that owns this field does not answer.",
  },
  INTERNAL: { class: "DEFECT", retryable: false, shown: "request", message: "Something went wrong on our side." },
  GRAPHQL_PARSE_FAILED: {
    class: "SCHEMA",
    retryable: false,
    shown: "request",
    message: "The document does not parse.",
  },
  GRAPHQL_VALIDATION_FAILED: {
    class: "SCHEMA",
    retryable: false,
    shown: "request",
    message: "The document does not fit the schema.",
  },
  RATE_LIMITED: {
    class: "TRANSIENT",
    retryable: true,
    shown: "request",
    message: "More is asked for at once than one caller may.",
  },
  DOCUMENT_NOT_TRUSTED: {
    class: "ACCESS",
    retryable: false,
    shown: "request",
    message: "This gateway answers only the documents that were released with its clients.",
  },
  OVERLOADED: {
    class: "TRANSIENT",
    retryable: true,
    shown: "request",
    message: "There is more to do than can be done in time: come back in a moment.",
  },
  RESYNC_REQUIRED: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "request",
    message: "The cursor is too old, or of a stream that is gone: read the state again, then subscribe from there.",
  },
  PAYLOAD_TOO_LARGE: { class: "SCHEMA", retryable: false, shown: "request", message: "The request body is too large." },

  // ---- what the caller can put right
  IDEMPOTENCY_KEY_REUSED: {
    class: "DUPLICATE",
    retryable: false,
    shown: "user",
    message: "This idempotency key was used with another input.",
  },
  IDEMPOTENCY_IN_PROGRESS: {
    class: "DUPLICATE",
    retryable: true,
    shown: "user",
    message: "The first request with this idempotency key is still running.",
  },
  INVALID_INPUT: { class: "SCHEMA", retryable: false, shown: "user", message: "A value is not acceptable." },
  TOO_MANY_ITEMS: { class: "SCHEMA", retryable: false, shown: "user", message: "The list is longer than allowed." },
  UNKNOWN_SKU: { class: "MAPPING", retryable: false, shown: "user", message: "No such SKU." },
  UNKNOWN_LOCATION: { class: "MAPPING", retryable: false, shown: "user", message: "No such location." },
  UNKNOWN_CHANNEL: { class: "MAPPING", retryable: false, shown: "user", message: "No such channel." },
  DOCUMENT_EXISTS: {
    class: "DUPLICATE",
    retryable: false,
    shown: "user",
    message: "A document with this number exists already.",
  },
  UNKNOWN_DOCUMENT: { class: "BUSINESS_RULE", retryable: false, shown: "user", message: "No such document." },
  UOM_UNMAPPED: {
    class: "MAPPING",
    retryable: false,
    shown: "user",
    message: "The item has no factor for this unit of measure.",
  },
  UOM_INVALID_FACTOR: {
    class: "SCHEMA",
    retryable: false,
    shown: "user",
    message: "A unit's factor must be a positive fraction.",
  },
  QUANTITY_OUT_OF_RANGE: {
    class: "SCHEMA",
    retryable: false,
    shown: "user",
    message: "A quantity or balance lies outside ±2147483647 base units.",
  },
  QUANTITY_NOT_POSITIVE: {
    class: "SCHEMA",
    retryable: false,
    shown: "user",
    message: "The quantity must be positive.",
  },
  SNAPSHOT_MISMATCH: {
    class: "SCHEMA",
    retryable: false,
    shown: "user",
    message: "A snapshot's quantity must be the sum of its buckets.",
  },
  BUCKET_INVALID: {
    class: "SCHEMA",
    retryable: false,
    shown: "user",
    message: "This event cannot move stock between these buckets.",
  },
  EVENT_VERSION_UNKNOWN: {
    class: "SCHEMA",
    retryable: false,
    shown: "user",
    message: "The event is of a newer version than this one can read.",
  },
  EVENT_ID_REUSED: {
    class: "DUPLICATE",
    retryable: false,
    shown: "user",
    message: "This event id was used with another content.",
  },
  INSUFFICIENT_STOCK: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "There is not enough to promise.",
  },
  RESERVATION_EXPIRED: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "The reservation's time is over: its units are free again.",
  },
  ALLOCATION_EXCEEDED: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "More is given back than is still allocated.",
  },
  ORDER_LINE_EXISTS: {
    class: "DUPLICATE",
    retryable: false,
    shown: "user",
    message: "This order line is already allocated.",
  },
  COMPONENT_CYCLE: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "A kit cannot contain itself.",
  },
  ILLEGAL_TRANSITION: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "The document's status does not allow this.",
  },
  SAME_PERSON: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "The decision belongs to another person than the one who asked for it.",
  },
  CHANGE_FROM_QUANTITY_STALE: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "The bucket no longer holds what the request started from: count again.",
  },
  CONTENT_CHANGED: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "The document is not the one that was read before the decision: read it again.",
  },
  APPROVAL_TIER_TOO_LOW: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "Its value needs the approval of a higher tier.",
  },
  RETURN_EXCEEDED: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "More is received than was authorised.",
  },
  TRANSFER_EXCEEDED: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "More than the transfer has approved to ship, or has in transit to receive.",
  },

  // ---- reasons beside a null or a degraded answer
  SOURCE_STALE: {
    class: "TRANSIENT",
    retryable: true,
    shown: "user",
    message: "A source has not reported for a while.",
  },
  SOURCE_GAP: { class: "TRANSIENT", retryable: true, shown: "user", message: "Events of a source are missing." },
  NEGATIVE_ON_HAND: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "The warehouse reports less than nothing.",
  },
  NO_POSITION: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "No source has ever reported stock of this SKU here.",
  },
  SKU_INACTIVE: { class: "BUSINESS_RULE", retryable: false, shown: "user", message: "The item is no longer sold." },
  LOCATION_NOT_SELLABLE: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "Nothing is sold from this location.",
  },
  CHANNEL_NOT_ELIGIBLE: {
    class: "BUSINESS_RULE",
    retryable: false,
    shown: "user",
    message: "The policy does not let this channel sell this item from this location.",
  },

  // ---- start and infrastructure
  CONFIG_INVALID: { class: "DEFECT", retryable: false, shown: "request", message: "The configuration cannot be used." },
  COMPOSITION_FAILED: {
    class: "DEFECT",
    retryable: false,
    shown: "request",
    message: "The subgraphs do not compose into one supergraph.",
  },
  DEADLINE_EXCEEDED: { class: "TRANSIENT", retryable: true, shown: "request", message: "The work took too long." },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** `field`: path inside the mutation's input, as GraphQL clients expect it. Everything in `details` may be shown. */
export interface ErrorDetails {
  readonly message?: string;
  readonly field?: readonly string[];
  readonly [key: string]: unknown;
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(details.message ?? errorTable[code].message, options);
    this.name = "AppError";
    this.code = code;
    this.details = details;
  }

  get row(): ErrorRow {
    return errorTable[this.code];
  }
}

/** Can the caller put it right, so that it belongs into `userErrors`? */
export function isUserError(error: unknown): error is AppError {
  return error instanceof AppError && error.row.shown === "user";
}
