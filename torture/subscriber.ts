/**
 * I11: a subscriber that loses its gateway again and again, and comes back to any with the cursor it has.
 *
 * As docs/subscriptions.md tells clients: cursor, snapshot, stream. Told that it must begin again, it does, and what it
 * was told from there on must be without a hole as well.
 */
import { setTimeout as wait } from "node:timers/promises";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { Config } from "../shared/config.ts";
import { openPlain } from "../test/helpers/plain-sql.ts";
import type { Caller } from "./caller.ts";
import { stage } from "./workload/stage.ts";

/** From one snapshot to the next: what the snapshot said, and what was told after it, by position. */
interface Segment {
  readonly snapshot: ReadonlyMap<string, number>;
  readonly told: Map<string, number[]>;
}

export interface Subscriber {
  /** Resolves when it has been told everything, or not within the time; then with what it missed. */
  finish(config: Config, withinMs: number): Promise<string[]>;
  readonly counts: { changes: number; connections: number; resyncs: number };
}

const document = `subscription ($skus: [ID!], $after: String) { stockChanged(skus: $skus, after: $after) {
  cursor availability { sku locationId version } } }`;
const skus = [...stage.moved, ...stage.sold];
/** A gateway that is held still closes nothing: whoever hears nothing for so long comes back elsewhere. */
const silenceMs = 4_000;

interface Told {
  readonly stockChanged: {
    readonly cursor: string;
    readonly availability: { readonly sku: string; readonly locationId: string; readonly version: number };
  };
}

export function startSubscriber(urls: readonly string[], token: string, caller: Caller): Subscriber {
  const segments: Segment[] = [];
  const counts = { changes: 0, connections: 0, resyncs: 0 };
  let over = false;
  let cursor = "";

  async function begin(): Promise<void> {
    for (let turn = 0; !over; turn++) {
      const at = await caller.ask<{ stockCursor: string }>("web-shop", "{ stockCursor }", {}, turn);
      const now = at && (await snapshot(caller, turn));
      if (now) {
        cursor = at.stockCursor;
        segments.push({ snapshot: now, told: new Map() });
        return;
      }
      await wait(200);
    }
  }

  async function run(): Promise<void> {
    await begin();
    while (!over) {
      const url = urls[counts.connections++ % urls.length] as string;
      const code = await listen(
        url,
        token,
        cursor,
        () => over,
        ({ stockChanged }) => {
          const { sku, locationId, version } = stockChanged.availability;
          const told = (segments.at(-1) as Segment).told;
          told.set(`${sku}|${locationId}`, [...(told.get(`${sku}|${locationId}`) ?? []), version]);
          cursor = stockChanged.cursor;
          counts.changes++;
        },
      );
      if (code === "RESYNC_REQUIRED") {
        counts.resyncs++;
        await begin();
      }
      await wait(100);
    }
  }

  const running = run();
  return {
    counts,
    async finish(config, withinMs) {
      const until = Date.now() + withinMs;
      let missed: string[];
      do {
        await wait(250);
        missed = missedOf(segments, await committedVersions(config));
      } while (missed.length > 0 && Date.now() < until);
      over = true;
      await running;
      return missed;
    },
  };
}

async function snapshot(caller: Caller, gateway: number): Promise<Map<string, number> | null> {
  const query = "query ($skus: [ID!]!) { availability(skus: $skus) { sku locationId version } }";
  type Found = { availability: { sku: string; locationId: string; version: number }[] };
  const found = await caller.ask<Found>("web-shop", query, { skus }, gateway);
  return found && new Map(found.availability.map((row) => [`${row.sku}|${row.locationId}`, row.version]));
}

/** Until the connection ends, or is silent for too long; with the code of the error, if it was one. */
function listen(
  url: string,
  token: string,
  after: string,
  isOver: () => boolean,
  onTold: (told: Told) => void,
): Promise<string> {
  return new Promise((resolve) => {
    let heardAtMs = Date.now();
    let socket: WebSocket | undefined;
    const end = (code: string) => {
      clearInterval(watch);
      socket?.terminate();
      // Of a connection that never came about it says so once more.
      Promise.resolve(client.dispose()).catch(() => {});
      resolve(code);
    };
    const client = createClient({
      url: url.replace(/^http/, "ws"),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${token}` },
      on: {
        opened: (opened) => {
          socket = opened as WebSocket;
        },
      },
    });
    const watch = setInterval(() => {
      if (isOver() || Date.now() - heardAtMs > silenceMs) end("silent");
    }, 200);
    let ended = false;
    client.subscribe<Told>(
      { query: document, variables: { skus, after } },
      {
        next: ({ data, errors }) => {
          if (ended) return;
          heardAtMs = Date.now();
          if (data) onTold(data);
          if (errors || !data) {
            ended = true;
            end(String(errors?.[0]?.extensions?.["code"]));
          }
        },
        error: (error) => {
          ended = true;
          const [first] = Array.isArray(error) ? error : [];
          end(String(first?.extensions?.code ?? "closed"));
        },
        complete: () => {
          ended = true;
          end("complete");
        },
      },
    );
  });
}

async function committedVersions(config: Config): Promise<Map<string, number[]>> {
  const plain = await openPlain(config, "availability");
  const rows = await plain.query("SELECT partition_key, body FROM outbox WHERE type = 'availability.changed'");
  await plain.close();
  const versions = new Map<string, number[]>();
  for (const row of rows) {
    const body = (typeof row["body"] === "string" ? JSON.parse(row["body"]) : row["body"]) as {
      data: { version: number };
    };
    const key = String(row["partition_key"]);
    versions.set(key, [...(versions.get(key) ?? []), body.data.version]);
  }
  return versions;
}

/** What was committed after a segment's snapshot, and up to the last that it was told (at the end: all), was told in it. */
export function missedOf(segments: readonly Segment[], committed: ReadonlyMap<string, readonly number[]>): string[] {
  return segments.flatMap((segment, i) => {
    const isLast = i === segments.length - 1;
    return [...segment.snapshot].flatMap(([key, from]) => {
      const told = new Set(segment.told.get(key) ?? []);
      const to = isLast ? Number.POSITIVE_INFINITY : Math.max(from, ...told);
      const missing = (committed.get(key) ?? []).filter(
        (version) => version > from && version <= to && !told.has(version),
      );
      const known = new Set(committed.get(key) ?? []);
      const invented = [...told].filter((version) => !known.has(version));
      return [
        ...(missing.length > 0
          ? [`${key}: versions ${missing.slice(0, 5).join(", ")} of segment ${i} were not told`]
          : []),
        ...(invented.length > 0
          ? [`${key}: versions ${invented.slice(0, 5).join(", ")} were told and never committed`]
          : []),
      ];
    });
  });
}
