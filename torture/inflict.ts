/**
 * Does a fault to the world and takes it back: afterwards every process runs, every way is open, every server answers.
 *
 * Remembers for which time which process was held still, because its silence then is our doing.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Fault } from "./faults.ts";
import type { Member } from "./member.ts";
import type { World } from "./world.ts";

export interface Inflictor {
  /** Resolves when the fault is over and undone. */
  inflict(fault: Fault): Promise<void>;
  wasStill(url: string, fromMs: number, toMs: number): boolean;
}

/** How long a failpoint is waited for, and how long a process that hangs at one is left alone. */
const failpointMs = 5_000;
const hangMs = 2_000;

export function createInflictor(world: World): Inflictor {
  const still: { url: string; fromMs: number; toMs: number }[] = [];
  const memberOf = (name: string): Member => {
    const found = world.members.find((member) => member.name === name);
    if (!found) throw new Error(`there is no ${name}`);
    return found;
  };

  async function freeze(member: Member, forMs: number): Promise<void> {
    const held = { url: member.url, fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
    still.push(held);
    member.freeze();
    await wait(forMs);
    member.thaw();
    held.toMs = Date.now();
  }

  async function failAt(member: Member, fault: Extract<Fault, { kind: "failpoint" }>): Promise<void> {
    await member.kill();
    await member.start(`${fault.name}:${fault.action}:${fault.nth}`);
    if (fault.action === "error") {
      await wait(hangMs);
      return;
    }
    const died = await member.ended(fault.action === "kill" ? failpointMs : hangMs);
    if (!died) await member.kill();
    await member.start();
  }

  async function harm(fault: Fault): Promise<void> {
    if (fault.kind === "kill") {
      const member = memberOf(fault.member);
      await member.kill();
      await wait(fault.forMs);
      await member.start();
    } else if (fault.kind === "restart") {
      const member = memberOf(fault.member);
      await member.stop();
      await member.start();
    } else if (fault.kind === "freeze") {
      await freeze(memberOf(fault.member), fault.forMs);
    } else if (fault.kind === "failpoint") {
      await failAt(memberOf(fault.member), fault);
    } else if (fault.kind === "way") {
      const way = memberOf(fault.member).ways[fault.to];
      if (fault.mode === "reset") return way.reset();
      way.set(fault.mode);
      await wait(fault.forMs);
      way.set("open");
    } else {
      await harmServer(world, fault);
    }
  }

  return {
    inflict: harm,
    wasStill: (url, fromMs, toMs) => still.some((held) => held.url === url && held.fromMs < toMs && held.toMs > fromMs),
  };
}

async function harmServer(world: World, { name, how, forMs }: Extract<Fault, { kind: "server" }>): Promise<void> {
  const server = world.servers.find((one) => one.name === name);
  if (!server) throw new Error(`there is no ${name} of our own`);
  if (how === "freeze") {
    server.freeze();
    await wait(forMs);
    server.thaw();
    return;
  }
  await server.kill();
  if (how === "lose") server.forget();
  await wait(forMs);
  await server.start();
}
