/**
 * One run: traffic, faults from a seed, and a verdict per invariant once everything is whole again.
 *
 * The same seed gives the same faults in the same order; the moment at which each meets the traffic is the machine's.
 */
import { setTimeout as wait } from "node:timers/promises";
import { createRandom } from "../demo/random.ts";
import { limits } from "../shared/limits.ts";
import { expectConservation, expectSettled } from "../test/helpers/conservation.ts";
import { createCaller } from "./caller.ts";
import { checkDelivery } from "./checks/delivery.ts";
import { checkEffects } from "./checks/effects.ts";
import { type Findings, merge } from "./checks/verdict.ts";
import { describeFault, isFelt, planRolling, planRounds, type Round } from "./faults.ts";
import { createInflictor, type Inflictor } from "./inflict.ts";
import { type Attempt, createJournal, type Journal } from "./journal.ts";
import { createProbe, type Probe } from "./probe.ts";
import { startSubscriber } from "./subscriber.ts";
import { people } from "./workload/people.ts";
import { knowsStage, setStage } from "./workload/stage.ts";
import { startTraffic } from "./workload/traffic.ts";
import type { World } from "./world.ts";

export interface Torture {
  readonly seed: number;
  /** How long faults go on. */
  readonly forMs: number;
  /** Instead of what the seed gives. */
  readonly rounds?: Iterable<Round> | undefined;
  /** Is every process there twice, behind a balancer? Then its restart fails no request. */
  readonly isRolling?: boolean;
  readonly say: (line: string) => void;
}

export interface Outcome {
  readonly findings: Findings;
  readonly faults: number;
  readonly writes: number;
  readonly attempts: Readonly<Record<string, number>>;
  readonly changes: number;
  readonly backMs: readonly number[];
}

const settleMs = 90_000;

export async function torture(world: World, run: Torture): Promise<Outcome> {
  const { urls, config } = world;
  const { seed, say } = run;
  const journal = createJournal();
  const inflictor = createInflictor(world);
  const tokens = new Map<string, Promise<string>>();
  const tokenOf = (person: string) => {
    const token = tokens.get(person) ?? world.token(person, people[person] ?? []);
    tokens.set(person, token);
    return token;
  };
  const newCaller = (own: number) =>
    createCaller({ urls, tokenOf, journal, random: createRandom(own), wasStill: inflictor.wasStill });
  await setStage(urls[0] as string, await tokenOf("connector"));
  for (const url of urls) await until(async () => knowsStage(url, await tokenOf("web-shop")), settleMs / 3);
  say("everything is on stage");

  const subscribers = await Promise.all(
    [1, 2].map(async (n) => startSubscriber(urls.toReversed(), await tokenOf("web-shop"), newCaller(seed + n))),
  );
  const probe = createProbe(newCaller(seed + 3), urls.length, seed);
  const traffic = startTraffic({ seed, gateways: urls.length, journal, newCaller });
  const suffered = await suffer({ ...run, world, inflictor, probe, journal });
  say("no more faults; the last stories are told to their end");
  await traffic.stop();
  const checked = await judge(world, journal, say);
  const missed = await Promise.all(subscribers.map((subscriber) => subscriber.finish(config, settleMs / 3)));
  return {
    findings: merge(checked, suffered.findings, { I11: missed.flat() }),
    faults: suffered.count,
    writes: journal.settled.length,
    attempts: tally(journal),
    changes: subscribers.reduce((sum, { counts }) => sum + counts.changes, 0),
    backMs: suffered.backMs,
  };
}

interface Suffering extends Torture {
  readonly world: World;
  readonly inflictor: Inflictor;
  readonly probe: Probe;
  readonly journal: Journal;
}

