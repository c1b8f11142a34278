/**
 * Torture in small: two processes over a server, traffic, two faults that are always the same, and the whole verdict.
 *
 * What takes minutes is `npm run torture`. Its judges are what ask here that every number is explained.
 */
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isBroken, verdictLines } from "../../torture/checks/verdict.ts";
import type { Fault, Round } from "../../torture/faults.ts";
import { torture } from "../../torture/torture.ts";
import { createWorld } from "../../torture/world.ts";
import { expectSettled } from "../helpers/conservation.ts";
import { dropDatabases } from "../helpers/databases.ts";
import { redisIsInstalled } from "../helpers/private-redis.ts";
import { range, restartCount } from "../helpers/rush.ts";
import { services } from "../helpers/services.ts";

const faults: Fault[] = [
  { kind: "kill", member: "whole-1", forMs: 0 },
  { kind: "way", member: "whole-2", to: "mysql", mode: "reset", forMs: 0 },
];
const isPossible = services.mysqlUrl && redisIsInstalled;

describe.skipIf(!isPossible)(
  `under faults${isPossible ? "" : " (no MySQL/MariaDB answers, or no redis-server)"}`,
  () => {
    const asked = restartCount === 0 ? " (takes long: RESTARTS=2)" : "";
    it.skipIf(restartCount === 0)(
      `a rolling restart behind a balancer fails no request${asked}`,
      async ({ annotate }) => {
        const prefix = `t${randomBytes(4).toString("hex")}_`;
        const mysql = { url: services.mysqlUrl ?? "", prefix };
        const world = await createWorld({ topology: "whole", isRolling: true, mysql });
        const rounds = range(restartCount).map((n): Round => {
          return { pauseMs: 100, faults: [{ kind: "restart", member: `whole-${(n % 2) + 1}` }] };
        });
        const said: string[] = [];
        try {
          const run = {
            seed: 2,
            forMs: 3_600_000,
            rounds,
            isRolling: true,
            say: (line: string) => void said.push(line),
          };
          const outcome = await torture(world, run);
          await annotate(
            said
              .filter((line) => line.includes("failed"))
              .join(";")
              .trim(),
          );
          expect(isBroken(outcome.findings), verdictLines(outcome.findings).join("\n")).toBe(false);
          expect(outcome).toMatchObject({ faults: restartCount, findings: { ROLL: [] } });
          expect(outcome.writes).toBeGreaterThan(20);
        } finally {
          await world.remove();
          await dropDatabases(prefix);
        }
      },
      180_000 + 60_000 * restartCount,
    );

    it("a process that is killed, and another that loses its connections, break no promise", async ({ annotate }) => {
      const prefix = `t${randomBytes(4).toString("hex")}_`;
      const world = await createWorld({ topology: "whole", mysql: { url: services.mysqlUrl ?? "", prefix } });
      try {
        const outcome = await torture(world, {
          seed: 1,
          forMs: 60_000,
          rounds: [{ pauseMs: 500, faults }],
          say: () => {},
        });
        await expectSettled(world);
        await annotate(`${outcome.writes} writes, ${outcome.changes} changes told`);
        expect(isBroken(outcome.findings), verdictLines(outcome.findings).join("\n")).toBe(false);
        expect(outcome).toMatchObject({ faults: 2 });
        expect(outcome.writes).toBeGreaterThan(20);
        expect(outcome.changes).toBeGreaterThan(0);
      } finally {
        await world.remove();
        await dropDatabases(prefix);
      }
    }, 120_000);
  },
);
