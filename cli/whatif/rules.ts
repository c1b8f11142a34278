/**
 * The rules that a day is judged by: those in force, and those of a file that says what should change of them.
 *
 * What the file leaves out stays as it is. Channels and exceptions are changed in the words of `setChannelPolicy` and
 * `setExceptionPolicy`, and checked as these check them; a member that nobody knows is refused, never ignored. Nothing is proposed to anybody.
 */
import { buildSchema, coerceInputValue, type GraphQLInputType } from "graphql";
import { AppError } from "../../shared/errors.ts";
import { readSdl } from "../../shared/graphql/subgraph.ts";
import { limits } from "../../shared/limits.ts";
import type { Policy } from "../../subgraphs/availability/domain/policy.ts";
import {
  applyPolicyChange,
  type PolicyChangeInput,
  parsePolicyChange,
} from "../../subgraphs/availability/domain/policy-change.ts";
import {
  changePolicy,
  type ExceptionPolicy,
  type PolicyChange,
} from "../../subgraphs/control/domain/exception-policy.ts";
import { type Tolerance, type Tolerances, tolerancesInForce } from "../../subgraphs/wms/domain/adjustment-policy.ts";

export interface Rules {
  readonly channels: Policy;
  readonly tolerances: Tolerances;
  /** Whole units of the company's currency: up to this worth who asks for a transfer may approve it as well. */
  readonly selfApprovalValueMax: number;
  readonly exceptions: ExceptionPolicy;
}

/** What is in force beside these two policies stands in the program. */
export function rulesInForce({ channels, exceptions }: Pick<Rules, "channels" | "exceptions">): Rules {
  return {
    channels,
    exceptions,
    tolerances: tolerancesInForce,
    selfApprovalValueMax: limits.transferSelfApprovalValueMax,
  };
}

/** `text`: a JSON object of `channels`, `adjustments`, `transfers` and `exceptions`. Fails with INVALID_INPUT. */
export function changedRules(before: Rules, text: string): Rules {
  const file = asObject(parseJson(text), "policy");
  only(file, ["channels", "adjustments", "transfers", "exceptions"], "policy");
  const changes = file["channels"] ?? [];
  if (!Array.isArray(changes)) throw invalid("channels must be a list.");
  return {
    channels: changes.map(channelChange).reduce((policy, change) => {
      return applyPolicyChange(policy, parsePolicyChange(change), policy.version + 1);
    }, before.channels),
    tolerances: changedTolerances(before.tolerances, asObject(file["adjustments"] ?? {}, "adjustments")),
    selfApprovalValueMax: changedTransfers(before.selfApprovalValueMax, asObject(file["transfers"] ?? {}, "transfers")),
    exceptions: changedExceptions(before.exceptions, file["exceptions"]),
  };
}

/** As the API would read it. */
function channelChange(value: unknown, index: number): PolicyChangeInput {
  const input = { idempotencyKey: "what-if", ...asObject(value, `channels.${index}`) };
  return coerce("availability", "SetChannelPolicyInput", input, `channels.${index}`) as PolicyChangeInput;
}

function changedExceptions(before: ExceptionPolicy, value: unknown): ExceptionPolicy {
  if (value === undefined) return before;
  const input = { idempotencyKey: "what-if", ...asObject(value, "exceptions") };
  const change = coerce("control", "SetExceptionPolicyInput", input, "exceptions") as PolicyChange;
  return changePolicy(before, change, before.version + 1);
}

function coerce(system: string, name: string, input: unknown, where: string): unknown {
  const sdl = readSdl(new URL(`../../subgraphs/${system}/`, import.meta.url).href);
  const type = buildSchema(sdl, { assumeValid: true, assumeValidSDL: true }).getType(name) as GraphQLInputType;
  return coerceInputValue(input, type, (path, _value, error) => {
    throw invalid(`${[where, ...path].join(".")}: ${error.message}`);
  });
}

function changedTolerances(before: Tolerances, change: Readonly<Record<string, unknown>>): Tolerances {
  const after: Record<string, Tolerance> = { ...before };
  only(change, Object.keys(before), "adjustments");
  for (const [itemClass, value] of Object.entries(change)) {
    const where = `adjustments.${itemClass}`;
    const members = asObject(value, where);
    only(members, ["quantity", "percent", "value"], where);
    for (const [name, limit] of Object.entries(members)) whole(limit, `${where}.${name}`);
    after[itemClass] = { ...(after[itemClass] as Tolerance), ...members };
  }
  return after as Tolerances;
}

function changedTransfers(before: number, change: Readonly<Record<string, unknown>>): number {
  only(change, ["selfApprovalValueMax"], "transfers");
  const { selfApprovalValueMax = before } = change;
  return whole(selfApprovalValueMax, "transfers.selfApprovalValueMax");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`The policy is not JSON: ${(error as Error).message}`);
  }
}

function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`${where} must be an object.`);
}

function only(value: object, known: readonly string[], where: string): void {
  const unknown = Object.keys(value).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw invalid(`${where} has no ${unknown.join(", ")}. Known: ${known.join(", ")}.`);
}

function whole(value: unknown, where: string): number {
  if (Number.isInteger(value) && (value as number) >= 0) return value as number;
  throw invalid(`${where} must be a whole number, 0 or more.`);
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { message });
}
