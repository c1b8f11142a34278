/**
 * What a subgraph is to the rest of the system: a name, an SDL, a way to run operations, and a life.
 *
 * `createSubgraph` puts together what every subgraph has (schema, executor, relay, consumers, housekeeping); what is
 * its own stands in `subgraphs/<name>/`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { AccessTable } from "../access.ts";
import { createCourier } from "../audit/courier.ts";
import { createHeadExport } from "../audit/heads.ts";
import { createRefusedAttempts } from "../audit/refused-attempts.ts";
import { createSealer } from "../audit/sealer.ts";
import type { CommandDeps, Committed, RequestContext } from "../command.ts";
import type { SystemName } from "../config.ts";
import type { Database } from "../db/database.ts";
import type { AnyEvent } from "../events/canonical-event.ts";
import type { Kernel } from "../kernel.ts";
import { type Part, sideBySide } from "../lifecycle.ts";
import { type ConsumerSpec, createConsumer } from "../messaging/consumer.ts";
import { createHousekeeping } from "../messaging/housekeeping.ts";
import { createRedrives, type MessageRedrive, withRedriving } from "../messaging/redrive.ts";
import { createRelay } from "../messaging/relay.ts";
import { withRepublishing } from "../messaging/republish.ts";
import { watchSubgraph } from "../metrics/subgraph-metrics.ts";
import { auditChainResolvers } from "./audit-chain.ts";
import { createOperations, type Operations } from "./operations.ts";
import { createSubgraphSchema, type Resolvers } from "./schema.ts";

export interface Subgraph extends Operations {
  readonly name: SystemName;
  readonly sdl: string;
  readonly db: Database;
  /** Started before any relay, so that nothing is published to nobody. */
  readonly consumers: readonly Part[];
  /** Started after every consumer. */
  readonly publishers: readonly Part[];
  /** Publishes what is in the outbox now; how many events that were. */
  flush(): Promise<number>;
  /** Tries dead letters again that are due now; how many that were. */
  redrive(): Promise<number>;
  /** Publishes a heartbeat now. */
  heartbeat(): Promise<void>;
  /** Resolves when the subgraph can answer; fails with the reason. */
  ready(): Promise<void>;
}

export interface SubgraphSpec {
  readonly name: SystemName;
  readonly db: Database;
  readonly sdl: string;
  readonly access: AccessTable;
  readonly resolvers: Resolvers;
  /** See `SchemaParts`. */
  readonly tagged?: ReadonlySet<string>;
  /** Called before events of this system become known to others. */
  readonly beforePublish?: (events: readonly AnyEvent[]) => Promise<void>;
  /** The context of one operation's resolvers: loaders live as long as it does. */
  readonly contextFor: (request: RequestContext) => object;
  readonly consumers: readonly ConsumerSpec[];
  /** How messages that were set aside are tried again. */
  readonly messages?: MessageRedrive;
  /** Parts of the subgraph's own, started with the consumers. */
  readonly parts?: readonly Part[];
}

/** The subgraph's commands are created before it, so they tell the relay of their commits through this. */
export interface CommitSignal {
  readonly committed: Committed;
  listen(listener: Committed): void;
}

export function createCommitSignal(): CommitSignal {
  const listeners: Committed[] = [];
  return {
    committed(events) {
      for (const listener of listeners) listener(events);
    },
    listen(listener) {
      listeners.push(listener);
    },
  };
}

export function commandDeps(kernel: Kernel, db: Database, signal: CommitSignal): CommandDeps {
  return { system: db.system, db, clock: kernel.clock, committed: signal.committed, tracing: kernel.tracing };
}

export function createSubgraph(kernel: Kernel, spec: SubgraphSpec, signal: CommitSignal): Subgraph {
  const { db } = spec;
  const { bus, clock, metrics, tracing } = kernel;
  const log = kernel.log.child({ system: spec.name });
  const { published, applied } = watchSubgraph({ metrics, db, clock });
  const relay = createRelay({
    db,
    bus,
    clock,
    log,
    tracing,
    published,
    ...(spec.beforePublish ? { beforePublish: spec.beforePublish } : {}),
  });
  signal.listen((events) => relay.notify(events));
  const redrives = createRedrives({
    ...{ db, clock, log, committed: signal.committed },
    consumers: spec.consumers,
    messages: spec.messages,
  });
  // One consumer of facts hears what concerns all dead letters of this system.
  const follower = spec.consumers.find(({ topic }) => topic === "facts");
  const listening = (consumer: ConsumerSpec) =>
    consumer === follower ? withRedriving(spec.name, clock, consumer) : consumer;
  const attempts = createRefusedAttempts({ db, clock, log });
  const schema = createSubgraphSchema({ ...withAuditChain(spec), refused: attempts.note });
  return {
    name: spec.name,
    sdl: spec.sdl,
    db,
    ...createOperations(schema, log, spec.contextFor),
    consumers: [
      // Stopped last of all, so that it seals what the others have left.
      createSealer({ db, clock, log, heads: createHeadExport({ file: kernel.config.auditHeadsFile, clock, log }) }),
      attempts,
      ...(spec.parts ?? []),
      redrives,
      sideBySide(
        `consumers:${spec.name}`,
        spec.consumers.map((consumer) => [
          createConsumer(
            { db, bus, clock, log, tracing, committed: signal.committed, applied },
            withRepublishing(spec.name, listening(consumer)),
          ),
        ]),
        log,
      ),
    ],
    publishers: [
      relay,
      createCourier({ db, clock, log, committed: signal.committed }),
      createHousekeeping({ db, clock, log }),
    ],
    flush: () => relay.flush(),
    redrive: redrives.sweep,
    heartbeat: () => relay.heartbeat(),
    // Not the bus: without it answers grow old and say so, which is better than no answers.
    ready: () => db.ping(),
  };
}

function withAuditChain(spec: SubgraphSpec): SubgraphSpec {
  const { Query, ...types } = auditChainResolvers(spec.db);
  return { ...spec, resolvers: { ...spec.resolvers, ...types, Query: { ...spec.resolvers["Query"], ...Query } } };
}

/** A subgraph's SDL: what all have in common, then `schema.graphql` beside the calling module, or the files of `schema/`. */
export function readSdl(moduleUrl: string): string {
  return [new URL("./common.graphql", import.meta.url), ...ownSdl(moduleUrl)]
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
}

function ownSdl(moduleUrl: string): URL[] {
  const [file, folder] = [new URL("./schema.graphql", moduleUrl), new URL("./schema/", moduleUrl)];
  if (existsSync(file)) return [file];
  return readdirSync(folder)
    .sort()
    .map((name) => new URL(name, folder));
}
