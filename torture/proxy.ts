/**
 * A TCP proxy in front of one server for one process, whose way can be made slow, cut, reset, stalled or half open.
 *
 * Bytes are never changed and never change their order; what a half-open way swallowed is never made up for: such a
 * connection is reset once the way is whole again. Knows nothing of what is said over it.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** open: as if it were not there. stalled: what is sent arrives later. halfOpen: what is sent is gone, unnoticed. */
export type WayMode = "open" | "slow" | "cut" | "stalled" | "halfOpen";

export interface Way {
  readonly port: number;
  set(mode: WayMode): void;
  /** Resets every connection; new ones may come. */
  reset(): void;
  /** Bytes that half-open ways have swallowed so far. */
  swallowed(): number;
  /** Connections that came to nothing so far: the way was cut, or nobody was there. */
  turnedAway(): number;
  close(): Promise<void>;
}

const slowMs = 120;

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Has something been swallowed? */
  lossy: boolean;
}

/** What the connections of a way have in common. */
interface State {
  mode: WayMode;
  /** Resolves when it is stalled no more. */
  passable: Promise<void>;
  readonly pairs: Set<Pair>;
  swallowed: number;
  turnedAway: number;
}

export async function openWay(toPort: number): Promise<Way> {
  const state: State = { mode: "open", passable: Promise.resolve(), pairs: new Set(), swallowed: 0, turnedAway: 0 };
  let letPass = () => {};
  const server = createServer((near) => {
    if (state.mode === "cut") {
      state.turnedAway += 1;
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: toPort, host: "127.0.0.1" });
    const onRefused = () => {
      state.turnedAway += 1;
    };
    far.once("error", onRefused);
    far.once("connect", () => far.off("error", onRefused));
    const pair = { near, far, lossy: false };
    state.pairs.add(pair);
    for (const socket of [near, far]) socket.setNoDelay(true);
    carry(state, pair, near, far);
    carry(state, pair, far, near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  function end(which: (pair: Pair) => boolean): void {
    for (const pair of state.pairs) {
      if (!which(pair)) continue;
      state.pairs.delete(pair);
      for (const socket of [pair.near, pair.far]) socket.resetAndDestroy();
    }
  }

  return {
    port: address.port,
    set(next) {
      state.mode = next;
      letPass();
      if (next === "stalled") {
        state.passable = new Promise((resolve) => {
          letPass = resolve;
        });
      }
      if (next === "cut") end(() => true);
      if (next === "open") end((pair) => pair.lossy);
    },
    reset: () => end(() => true),
    swallowed: () => state.swallowed,
    turnedAway: () => state.turnedAway,
    async close() {
      letPass();
      end(() => true);
      server.close();
      await once(server, "close");
    },
  };
}

/** One direction of one connection. */
function carry(state: State, pair: Pair, from: Socket, to: Socket): void {
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = (work: () => unknown) => {
    last = last.then(async () => {
      if (state.mode === "stalled") await state.passable;
      if (state.mode === "slow") await wait(slowMs);
      work();
    });
  };
  from.on("data", (chunk: Buffer) => {
    if (state.mode === "halfOpen") {
      pair.lossy = true;
      state.swallowed += chunk.length;
      return;
    }
    inOrder(() => {
      if (!to.destroyed && !to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    });
  });
  from.on("error", () => to.destroy());
  from.on("close", () => {
    // Over a half-open way the other end does not hear of it until the way is whole again.
    if (state.mode === "halfOpen") {
      pair.lossy = true;
      return;
    }
    inOrder(() => {
      state.pairs.delete(pair);
      to.destroy();
    });
  });
}
