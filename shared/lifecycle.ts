/**
 * Start in order, stop in the reverse order, once.
 *
 * A part that fails to start stops what had started before it. `stop` may be called any number of times and at any
 * moment, also while `start` is still running; every call waits for the one stop there is.
 */
import { AppError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Logger } from "./logging.ts";

export interface Part {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface Rounds {
  readonly name: string;
  readonly everyMs: number;
  readonly log: Logger;
  readonly round: () => Promise<unknown>;
}

/**
 * Work that is done again and again. A round that takes longer than the interval is not joined by another, one that
 * fails is logged and the next one tries again, and `stop` waits for the round under way.
 */
export function createRounds({ name, everyMs, log, round }: Rounds): Part {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> | undefined;
  const run = () => {
    running ??= round()
      .catch((error) => log.warn({ error, part: name }, "a round failed; it is tried again"))
      .finally(() => {
        running = undefined;
      });
  };
  return {
    name,
    async start() {
      timer = setInterval(run, everyMs);
    },
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

export interface Lifecycle {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createLifecycle(parts: readonly Part[], log: Logger): Lifecycle {
  const started: Part[] = [];
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;

  async function startAll() {
    for (const part of parts) {
      if (stopping) return;
      await part.start();
      started.push(part);
    }
  }

  async function stopAll() {
    await starting?.catch(() => {});
    for (const part of started.reverse()) {
      try {
        await part.stop();
      } catch (error) {
        log.error({ error, part: part.name }, "a part did not stop cleanly");
      }
    }
    started.length = 0;
  }

  const lifecycle: Lifecycle = {
    start() {
      starting ??= startAll();
      return starting.catch(async (error) => {
        await lifecycle.stop();
        throw error;
      });
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
  return lifecycle;
}

/**
 * Lines of parts that know nothing of each other: started one after the other, stopped at the same time, so that a
 * server which is silent is waited for once and not once a line.
 */
export function sideBySide(name: string, lines: readonly (readonly Part[])[], log: Logger): Part {
  const lives = lines.map((parts) => createLifecycle(parts, log));
  const stop = async () => void (await Promise.all(lives.map((life) => life.stop())));
  return {
    name,
    async start() {
      try {
        for (const life of lives) await life.start();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

/**
 * SIGTERM and SIGINT stop the lifecycle, then the process; a second signal ends it at once. So does an end that takes
 * longer than all of it may: what was not finished is in the databases, and others go on with it.
 */
export function stopOnSignal(lifecycle: Lifecycle, log: Logger, { stopNoticeMs }: { stopNoticeMs: number }): void {
  let signalled = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (signalled) process.exit(1);
    signalled = true;
    log.info({ signal }, "stopping");
    setTimeout(
      () => {
        log.error({ signal }, "the process did not stop in time");
        process.exit(1);
      },
      stopNoticeMs + limits.drainMs + limits.stopRestMs,
    );
    lifecycle.stop().then(
      () => process.exit(0),
      (error) => {
        log.error({ error }, "stop failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

/** A process's whole life: what `main` fails with is said in one line, and the process ends with 1. */
export function runMain(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    process.stderr.write(`${failureText(error)}\n`);
    process.exit(1);
  });
}

/** What a person can act on gets one line; a defect keeps its stack. */
export function failureText(error: unknown): string {
  if (error instanceof AppError) return `${error.code}: ${error.message}`;
  const { code, message, stack } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE" || code === "EACCES") return `CONFIG_INVALID: HOST and PORT cannot be used: ${message}.`;
  return String(stack ?? error);
}
