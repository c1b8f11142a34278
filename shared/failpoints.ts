/**
 * Named places at which a process can be made to die, hang or fail: how the promises about crashes are tried out.
 *
 * At most one is armed in a process (FAILPOINT), it acts once, and nowhere with NODE_ENV=production. Where none is armed
 * a place costs one comparison. Nothing here knows what the place means to the one who passes it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";

/** In the order in which one change passes them: its transaction, its relay, its consumers. */
export const failpointNames = [
  "before_commit",
  "commit_sent",
  "commit_acknowledged",
  "before_xadd",
  "after_xadd",
  "after_mark",
  "before_effect",
  "before_xack",
  "dead_letter",
] as const;
export type FailpointName = (typeof failpointNames)[number];

/** kill: as a power cut would. hang: never goes on. error: as if the connection had been lost just there. */
export const failpointActions = ["kill", "hang", "error"] as const;
export type FailpointAction = (typeof failpointActions)[number];

export interface FailpointSpec {
  readonly name: FailpointName;
  readonly action: FailpointAction;
  /** At which passage, from 1. */
  readonly nth: number;
}

/** What `name:action[:nth]` says; null where that is none. */
export function parseFailpoint(text: string): FailpointSpec | null {
  const [, name, action, nth = "1"] = /^([a-z_]+):([a-z]+)(?::([1-9]\d{0,6}))?$/.exec(text) ?? [];
  if (!failpointNames.some((known) => known === name)) return null;
  if (!failpointActions.some((known) => known === action)) return null;
  return { name: name as FailpointName, action: action as FailpointAction, nth: Number(nth) };
}

let armed: { readonly spec: FailpointSpec; passages: number } | null = null;

/** `null` disarms. */
export function armFailpoint(spec: FailpointSpec | null): void {
  armed = spec && { spec, passages: 0 };
}

/** How often the place that is armed has been passed; 0 where none is. */
export function passagesOfArmed(): number {
  return armed?.passages ?? 0;
}

/** Passes the place. Fails, never ends, or takes the process with it where that was asked for. */
export function failpoint(name: FailpointName): Promise<void> | undefined {
  if (armed === null || armed.spec.name !== name) return undefined;
  armed.passages += 1;
  return armed.passages === armed.spec.nth ? fail(armed.spec) : undefined;
}

async function fail({ name, action }: FailpointSpec): Promise<void> {
  // What was written just before is on its way then.
  await nextTurn();
  if (action === "kill") process.kill(process.pid, "SIGKILL");
  if (action === "error") throw Object.assign(new Error(`failpoint ${name}`), { code: "ECONNRESET" });
  await new Promise(() => {});
}
