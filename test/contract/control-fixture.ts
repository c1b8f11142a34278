/**
 * `control` on a database of its own, with the memory bus: what its suites start from.
 *
 * Knows products A (CASE = 12 EA) and B, and the locations WEST and EAST. The clock stands still until it is moved.
 */
import { type ManualClock, manualClock } from "../../shared/clock.ts";
import type { Database } from "../../shared/db/database.ts";
import type { AnyEvent } from "../../shared/events/canonical-event.ts";
import { topicOf } from "../../shared/events/topics.ts";
import type { OperationResult } from "../../shared/graphql/execute.ts";
import { anonymous, type Role } from "../../shared/identity.ts";
import type { Kernel } from "../../shared/kernel.ts";
import { createControl } from "../../subgraphs/control/subgraph.ts";
import type { MakeKernel } from "../helpers/databases.ts";
import { location, product } from "./returns-fixture.ts";

export interface ControlDesk {
  readonly kernel: Kernel;
  readonly clock: ManualClock;
  readonly db: Database;
  /** As a person with these roles, petra the planner unless named; no roles: anonymous. */
  ask<T = Record<string, unknown>>(
    query: string,
    variables?: Record<string, unknown>,
    roles?: readonly Role[],
    person?: string,
    /** Of the token; absent: it names none. */
    accounts?: readonly string[],
  ): Promise<{ data: T; errors?: OperationResult["errors"] }>;
  /** Delivers events, each on its topic, in their order; resolves when they have been handled. */
  deliver(...events: readonly AnyEvent[]): Promise<void>;
  /** Events in the outbox, in their order, e.g. of one type. */
  events(type?: string): Promise<AnyEvent[]>;
}

export async function openControl(makeKernel: MakeKernel): Promise<ControlDesk> {
  const clock = manualClock();
  const kernel = await makeKernel({ clock });
  const control = await createControl(kernel);
  for (const consumer of control.consumers) await consumer.start();
  const desk: ControlDesk = {
    kernel,
    clock,
    db: control.db,
    ask: async (query, variables = {}, roles = ["planner"], person = "petra", accounts = undefined) =>
      (await control.execute({ query, variables }, contextOf(roles, person, accounts))) as never,
    async deliver(...events) {
      for (const event of events) await kernel.bus.publish(topicOf(event.type), [event]);
    },
    async events(type) {
      const rows = await control.db.query<{ body: string }>("SELECT body FROM outbox ORDER BY id");
      const all = rows.map(({ body }) => JSON.parse(body) as AnyEvent);
      return type ? all.filter((event) => event.type === type) : all;
    },
  };
  await desk.deliver(
    product("A", [{ unit: "CASE", numerator: 12, denominator: 1 }]),
    product("B"),
    location("WEST"),
    location("EAST"),
  );
  return desk;
}

function contextOf(roles: readonly Role[], person: string, accounts: readonly string[] | null = null) {
  const identity = roles.length > 0 ? { ...anonymous, person, roles: new Set(roles), accounts } : anonymous;
  return { identity, correlationId: "a-story-of-a-test" };
}
