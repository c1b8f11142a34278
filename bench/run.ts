/**
 * npm run bench: measures the goals P1–P10 side by side with other products, and says which are met.
 *
 * The table goes to stdout, progress to stderr. A goal that cannot be measured in this build is left out with the
 * reason; nothing is estimated. See `README.md` beside this file.
 */
import { runMain } from "../shared/lifecycle.ts";
import { findServices } from "../test/helpers/find-services.ts";
import { loadFromProcess } from "./load.ts";
import { type Options, parseOptions, usageText } from "./options.ts";
import { installPeers } from "./peers/installed.ts";
import { printProfile, profileArguments } from "./profile.ts";
import { describeMachine, type Result, toResult, writeReport } from "./report.ts";
import type { Bench, Scenario } from "./scenario.ts";
import { unmeasured } from "./scenario.ts";
import { cold } from "./scenarios/cold.ts";
import { federated } from "./scenarios/federated.ts";
import { growth } from "./scenarios/growth.ts";
import { hot } from "./scenarios/hot.ts";
import { intake } from "./scenarios/intake.ts";
import { push } from "./scenarios/push.ts";
import { reserve } from "./scenarios/reserve.ts";
import { staleness } from "./scenarios/staleness.ts";
import { start } from "./scenarios/start.ts";
import { warm } from "./scenarios/warm.ts";
import { resultsTable } from "./table.ts";
import { createWorld, type World, worldKind } from "./world.ts";

const scenarios: readonly Scenario[] = [hot, warm, cold, federated, push, reserve, intake, growth, start, staleness];

const say = (line: string) => process.stderr.write(`${line}\n`);

async function measureAll(options: Options): Promise<void> {
  const services = await findServices();
  const system = worldKind(services) === "servers" ? "MySQL/MariaDB and Redis" : "SQLite and memory";
  say(`measured on ${system}; rounds of ${options.seconds} s`);
  const nodeArguments = options.profile === null ? [] : profileArguments();
  const worlds = new Set<Promise<World>>();
  const newWorld: Bench["newWorld"] = (more) => {
    const world = createWorld({ services, nodeArguments, say, ...more });
    worlds.add(world);
    return world;
  };
  const removeWorlds = async () => {
    for (const world of worlds) await (await world.catch(() => undefined))?.remove();
  };
  // Interrupted, it still takes its databases with it; its processes end with this one.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void removeWorlds().finally(() => process.exit(1)));
  }
  let shared: Promise<World> | undefined;
  const bench: Bench = {
    ...options,
    load: loadFromProcess,
    say,
    newWorld,
    world: () => {
      shared ??= newWorld({ positions: options.positions });
      return shared;
    },
  };
  const results: Result[] = [];
  try {
    for (const scenario of scenarios.filter(({ name }) => options.only?.includes(name) ?? true)) {
      say(`${scenario.goal} ${scenario.name}`);
      results.push(await measure(scenario, bench));
    }
  } finally {
    await removeWorlds();
  }
  const { seconds, positions } = options;
  const measuredAt = new Date().toISOString();
  const files = writeReport({ machine: describeMachine(), measuredAt, system, seconds, positions, results });
  process.stdout.write(`\n${resultsTable(results)}\n${files.join("\n")}\n`);
  if (options.profile !== null) process.stdout.write(printProfile());
}

/** A scenario that breaks costs its own row and not the others'. */
async function measure(scenario: Scenario, bench: Bench): Promise<Result> {
  try {
    return toResult(scenario.goal, scenario.name, await scenario.run(bench));
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    const reason = error instanceof Error ? error.message : String(error);
    return toResult(scenario.goal, scenario.name, unmeasured(`failed: ${reason}`));
  }
}

runMain(async () => {
  const names = scenarios.map(({ name }) => name);
  const options = parseOptions(process.argv.slice(2), names);
  if (options.help) {
    process.stdout.write(usageText(names));
    return;
  }
  await installPeers(say);
  await measureAll(options);
});
