/**
 * Three times as much as can be done, for SECONDS: who is let in is answered in bounded time, the rest is told at once
 * to come back, and afterwards all is as before.
 *
 * The gateway is a process of its own. Questions are dear and never kept, so that few of them fill it; how many it
 * answers a second is measured first, because everything else is judged by that.
 */
import { Agent, request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../shared/limits.ts";
import { type Door, openDoor } from "../helpers/fuzzed-door.ts";
import { isLongRun, secondCount } from "../helpers/rush.ts";

const items = 200;
const query = `{ stockPositions(first: 100) { nodes { sku product { name } location { name }
  availability { availableToSell terms { name quantity } } physical { onHand } book { onHand } returns { quarantined } } } }`;
const callers = 16;
const tickMs = 20;
/** How long a person waits for all to be as before. */
const patienceMs = 30_000;

interface Answer {
  readonly status: number;
  readonly tookMs: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

// How much can be done is only known on a machine that does nothing else.
describe.skipIf(!isLongRun)("three times as much as can be done (needs SECONDS)", () => {
  let door: Door;
  const agent = new Agent({ keepAlive: true });
  beforeAll(async () => {
    door = await openDoor(items);
  }, 120_000);
  afterAll(async () => {
    agent.destroy();
    await door.stop();
  });

  it(`for ${secondCount} s`, async ({ annotate }) => {
    await atCapacity(1_000);
    const before = await atCapacity(2_000);
    expect(before.refused).toBe(0);
    const all = await atRate(before.perSecond * 3, secondCount * 1_000);
    const accepted = all.filter(({ status }) => status === 200).map(({ tookMs }) => tookMs);
    const refused = all.filter(({ status }) => status === 503);
    expect(all.length - accepted.length - refused.length).toBe(0);
    for (const { retryAfter, body } of refused) {
      expect([retryAfter, JSON.parse(body).errors[0].extensions.code]).toEqual(["1", "OVERLOADED"]);
    }
    // What is let in at once after a quiet second, and then what is finished in so long.
    const boundMs = 1_000 * Math.max(limits.operationWaitS, limits.operationsAlwaysMax / before.perSecond);
    const said = `${before.perSecond.toFixed(0)}/s can be done; of ${all.length}, ${accepted.length} answered (p50
      ${at(accepted, 0.5)} ms, p99 ${at(accepted, 0.99)} ms, bound ${boundMs.toFixed(0)} ms), ${refused.length} refused (p99
      ${at(
        refused.map(({ tookMs }) => tookMs),
        0.99,
      )} ms)`.replace(/\s+/g, " ");
    const endedMs = performance.now();
    let after = await atCapacity(500);
    while (after.refused > 0 && performance.now() - endedMs < patienceMs) after = await atCapacity(500);
    await annotate(
      `${said}; as before after ${(performance.now() - endedMs).toFixed(0)} ms, ${after.perSecond.toFixed(0)}/s`,
    );
    expect(refused.length, said).toBeGreaterThan(all.length / 10);
    // Half of it again for a generator that has no processor of its own.
    expect(at(accepted, 0.99), said).toBeLessThan(1.5 * boundMs + 1_000);
    expect(after.refused).toBe(0);
  }, 600_000);

  /** So many callers, each with its next question when it has its answer. */
  async function atCapacity(forMs: number): Promise<{ perSecond: number; refused: number }> {
    const answers: Answer[] = [];
    const beganMs = performance.now();
    async function ask(): Promise<void> {
      while (performance.now() - beganMs < forMs) answers.push(await send());
    }
    await Promise.all(Array.from({ length: callers }, ask));
    const seconds = (performance.now() - beganMs) / 1_000;
    const refused = answers.filter(({ status }) => status !== 200).length;
    return { perSecond: (answers.length - refused) / seconds, refused };
  }

  /** So many questions a second, whatever becomes of them. */
  async function atRate(perSecond: number, forMs: number): Promise<Answer[]> {
    const asked: Promise<Answer>[] = [];
    const beganMs = performance.now();
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const elapsedMs = Math.min(performance.now() - beganMs, forMs);
        while (asked.length < (perSecond * elapsedMs) / 1_000) asked.push(send());
        if (elapsedMs < forMs) return;
        clearInterval(timer);
        resolve();
      }, tickMs);
    });
    return Promise.all(asked);
  }

  function send(): Promise<Answer> {
    const beganMs = performance.now();
    const body = JSON.stringify({ query });
    const headers = {
      authorization: `Bearer ${door.token}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    return new Promise((resolve, reject) => {
      const request = httpRequest(door.url, { method: "POST", agent, headers }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          if (response.statusCode !== 200) text += chunk;
        });
        response.on("error", reject);
        response.on("end", () => {
          const { statusCode: status = 0, headers: told } = response;
          resolve({ status, tookMs: performance.now() - beganMs, retryAfter: told["retry-after"], body: text });
        });
      });
      request.on("error", reject);
      request.end(body);
    });
  }
});

function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
