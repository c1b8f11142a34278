/**
 * The proxy does what its faults are named after, and nothing else: order and bytes stay as they were.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openWay, type Way } from "../../../torture/proxy.ts";

let echo: Server;
let way: Way;
const clients: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(echo, "listening");
  way = await openWay((echo.address() as { port: number }).port);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await way.close();
  echo.close();
});

function dial() {
  const socket = connect({ port: way.port, host: "127.0.0.1" });
  clients.push(socket);
  let heard = "";
  const ended: string[] = [];
  socket.on("data", (chunk) => {
    heard += chunk;
  });
  socket.on("error", (error) => ended.push((error as NodeJS.ErrnoException).code ?? ""));
  socket.on("close", () => ended.push("closed"));
  return { say: (text: string) => socket.write(text), heard: () => heard, ended };
}
const soon = (check: () => void) => vi.waitFor(check, { timeout: 3_000, interval: 5 });

it("open, slow and stalled ways lose nothing and keep the order", async () => {
  const client = dial();
  client.say("1");
  await soon(() => expect(client.heard()).toBe("1"));
  way.set("slow");
  client.say("2");
  await soon(() => expect(client.heard()).toBe("12"));
  way.set("stalled");
  client.say("3");
  client.say("4");
  const other = dial();
  other.say("x");
  way.set("open");
  await soon(() => expect([client.heard(), other.heard()]).toEqual(["1234", "x"]));
});

it("a half-open way swallows without a word, and is reset when it is whole again", async () => {
  const client = dial();
  client.say("1");
  await soon(() => expect(client.heard()).toBe("1"));
  way.set("halfOpen");
  client.say("2");
  await soon(() => expect(way.swallowed()).toBe(1));
  expect([client.heard(), client.ended]).toEqual(["1", []]);
  way.set("open");
  await soon(() => expect(client.ended.at(-1)).toBe("closed"));
  expect(client.heard()).toBe("1");
});

it("a cut way ends what there is and lets nobody in; a reset one lets others in", async () => {
  const client = dial();
  client.say("1");
  await soon(() => expect(client.heard()).toBe("1"));
  way.set("cut");
  const late = dial();
  await soon(() => expect([client.ended.at(-1), late.ended.at(-1)]).toEqual(["closed", "closed"]));
  way.set("open");
  const next = dial();
  next.say("2");
  await soon(() => expect(next.heard()).toBe("2"));
  way.reset();
  await soon(() => expect(next.ended.at(-1)).toBe("closed"));
});
