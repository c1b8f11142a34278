/**
 * Bytes by chance at the door: requests, handshakes and frames of which some bytes are others. The gateway closes, or
 * answers, in time; it neither crashes nor waits, and answers others as before.
 *
 * BYTES=10000000 sends that many, from SEED on, and demands that no turn of the event loop takes 200 ms.
 */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Chance, chanceFrom } from "../helpers/fuzzed-documents.ts";
import { type Door, openDoor } from "../helpers/fuzzed-door.ts";
import { doorBytes, isFullFuzz, seed } from "../helpers/rush.ts";

const atOnce = 8;
/** Nothing more comes from us: until then the gateway may wait for it, and then it may not. */
const silenceMs = 15_000;

describe("bytes by chance", () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor();
  }, 120_000);
  afterAll(() => door.stop());

  it(`${doorBytes} of them end in answers and closed connections`, async ({ annotate }) => {
    const chance = chanceFrom(seed);
    const originals = conversations(new URL(door.url), door.token);
    const answers = new Map<string, number>();
    let sent = 0;
    let count = 0;
    const lookEvery = doorBytes / 20;
    let nextLook = lookEvery;
    async function sendSome(): Promise<void> {
      while (sent < doorBytes) {
        const bytes = mutated(originals[count++ % originals.length] as Buffer, chance);
        sent += bytes.length;
        if (sent >= nextLook) {
          nextLook += lookEvery;
          await door.look();
        }
        const answer = await converse(new URL(door.url), bytes, chance);
        const kind = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? (answer === "" ? "closed" : "something else");
        answers.set(kind, (answers.get(kind) ?? 0) + 1);
        expect(answer).not.toContain('"INTERNAL"');
      }
    }
    await door.look();
    await Promise.all(Array.from({ length: atOnce }, sendSome));
    const said = [...answers].map(([kind, times]) => `${kind} ${times}`).join(", ");
    for (const kind of ["200", "400", "101"]) expect(answers.get(kind), said).toBeGreaterThan(0);
    expect(answers.get("500"), said).toBeUndefined();
    expect(answers.get("something else"), said).toBeUndefined();
    const headers = { "content-type": "application/json", authorization: `Bearer ${door.token}` };
    const reply = await fetch(door.url, { method: "POST", headers, body: '{"query":"{ locations { id } }"}' });
    expect(((await reply.json()) as { data: { locations: unknown[] } }).data.locations.length).toBeGreaterThan(0);
    await annotate(`bytes from seed ${seed}: ${said}; ${await door.judge(isFullFuzz ? 200 : 5_000)}`);
  }, 3_600_000);
});

/** What clients really send, byte for byte. */
function conversations({ host }: URL, token: string): Buffer[] {
  const query = '{ availability(skus: ["OWL-1"], locationIds: ["EAST"]) { availableToSell confidence } }';
  const head = (first: string, more: readonly string[]) =>
    [first, `Host: ${host}`, `Authorization: Bearer ${token}`, ...more, "", ""].join("\r\n");
  const json = JSON.stringify({ query, variables: { a: [1, "ü"] }, operationName: null });
  const type = "Content-Type: application/json";
  const length = `Content-Length: ${Buffer.byteLength(json)}`;
  const chunks = `${json.length.toString(16)}\r\n${json}\r\n0\r\n\r\n`;
  const upgrade = head("GET /graphql HTTP/1.1", [
    ...["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
    ...["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: graphql-transport-ws"],
  ]);
  const messages = [
    { type: "connection_init", payload: { authorization: `Bearer ${token}` } },
    { id: "1", type: "subscribe", payload: { query } },
    { id: "2", type: "subscribe", payload: { query: "subscription { stockChanged { sku cursor } }" } },
    { type: "ping" },
    { id: "2", type: "complete" },
  ].map((message) => frame(Buffer.from(JSON.stringify(message))));
  const edi =
    "ISA*00*          *00*          *ZZ*A              *ZZ*B              *260301*0800*U*00401*000000001*0*P*>~";
  return [
    Buffer.from(head("POST /graphql HTTP/1.1", [type, length]) + json),
    Buffer.from(head("POST /graphql HTTP/1.1", [type, "Transfer-Encoding: chunked"]) + chunks),
    Buffer.from(head(`GET /graphql?query=${encodeURIComponent(query)} HTTP/1.1`, ["Apollo-Require-Preflight: 1"])),
    Buffer.from(head("POST /intake/x12 HTTP/1.1", ["Content-Type: text/plain", `Content-Length: ${edi.length}`]) + edi),
    Buffer.from(head("OPTIONS /graphql HTTP/1.1", ["Origin: https://shop.example"])),
    Buffer.concat([Buffer.from(upgrade), ...messages]),
    Buffer.concat([Buffer.from(upgrade), frame(randomBytes(200), 2), frame(Buffer.alloc(2), 8)]),
  ];
}

/** A masked frame of a client. */
function frame(payload: Buffer, opcode = 1): Buffer {
  const mask = Buffer.from([1, 2, 3, 4]);
  const long = payload.length > 125;
  const head = Buffer.from(
    long
      ? [0x80 | opcode, 0x80 | 126, payload.length >> 8, payload.length & 255]
      : [0x80 | opcode, 0x80 | payload.length],
  );
  return Buffer.concat([head, mask, payload.map((byte, i) => byte ^ (mask[i % 4] as number))]);
}

/** Some bytes are others, gone, or there twice; often near the end, so that the beginning is understood. */
function mutated(original: Buffer, chance: Chance): Buffer {
  let bytes = Buffer.from(original);
  for (let n = chance(4); n > 0; n--) {
    const at = chance(2) === 0 ? chance(bytes.length) : Math.floor(bytes.length / 2) + chance(bytes.length / 2);
    const how = chance(4);
    if (how === 0) bytes[at] = chance(256);
    else if (how === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + chance(8))]);
    else if (how === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at - chance(40)), bytes.subarray(at)]);
    else bytes = bytes.subarray(0, at + 1);
  }
  return bytes;
}

/** Sends it in some pieces, ends, and resolves with the beginning of the answer when the other end has closed. */
function converse({ hostname, port }: URL, bytes: Buffer, chance: Chance): Promise<string> {
  const cut = chance(bytes.length + 1);
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
      socket.write(bytes.subarray(0, cut));
      setImmediate(() => socket.end(bytes.subarray(cut)));
    });
    socket.setTimeout(silenceMs, () => reject(new Error(`still open: ${JSON.stringify(String(bytes))}`)));
    socket.on("data", (chunk) => {
      if (answer.length < 65_536) answer += chunk.toString("latin1");
    });
    // A reset is an end as well.
    socket.on("error", () => resolve(answer));
    socket.on("end", () => socket.destroy());
    socket.on("close", () => resolve(answer));
  });
}
