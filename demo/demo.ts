/**
 * The demo as a part of `npm start`: loads the distributor into a new directory, keeps its stock moving, and tells a
 * person where everything is.
 *
 * Speaks to the system through its public API only. Loads once: a file in the data directory remembers what was
 * loaded, and is written only when all of it was.
 */
import type { Clock } from "../shared/clock.ts";
import type { Config } from "../shared/config.ts";
import { markDemoDirectory, readDemoMark } from "../shared/config.ts";
import { type ApiClient, createApiClient } from "../shared/graphql/client.ts";
import { issueToken } from "../shared/identity.ts";
import type { Part } from "../shared/lifecycle.ts";
import type { Logger } from "../shared/logging.ts";
import { banner, bannerPersonas } from "./banner.ts";
import { type DemoFacts, loadDemo } from "./load.ts";
import { type PersonaId, personas } from "./personas.ts";
import { createSimulation, type Simulation } from "./simulate.ts";

interface DemoDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly url: () => string;
  /** Resolves when what was loaded has had its effects. */
  readonly drain: () => Promise<void>;
}

export interface Demo extends Part {
  /** What to print for a person; empty when there is no demo. */
  banner(): Promise<string>;
}

const seed = 20260105;

export function createDemo({ config, clock, log, url, drain }: DemoDeps): Demo {
  let facts = readDemoMark<DemoFacts>(config.dataDir);
  let simulation: Simulation | undefined;
  const clients = new Map<PersonaId, ApiClient>();
  const tokens = new Map<PersonaId, string>();

  async function signIn(): Promise<void> {
    for (const id of Object.keys(personas) as PersonaId[]) {
      const token = await issueToken(config.auth, personas[id], clock);
      tokens.set(id, token);
      clients.set(id, createApiClient({ url: url(), token }));
    }
  }

  const clientFor = (persona: PersonaId) => clients.get(persona) as ApiClient;

  return {
    name: "demo",
    async start() {
      if (!facts && !config.demo) return;
      await signIn();
      if (!facts) {
        facts = await loadDemo({ clientFor, seed, nowMs: clock.now(), log });
        markDemoDirectory(config.dataDir, facts);
        await drain();
      }
      if (!config.simulate) return;
      simulation = createSimulation({ clientFor, watched: facts.watched, seed, clock, log });
      await simulation.start();
    },
    async stop() {
      await simulation?.stop();
    },
    async banner() {
      if (!facts) return "";
      const shown = Object.fromEntries(bannerPersonas.map((id) => [id, tokens.get(id)]));
      return `${banner({ ...facts, url: url(), tokens: shown as Parameters<typeof banner>[0]["tokens"] })}\n`;
    },
  };
}
