/**
 * Changes that are committed and not published: found in the outbox itself, and known only for a moment.
 */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { limits } from "../../shared/limits.ts";
import { silentLogger } from "../../shared/logging.ts";
import { createUnpublished } from "../../shared/messaging/unpublished.ts";
import { eachDatabase } from "../helpers/databases.ts";
import { openWire, type Wire } from "../helpers/messaging.ts";

eachDatabase("what is not published yet", (makeKernel, kind) => {
  let wire: Wire;
  let told: string[] = [];

  beforeAll(async () => {
    wire = await openWire(makeKernel, kind);
  });
  afterEach(() => wire.reset());
  afterAll(() => wire.close());

  const open = () => {
    told = [];
    const { publisher: db, clock } = wire;
    const found = (keys: readonly string[]) => told.push(...keys);
    return createUnpublished({ db, clock, log: silentLogger, topic: "facts", found });
  };

  it("is known by its key until it is published", async () => {
    const unpublished = open();
    await wire.emit("A", "B", "A");
    await unpublished.look();
    expect(["A|L", "B|L", "C|L"].map(unpublished.isPublished)).toEqual([false, false, true]);
    expect(told.toSorted()).toEqual(["A|L", "B|L"]);
    await wire.relay.flush();
    await unpublished.look();
    expect(unpublished.isPublished("A|L")).toBe(true);
  });

  it("counts also while somebody has claimed it, and does not count when it is of another topic", async () => {
    const unpublished = open();
    await wire.emit("A", "B");
    await wire.publisher.transaction(async (tx) => {
      await tx.run("UPDATE outbox SET state = 'claimed' WHERE partition_key = 'A|L'");
      await tx.run("UPDATE outbox SET topic = 'availability' WHERE partition_key = 'B|L'");
    });
    await unpublished.look();
    expect(told).toEqual(["A|L"]);
  });

  it("is not known before the first look, nor when that was too long ago", async () => {
    const unpublished = open();
    expect(unpublished.known()).toBe(false);
    await unpublished.look();
    wire.clock.advance(limits.unpublishedLookAgeMs);
    expect(unpublished.known()).toBe(true);
    wire.clock.advance(1);
    expect(unpublished.known()).toBe(false);
  });

  it("is not known when there is too much of it", async () => {
    const unpublished = open();
    await wire.emit(...Array.from({ length: limits.unpublishedPositionsMax + 1 }, (_, i) => `SKU-${i}`));
    await unpublished.look();
    expect(unpublished.known()).toBe(false);
  });
});
