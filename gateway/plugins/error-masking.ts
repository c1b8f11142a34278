/**
 * What a client may know of an error: codes of the error table as they are, everything else as INTERNAL.
 *
 * An INTERNAL error carries an incident id under which the log has the cause and the correlation id. The owner of the
 * field stands in `extensions.service`. Stack traces leave neither from here nor from a subgraph that sends its own.
 */
import { randomUUID } from "node:crypto";
import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import type { RequestContext } from "../../shared/command.ts";
import { errorTable } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logging.ts";
import { storyOf } from "../../shared/traceparent.ts";
import { isTooComplex } from "./request-limits.ts";

export interface ErrorMasking {
  /** Logs a defect while it is still known whose request it broke. */
  readonly plugin: ApolloServerPlugin<RequestContext>;
  formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError;
}

export function createErrorMasking(log: Logger): ErrorMasking {
  const incidents = new WeakMap<object, string>();

  function incidentOf(error: object, context?: RequestContext): string {
    let incidentId = incidents.get(error);
    if (!incidentId) {
      incidentId = randomUUID();
      incidents.set(error, incidentId);
      const { cause, path } = causeOf(error);
      log.error({ error: cause, incidentId, path, ...(context && storyOf(context)) }, "internal error");
    }
    return incidentId;
  }

  return {
    plugin: {
      async requestDidStart() {
        return {
          async didEncounterErrors({ errors, contextValue }) {
            for (const error of errors) {
              if (codeOf(error) === "INTERNAL" && !reportedBySubgraph(error)) {
                incidentOf(error, contextValue);
              }
            }
          },
        };
      },
      async unexpectedErrorProcessingRequest({ error, requestContext }) {
        incidentOf(error, requestContext.contextValue);
      },
    },
    formatError(formatted, thrown) {
      const error = thrown instanceof GraphQLError ? thrown : new GraphQLError(formatted.message);
      const code = codeOf(error);
      const { serviceName } = error.extensions;
      const service = typeof serviceName === "string" ? { service: serviceName } : {};
      const place = {
        ...(formatted.locations ? { locations: formatted.locations } : {}),
        ...(formatted.path ? { path: formatted.path } : {}),
      };
      if (code !== "INTERNAL") {
        const details = Object.entries(error.extensions).filter(([name]) => !hidden.has(name));
        return {
          message: formatted.message,
          ...place,
          extensions: { ...service, ...Object.fromEntries(details), code },
        };
      }
      const incidentId = reportedBySubgraph(error) ?? incidentOf(error);
      return { message: errorTable.INTERNAL.message, ...place, extensions: { ...service, code, incidentId } };
    },
  };
}

/** Between the parts of the server, or a stack trace under one of its names. */
const hidden = new Set(["http", "serviceName", "validationErrorCode", "stacktrace", "exception"]);

/** Codes of Apollo's own that our table has another name for. */
const renamed: Readonly<Record<string, string>> = {
  BAD_REQUEST: "BAD_USER_INPUT",
  OPERATION_RESOLUTION_FAILURE: "BAD_USER_INPUT",
};
/** Part of a protocol between client libraries and servers: they look for exactly this code. */
const passed = new Set(["PERSISTED_QUERY_NOT_FOUND"]);
/** What servers say when they have nothing to say. */
const meaningless = new Set(["INTERNAL_SERVER_ERROR", "DOWNSTREAM_SERVICE_ERROR"]);

function codeOf(error: GraphQLError): string {
  if (isTooComplex(error)) return "QUERY_TOO_COMPLEX";
  // A gateway's executor may report an error that graphql-js has never seen.
  const { code, serviceName } = error.extensions ?? {};
  if (typeof code !== "string") return isAboutVariables(error) || isRefusal(error) ? "BAD_USER_INPUT" : "INTERNAL";
  if (serviceName !== undefined) {
    // The gateway wrote the document that the subgraph refused, so the caller is not to blame.
    return code.startsWith("GRAPHQL_") || meaningless.has(code) ? "INTERNAL" : code;
  }
  const known = renamed[code] ?? code;
  return known in errorTable || passed.has(known) ? known : "INTERNAL";
}

/** Apollo Server refuses a request with a status and no code, e.g. a hash of another document. */
function isRefusal({ extensions }: Partial<GraphQLError>): boolean {
  const status = (extensions?.["http"] as { status?: unknown } | undefined)?.status;
  return typeof status === "number" && status >= 400 && status < 500;
}

/** graphql-js gives up after fifty wrong variables, with an error that carries neither node nor code. */
function isAboutVariables(error: GraphQLError): boolean {
  return error.message.startsWith("Too many errors processing variables");
}

function reportedBySubgraph(error: GraphQLError): string | undefined {
  const { incidentId, serviceName } = error.extensions ?? {};
  return serviceName !== undefined && typeof incidentId === "string" ? incidentId : undefined;
}

function causeOf(error: object): { cause: unknown; path?: GraphQLError["path"] } {
  if (!(error instanceof GraphQLError)) return { cause: error };
  const { originalError, path, message, extensions } = error;
  // An error that came as JSON from a subgraph has no stack; what it said is all there is.
  return { cause: originalError instanceof Error ? originalError : { message, extensions }, path };
}
