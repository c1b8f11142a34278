/**
 * Which faults a run has, in which order: from the seed alone, so that a run can be had again.
 *
 * Pure. What a fault does to a process, a way or a server is in `inflict.ts`.
 */
import type { Random } from "../demo/random.ts";
import { type FailpointAction, type FailpointName, failpointNames } from "../shared/failpoints.ts";

export type Fault =
  | { readonly kind: "kill"; readonly member: string; readonly forMs: number }
  | { readonly kind: "restart"; readonly member: string }
  | { readonly kind: "freeze"; readonly member: string; readonly forMs: number }
  | {
      readonly kind: "failpoint";
      readonly member: string;
      readonly name: FailpointName;
      readonly action: FailpointAction;
      readonly nth: number;
    }
  | {
      readonly kind: "way";
      readonly member: string;
      readonly to: ServerName;
      readonly mode: "slow" | "cut" | "stalled" | "halfOpen" | "reset";
      readonly forMs: number;
    }
  | {
      readonly kind: "server";
      readonly name: ServerName;
      readonly how: "restart" | "freeze" | "lose";
      readonly forMs: number;
    };

export type ServerName = "mysql" | "redis";

export interface Targets {
  readonly members: readonly { readonly name: string; readonly keeps: boolean }[];
  readonly servers: readonly ServerName[];
}

/** Faults that come at the same time, after a pause. */
export interface Round {
  readonly pauseMs: number;
  readonly faults: readonly Fault[];
}

/** One after the other, without end. */
export function* planRounds(random: Random, targets: Targets): Generator<Round> {
  for (;;) {
    const pauseMs = random.integer(300, 2_000);
    const first = planFault(random, targets);
    const second = random.chance(0.3) ? planFault(random, targets) : null;
    // Two that would undo each other's harm are one.
    yield { pauseMs, faults: second && subjectOf(second) !== subjectOf(first) ? [first, second] : [first] };
  }
}

/** Every process and every server once, one after the other, as for a new version; again and again. */
export function* planRolling({ members, servers }: Targets): Generator<Round> {
  for (;;) {
    for (const { name } of members) yield { pauseMs: 300, faults: [{ kind: "restart", member: name }] };
    for (const name of servers) yield { pauseMs: 300, faults: [{ kind: "server", name, how: "restart", forMs: 0 }] };
  }
}

/** May requests fail while it lasts? A database that is down is not hidden from whoever needs it. */
export function isFelt(fault: Fault): boolean {
  return fault.kind !== "restart" && !(fault.kind === "server" && fault.name === "redis" && fault.how === "restart");
}

export function planFault(random: Random, { members, servers }: Targets): Fault {
  const keepers = members.filter(({ keeps }) => keeps);
  const forMs = random.integer(300, 4_000);
  const kinds = ["kill", "freeze", "failpoint", "way", "server"] as const;
  const weights = { kill: 3, freeze: 2, failpoint: 5, way: 4, server: 2 * servers.length };
  const kind = random.weighted(kinds, (one) => weights[one]);
  if (kind === "kill" || kind === "freeze") return { kind, member: random.pick(members).name, forMs };
  if (kind === "failpoint") {
    const name = random.pick(failpointNames);
    const action = random.weighted(["kill", "hang", "error"] as const, (one) => (one === "kill" ? 3 : 1));
    // Transactions are many, moves to the dead letters few.
    const nth = random.integer(1, name === "dead_letter" ? 1 : name.includes("commit") ? 40 : 8);
    const holders = name === "dead_letter" ? keepers.filter((one) => /erp|whole/.test(one.name)) : keepers;
    return { kind, member: random.pick(holders).name, name, action, nth };
  }
  if (kind === "way") {
    const mode = random.pick(["slow", "cut", "stalled", "halfOpen", "reset"] as const);
    return { kind, member: random.pick(members).name, to: random.pick(["mysql", "redis"] as const), mode, forMs };
  }
  const name = random.pick(servers);
  const how = random.weighted(["restart", "freeze", "lose"] as const, (one) =>
    one === "lose" ? (name === "redis" ? 1 : 0) : 2,
  );
  return { kind, name, how, forMs };
}

/** In a line, for the person who reads it. */
export function describeFault(fault: Fault): string {
  if (fault.kind === "kill") return `kill ${fault.member}, again after ${fault.forMs} ms`;
  if (fault.kind === "restart") return `restart ${fault.member}`;
  if (fault.kind === "freeze") return `freeze ${fault.member} for ${fault.forMs} ms`;
  if (fault.kind === "failpoint") return `${fault.action} ${fault.member} at ${fault.name}, passage ${fault.nth}`;
  if (fault.kind === "way") return `${fault.member} to ${fault.to}: ${fault.mode} for ${fault.forMs} ms`;
  return `${fault.how} ${fault.name}, ${fault.forMs} ms`;
}

function subjectOf(fault: Fault): string {
  return fault.kind === "server" ? fault.name : fault.member;
}
