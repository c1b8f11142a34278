/**
 * Documents that others published, with some of their bytes changed, at the door: each is answered, nothing is applied
 * by half, every balance stays the sum of its movements, and the gateway lives on.
 *
 * BYTES=10000000 sends that many, from SEED on, and demands that no turn of the event loop takes 200 ms. Each document
 * has a sender of its own, so that what became of it can be told apart.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DocumentFormat, detectFormat } from "../../ingest/formats.ts";
import type { IntakeItem } from "../../ingest/intake-message.ts";
import { createApiClient } from "../../shared/graphql/client.ts";
import { expectConservation } from "../helpers/conservation.ts";
import { ediDir, epcisDir, isAbsent } from "../helpers/data-sets.ts";
import { type Chance, chanceFrom } from "../helpers/fuzzed-documents.ts";
import { type Door, openDoor } from "../helpers/fuzzed-door.ts";
import { messagesOf, readAll } from "../helpers/intake.ts";
import { openPlain } from "../helpers/plain-sql.ts";
import { doorBytes, isFullFuzz, seed } from "../helpers/rush.ts";
import { makeKnown, postDocument } from "../helpers/taken-in.ts";

const atOnce = 4;
const looks = 10;

interface Original {
  readonly format: DocumentFormat;
  readonly bytes: Buffer;
}

/** Those that say something that can be applied twice as often as the others. */
function originals(): readonly Original[] {
  const found = [epcisDir, ediDir].flatMap((dir) =>
    (readdirSync(dir, { recursive: true }) as string[])
      .sort()
      .map((name) => join(dir, name))
      .filter((path) => statSync(path).isFile() && !path.endsWith(".xml"))
      .flatMap((path) => {
        const bytes = readFileSync(path);
        const format = detectFormat(bytes);
        return format === null ? [] : [{ format, bytes }];
      }),
  );
  const moving = found.filter(({ format, bytes }) => stockOf(readAll(format, bytes)).length > 0);
  return [...found, ...moving, ...moving];
}

/** Of each message of stock, the ids of its events. */
function stockOf(
  items: readonly IntakeItem[],
): readonly { readonly identity: string; readonly ids: readonly string[] }[] {
  return messagesOf(items).flatMap(({ identity, commands }) => {
    const ids = commands.flatMap((command) =>
      command.kind === "stockEvents" ? command.events.map(({ id }) => id) : [],
    );
    return ids.length > 0 ? [{ identity, ids }] : [];
  });
}

const missing = isAbsent(epcisDir) || isAbsent(ediDir);

describe.skipIf(missing)(`published documents with other bytes${missing ? " (needs ../shared/data)" : ""}`, () => {
  let door: Door;
  let documents: readonly Original[];
  beforeAll(async () => {
    door = await openDoor();
    documents = originals();
    const items = documents.flatMap(({ format, bytes }) => readAll(format, bytes));
    await makeKnown(createApiClient({ url: door.url, token: door.token }), items);
  }, 120_000);
  afterAll(() => door?.stop());

  it(`${doorBytes} bytes of them are answered, and nothing is applied by half`, async ({ annotate }) => {
    const chance = chanceFrom(seed);
    const counts = { documents: 0, accepted: 0, events: 0, duplicate: 0, acknowledged: 0, refused: 0 };
    let expected: Sent[] = [];
    let read = 0;
    let nextLook = 0;

    async function sendSome(): Promise<void> {
      while (read < Math.min(doorBytes, nextLook)) {
        const { format, bytes } = documents[chance(documents.length)] as Original;
        const sent = mutated(bytes, chance);
        read += sent.length;
        counts.documents += 1;
        const partner = `fuzz-${counts.documents}`;
        const { status, body } = await postDocument(door.url, door.token, format, sent, { partner });
        expect([200, 422], JSON.stringify(body)).toContain(status);
        expect(body.rejected.filter(({ code }) => code === "INTERNAL")).toEqual([]);
        counts.accepted += body.accepted;
        counts.events += body.events;
        counts.duplicate += body.duplicate;
        counts.acknowledged += body.acknowledged;
        counts.refused += body.rejectedCount;
        expected.push({ partner, events: body.events, messages: stockOf(readAll(format, sent, { partner })) });
      }
    }

    await door.look();
    while (read < doorBytes) {
      nextLook += doorBytes / looks;
      await Promise.all(Array.from({ length: atOnce }, sendSome));
      await expectWhole(door, expected);
      await expectConservation(door);
      await door.look();
      expected = [];
    }
    expect(Math.min(counts.accepted, counts.refused)).toBeGreaterThan(0);
    await annotate(`from seed ${seed}: ${JSON.stringify(counts)}; ${await door.judge(isFullFuzz ? 200 : 5_000)}`);
  }, 3_600_000);
});

interface Sent {
  readonly partner: string;
  /** As its receipt says. */
  readonly events: number;
  readonly messages: ReturnType<typeof stockOf>;
}

/** By plain SQL: of each message every event is in the journal or none, and as many in all as the receipts say. */
async function expectWhole({ config }: Door, sent: readonly Sent[]): Promise<void> {
  const plain = await openPlain(config, "wms");
  const senders = sent.map(({ partner }) => `'${partner}'`).join(", ");
  const rows = await plain.query(`SELECT source, event_id FROM stock_movements WHERE source IN (${senders})`);
  await plain.close();
  const journal = new Map<string, Set<string>>();
  for (const { source, event_id: id } of rows) {
    journal.set(String(source), (journal.get(String(source)) ?? new Set()).add(String(id)));
  }
  for (const { partner, events, messages } of sent) {
    const there = journal.get(partner) ?? new Set();
    expect(there.size, partner).toBe(events);
    // Two messages of one number may both be in a document: then one of them counts.
    for (const { identity } of messages) {
      const versions = messages.filter((message) => message.identity === identity);
      const found = versions.map(({ ids }) => ids.filter((id) => there.has(id)).length);
      const whole = found.every((count) => count === 0) || versions.some(({ ids }, i) => ids.length === found[i]);
      expect(whole, `${partner} ${identity}: ${found} of ${versions.map(({ ids }) => ids.length)}`).toBe(true);
    }
  }
}

/** Some bytes are others, gone, or there twice, or two documents of it run into each other. */
function mutated(original: Buffer, chance: Chance): Buffer {
  let bytes = Buffer.from(original);
  for (let n = chance(4); n > 0; n--) {
    const at = chance(bytes.length);
    const how = chance(12);
    if (how === 0) bytes = bytes.subarray(0, at);
    else if (how === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes]);
    else if (how < 4) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + chance(40))]);
    else if (how < 6) bytes = Buffer.concat([bytes.subarray(0, at + chance(60)), bytes.subarray(at)]);
    else if (how < 9) bytes[at] = 48 + chance(10);
    else bytes[at] = chance(256);
    if (bytes.length === 0) return bytes;
  }
  return bytes;
}
