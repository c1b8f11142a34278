/**
 * npm run schema:check: does the API still serve everybody whom the last release served?
 *
 * Compares the API that the subgraphs' schema files compose to with `releases/api.graphql`. Exit code 1, and a line for
 * each reason, if a change breaks clients and is not in `releases/breaking.json`, or a deprecation has no date.
 * `npm run schema:release` writes down the API as it is now: the next comparisons are with that.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { buildSchema, printSchema } from "graphql";
import { composeSupergraph } from "../gateway/compose.ts";
import { createPlanner } from "../gateway/planner.ts";
import { isoTime, systemClock } from "../shared/clock.ts";
import { systemNames } from "../shared/config.ts";
import { readSdl } from "../shared/graphql/subgraph.ts";
import { runMain } from "../shared/lifecycle.ts";
import { type DeclaredChange, findApiChanges } from "./api-changes.ts";

const releasedFile = new URL("../releases/api.graphql", import.meta.url);
const declaredFile = new URL("../releases/breaking.json", import.meta.url);

runMain(async () => {
  const subgraphs = systemNames.map((name) => ({
    name,
    sdl: readSdl(new URL(`../subgraphs/${name}/`, import.meta.url).href),
  }));
  const { schema } = createPlanner(composeSupergraph(subgraphs), false);
  if (process.argv.includes("--release")) {
    writeFileSync(releasedFile, `${printSchema(schema)}\n`);
    writeFileSync(declaredFile, "[]\n");
    process.stdout.write("releases/api.graphql is the API as it is now.\n");
    return;
  }
  const released = buildSchema(readFileSync(releasedFile, "utf8"));
  const declared = JSON.parse(readFileSync(declaredFile, "utf8")) as DeclaredChange[];
  const today = isoTime(systemClock.now()).slice(0, 10);
  const { breaking, allowed, dangerous, undated, idle } = findApiChanges(released, schema, declared, today);
  const lines = [
    ...breaking.map((change) => `breaks clients: ${change}`),
    ...undated.map((place) => `deprecated without a date: ${place}`),
    ...idle.map((change) => `declared in releases/breaking.json, and not there: ${change}`),
    ...allowed.map((change) => `breaks clients, as announced: ${change}`),
    ...dangerous.map((change) => `may surprise clients: ${change}`),
  ];
  process.stdout.write(
    lines.length === 0 ? "The API serves whoever the last release served.\n" : `${lines.join("\n")}\n`,
  );
  if (breaking.length + undated.length + idle.length > 0) process.exitCode = 1;
});
