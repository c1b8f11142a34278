/**
 * The command line of `npm run bench`.
 *
 * Pure: words in, options or a complaint out. Fails with INVALID_INPUT.
 */
import { parseArgs } from "node:util";
import { AppError } from "../shared/errors.ts";

export interface Options {
  /** Names of scenarios; null for all. */
  readonly only: readonly string[] | null;
  readonly seconds: number;
  readonly positions: number;
  readonly positionsLarge: number;
  readonly crowd: number;
  readonly peers: boolean;
  /** The scenario whose gateway is profiled. */
  readonly profile: string | null;
  readonly help: boolean;
}

export function usageText(names: readonly string[]): string {
  return `usage: npm run bench -- [options]

  --only A,B       only these: ${names.join(", ")}
  --seconds N      of each counted round of load (5)
  --positions N    in the data, an even number (10000)
  --large N        positions that growth is measured up to (1000000)
  --crowd N        the part of the callers and sockets that goals ask for, e.g. 0.1 on a busy machine (1);
                   leaves those goals open
  --no-peers       measure this project and the raw server alone
  --profile NAME   leave a CPU profile of the gateway in this scenario, and print where its time went
`;
}

export function parseOptions(argv: readonly string[], names: readonly string[]): Options {
  const values = parse(argv, names);
  const profile = values.profile ?? null;
  const only = values.only?.split(",") ?? (profile === null ? null : [profile]);
  for (const name of [...(only ?? []), ...(profile === null ? [] : [profile])]) {
    if (!names.includes(name)) throw invalid(`No such scenario: ${name}.\n\n${usageText(names)}`);
  }
  return {
    only,
    profile,
    seconds: numberOf("--seconds", values.seconds, 0.1, 600),
    positions: evenOf("--positions", values.positions),
    positionsLarge: evenOf("--large", values.large),
    crowd: numberOf("--crowd", values.crowd, 0.001, 1),
    peers: !values["no-peers"],
    help: values.help,
  };
}

function parse(argv: readonly string[], names: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: "string" },
        seconds: { type: "string", default: "5" },
        positions: { type: "string", default: "10000" },
        large: { type: "string", default: "1000000" },
        crowd: { type: "string", default: "1" },
        "no-peers": { type: "boolean", default: false },
        profile: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw invalid(`${error instanceof Error ? error.message : String(error)}\n\n${usageText(names)}`);
  }
}

function numberOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!(value >= min && value <= max)) throw invalid(`${name}: a number from ${min} to ${max}, not "${text}".`);
  return value;
}

/** Each SKU is at two locations. */
function evenOf(name: string, text: string): number {
  const value = numberOf(name, text, 100, 10_000_000);
  if (!Number.isInteger(value / 2)) throw invalid(`${name}: an even number, not "${text}".`);
  return value;
}

function invalid(message: string): AppError {
  return new AppError("INVALID_INPUT", { message });
}
