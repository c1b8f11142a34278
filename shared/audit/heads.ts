/**
 * Heads of the chains, written where the database's owner cannot reach them: one JSON line each, appended.
 *
 * The chain alone shows what was changed by somebody who does not compute it anew; a head that was written down shows
 * the rest, so the file (or the log, which says the same) belongs on another machine. Nothing waits for it: what cannot
 * be written is tried again a minute later.
 */
import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, isoTime } from "../clock.ts";
import { type SystemName, systemNames } from "../config.ts";
import { AppError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Logger } from "../logging.ts";
import type { Head, Seal } from "./chain.ts";

export interface HeadExport {
  /** The chain ends here now. */
  sealed(system: SystemName, last: Seal): void;
  /** Writes the newest head if it is another than the last one written, and that was long enough ago. */
  exportDue(): Promise<void>;
  /** The same, however long ago it was. */
  exportNow(): Promise<void>;
}

/** One line of the file. */
export interface ExportedHead extends Head {
  readonly system: SystemName;
  readonly sealedAt: string;
}

interface HeadExportDeps {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of one system. */
export function createHeadExport({ file, clock, log }: HeadExportDeps): HeadExport {
  let newest: ExportedHead | undefined;
  let written: ExportedHead | undefined;
  let triedAtMs = Number.NEGATIVE_INFINITY;

  async function exportNow(): Promise<void> {
    const head = newest;
    if (!head || head === written) return;
    triedAtMs = clock.now();
    try {
      await mkdir(dirname(file), { recursive: true });
      await appendFile(file, `${JSON.stringify(head)}\n`);
    } catch (error) {
      log.warn({ error, file }, "the head of the audit chain was not written; it is tried again");
      return;
    }
    log.info(head, "audit head");
    written = head;
  }

  return {
    sealed(system, { sequence, hash, sealed_at_ms }) {
      newest = { system, sequence, hash, sealedAt: isoTime(sealed_at_ms) };
    },
    async exportDue() {
      if (clock.now() - triedAtMs >= limits.auditHeadEveryMs) await exportNow();
    },
    exportNow,
  };
}

/**
 * What the file says, each system's heads by sequence. A last line without its end was cut off while it was written,
 * and counts as not written. Fails with INVALID_INPUT, naming the line.
 */
export function parseHeads(text: string): Map<SystemName, Head[]> {
  const heads = new Map<SystemName, Head[]>(systemNames.map((name) => [name, []]));
  const lines = text.split("\n");
  lines.pop();
  for (const [i, line] of lines.entries()) {
    const { system, sequence, hash } = parseHead(line, i + 1);
    heads.get(system)?.push({ sequence, hash });
  }
  for (const list of heads.values()) list.sort((a, b) => a.sequence - b.sequence);
  return heads;
}

function parseHead(line: string, number: number): Head & { readonly system: SystemName } {
  const wrong = () => new AppError("INVALID_INPUT", { message: `Line ${number} is not the head of an audit chain.` });
  let value: Partial<Record<keyof ExportedHead, unknown>> | null;
  try {
    value = JSON.parse(line);
  } catch {
    throw wrong();
  }
  const { sequence, hash } = value ?? {};
  const system = systemNames.find((name) => name === value?.system);
  if (!system || typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash)) throw wrong();
  if (typeof sequence !== "number" || !Number.isSafeInteger(sequence) || sequence < 1) throw wrong();
  return { system, sequence, hash };
}
