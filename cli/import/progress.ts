/**
 * A progress bar for a person who watches: one line on a terminal, nothing anywhere else.
 *
 * Only the kinds of items that a stage names move its bar.
 */
import type { Kind } from "./loader.ts";

export interface Progress {
  /** Begins a stage: `total` items of these kinds. The stage before has ended. */
  stage(label: string, kinds: readonly Kind[], total: number): void;
  /** Items of a kind that the stage does not count leave the bar as it is. */
  advance(kind: Kind, items: number): void;
  /** Clears the line, so that what is printed next stands alone. */
  clear(): void;
}

export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const width = 30;

export function createProgress(terminal: Terminal): Progress {
  if (!terminal.isTTY) return { stage: () => {}, advance: () => {}, clear: () => {} };
  let label = "";
  let counted: readonly Kind[] = [];
  let total = 0;
  let done = 0;
  let shown = "";
  const show = () => {
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const filled = Math.round(share * width);
    const line = `${"█".repeat(filled)}${"░".repeat(width - filled)} ${Math.floor(share * 100)} % ${label}`;
    // The same picture again would only make the terminal flicker.
    if (line !== shown) terminal.write(`\r\u001b[2K${line}`);
    shown = line;
  };
  return {
    stage(name, kinds, items) {
      label = name;
      counted = kinds;
      total = items;
      done = 0;
      show();
    },
    advance(kind, items) {
      if (!counted.includes(kind)) return;
      done += items;
      show();
    },
    clear() {
      terminal.write("\r\u001b[2K");
      shown = "";
    },
  };
}
