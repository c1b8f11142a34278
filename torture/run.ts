/**
 * npm run torture: faults for minutes, then a verdict per invariant; exit code 1 when one is broken.
 *
 * Everything it harms it has started itself: processes, a MariaDB, a Redis, with data in a temporary directory.
 */
import { AppError } from "../shared/errors.ts";
import { runMain } from "../shared/lifecycle.ts";
import { isBroken, verdictLines } from "./checks/verdict.ts";
import { parseOptions, usageText } from "./options.ts";
import { missingServer } from "./servers.ts";
import { type Outcome, torture } from "./torture.ts";
import { createWorld } from "./world.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);

function figures({ faults, writes, attempts, changes, backMs }: Outcome): string[] {
  const longest = Math.max(0, ...backMs) / 1_000;
  const outcomes = Object.entries(attempts).map(([outcome, count]) => `${outcome} ${count}`);
  return [
    `${faults} faults, back after ${longest.toFixed(1)} s at most; ${writes} writes, ${changes} changes told`,
    `attempts: ${outcomes.join(", ")}`,
  ];
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), Math.floor(Math.random() * 1_000_000));
  if (options.help) {
    process.stdout.write(usageText);
    return 0;
  }
  const missing = missingServer();
  if (missing) throw new AppError("CONFIG_INVALID", { message: `${missing} is needed and is not installed.` });
  const { seed, minutes, topology, rolling } = options;
  const switches = `${topology === "whole" ? " --whole" : ""}${rolling ? " --rolling" : ""}`;
  const again = `npm run torture -- --minutes ${minutes} --seed ${seed}${switches}`;
  say(`seed ${seed}: ${again}`);
  const world = await createWorld({ topology, isRolling: rolling });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void world.remove().finally(() => process.exit(1)));
  }
  try {
    const outcome = await torture(world, { seed, forMs: minutes * 60_000, isRolling: rolling, say });
    for (const line of [...figures(outcome), "", ...verdictLines(outcome.findings)]) say(line);
    if (isBroken(outcome.findings)) {
      say(`\nBROKEN; once more: ${again}`);
    }
    return isBroken(outcome.findings) ? 1 : 0;
  } finally {
    await world.remove();
  }
}

// Clients of a system that is gone would hold the process for a while.
runMain(async () => process.exit(await main()));
