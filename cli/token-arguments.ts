/**
 * The arguments of `npm run token`, read into what a token is to say.
 *
 * Whatever is wrong is refused with a message for the person at the terminal; nothing is guessed or left out.
 */
import { parseArgs } from "node:util";
import { AppError } from "../shared/errors.ts";
import { type Role, roles, type TokenRequest } from "../shared/identity.ts";

const usage = `npm run token -- --person NAME --roles a,b [--accounts X,Y] [--channels WEB] [--days 30]
Roles: ${roles.join(", ")}.`;
const daysMax = 3_650;

/** Fails with INVALID_INPUT. */
export function toTokenRequest(args: readonly string[]): TokenRequest {
  const { person, roles: names, accounts, channels, days } = parseOptions(args);
  if (!person || !names) throw invalid(`--person and --roles are needed.\n${usage}`);
  const lifeDays = Number(days);
  if (!Number.isInteger(lifeDays) || lifeDays < 1 || lifeDays > daysMax) {
    throw invalid(`--days must be a whole number from 1 to ${daysMax}.`);
  }
  return {
    person,
    roles: toList(names).map(toRole),
    ttlS: lifeDays * 24 * 3_600,
    ...(accounts ? { accounts: toList(accounts) } : {}),
    ...(channels ? { channels: toList(channels) } : {}),
  };
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        person: { type: "string" },
        roles: { type: "string" },
        accounts: { type: "string" },
        channels: { type: "string" },
        days: { type: "string", default: "30" },
      },
    }).values;
  } catch (error) {
    throw invalid(`${(error as Error).message}\n${usage}`);
  }
}

function toList(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.includes("")) throw invalid(`"${text}" must be names with commas between them.`);
  return items;
}

function toRole(name: string): Role {
  const role = roles.find((known) => known === name);
  if (!role) throw invalid(`No such role: ${name}.\n${usage}`);
  return role;
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { message });
}