async function suffer({ world, seed, forMs, isRolling = false, say, inflictor, probe, journal, ...run }: Suffering) {
  const targets = { members: world.members, servers: world.servers.map(({ name }) => name) };
  const planned = run.rounds ?? (isRolling ? planRolling(targets) : planRounds(createRandom(seed), targets));
  const rounds = planned[Symbol.iterator]();
  const beganMs = performance.now();
  const backMs: number[] = [];
  const late: string[] = [];
  const failed: string[] = [];
  let count = 0;
  for (;;) {
    const next = rounds.next();
    if (next.done || performance.now() - beganMs > forMs) break;
    await wait(next.value.pauseMs);
    for (const fault of next.value.faults) {
      say(`${((performance.now() - beganMs) / 1_000).toFixed(1).padStart(7)} s  ${describeFault(fault)}`);
    }
    const known = journal.attempts.length;
    await Promise.all(next.value.faults.map((fault) => inflictor.inflict(fault)));
    count += next.value.faults.length;
    const { tookMs, problem } = await probe();
    backMs.push(tookMs);
    say(`           back after ${(tookMs / 1_000).toFixed(1)} s${problem ? `: ${problem}` : ""}`);
    if (isRolling) {
      const during = journal.attempts.slice(known);
      const unanswered = during.filter(({ outcome }) => outcome !== "reply");
      const refused = unanswered.filter((one) => !isLate(one));
      say(
        `           ${unanswered.length} of ${during.length} requests failed, ${unanswered.length - refused.length} of them late`,
      );
      const what = next.value.faults.map(describeFault).join(" and ");
      if (!next.value.faults.some(isFelt)) failed.push(...refused.map((one) => `${what}: ${describeAttempt(one)}`));
    }
    if (problem) late.push(`after ${next.value.faults.map(describeFault).join(" and ")}: ${problem}`);
  }
  const findings: Findings = { BACK: late, ...(isRolling ? { ROLL: failed } : {}) };
  return { count, backMs, findings };
}

/** Beyond the deadline that every question has: of a machine with too much to do, whoever is restarted on it. */
function isLate({ operation, tookMs }: Attempt): boolean {
  return operation === "query" && tookMs >= limits.subgraphQueryMs;
}

function describeAttempt({ operation, outcome, tookMs }: Attempt): string {
  return `${operation}: ${outcome} after ${tookMs} ms`;
}

async function judge(world: World, journal: Journal, say: (line: string) => void): Promise<Findings> {
  const { config, members } = world;
  const settled = await failureOf(() => expectSettled({ config }), settleMs);
  // Where it never settles, what breaks the journals is still worth telling apart from what has not arrived.
  const conserved = settled === null ? null : await failureOf(() => expectConservation({ config }), 0);
  say("everything has had its effects, or never will");
  let delivery = await checkDelivery(config);
  for (let tried = 0; tried < 20 && (delivery.I6?.length ?? 0) > 0; tried++) {
    await wait(500);
    delivery = await checkDelivery(config);
  }
  const hanging = journal.attempts.filter(({ outcome }) => outcome === "hang");
  const seen = journal.violations.map(({ invariant, what }) => ({ [invariant]: [what] }) as Findings);
  return merge(
    {
      I1: [settled, conserved].flatMap((text) => text ?? []),
      I4: [],
      HANG: hanging.map(({ operation, url, tookMs }) => `${operation} at ${url}: nothing after ${tookMs} ms`),
      LIFE: members.flatMap(({ crashes }) => crashes),
    },
    delivery,
    await checkEffects(config, journal),
    ...seen,
  );
}

/** What it fails with in the end; null where it holds within the time. */
async function failureOf(check: () => Promise<void>, withinMs: number): Promise<string | null> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    try {
      await check();
      return null;
    } catch (error) {
      if (Date.now() >= untilMs) return (error as Error).message + diffOf(error);
      await wait(250);
    }
  }
}

/** An assertion of the tests says what differs in a field of its own. */
function diffOf(error: unknown): string {
  const { actual } = error as { actual?: unknown };
  return actual === undefined ? "" : ` ${JSON.stringify(actual).slice(0, 2_000)}`;
}

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<void> {
  const untilMs = Date.now() + withinMs;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > untilMs) throw new Error("the stage was not set in time");
    await wait(200);
  }
}

function tally({ attempts }: Journal): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { outcome } of attempts) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
