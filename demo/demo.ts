/**
 * The demo as a part of `npm start`: loads the distributor into a new directory, keeps its stock moving, and tells a
 * person where everything is.
 *
 * Speaks to the system through its public API only. Loads once: a file in the data directory remembers when the load
 * began and what it came to, so that one that was cut short is finished and not begun anew.
 */
import type { Clock } from "../shared/clock.ts";
import type { Config } from "../shared/config.ts";
import { markDemoDirectory, readDemoMark } from "../shared/config.ts";
import { type ApiClient, createApiClient } from "../shared/graphql/client.ts";
import { issueToken } from "../shared/identity.ts";
import type { Part } from "../shared/lifecycle.ts";
import type { Logger } from "../shared/logging.ts";
import { banner, bannerPersonas } from "./banner.ts";
import { demoSeed } from "./distributor.ts";
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

/** `facts` is null until everything has been loaded. */
interface Mark {
  readonly nowMs: number;
  readonly facts: DemoFacts | null;
}

export function createDemo({ config, clock, log, url, drain }: DemoDeps): Demo {
  let facts: DemoFacts | null = null;
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

  async function load(): Promise<DemoFacts> {
    const mark = readDemoMark<Mark>(config.dataDir);
    if (mark?.facts) return mark.facts;
    const nowMs = mark?.nowMs ?? clock.now();
    markDemoDirectory(config.dataDir, { nowMs, facts: null } satisfies Mark);
    const loaded = await loadDemo({ clientFor, seed: demoSeed, nowMs, log });
    await drain();
    markDemoDirectory(config.dataDir, { nowMs, facts: loaded } satisfies Mark);
    return loaded;
  }

  return {
    name: "demo",
    async start() {
      if (!config.demo) return;
      await signIn();
      facts = await load();
      if (!config.simulate) return;
      simulation = createSimulation({ clientFor, watched: facts.watched, seed: demoSeed, clock, log });
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
