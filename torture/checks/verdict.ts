/**
 * What a run found, by invariant: each is listed, whether anything breaks it or not.
 *
 * Pure: findings in, lines and an exit code out.
 */
export const invariants = {
  I1: "conservation: the journals explain every balance, and positions are their owners' figures (I9)",
  I2: "no oversell",
  I3: "one effect per key and per fact, and every copy gets the same reply",
  I4: "every write gets a definite reply in the end",
  I6: "no event is lost",
  I7: "no event is published that was not committed",
  I11: "a subscriber who comes back with its cursor misses nothing",
  I12: "the audit is sealed, unbroken, and has a row for every key",
  BACK: "everything follows again within 15 s of each fault's end",
  HANG: "no request hangs longer than its deadline and 5 s",
  LIFE: "no process ends by itself, and each that is told to stop ends well",
  ROLL: "no request fails while processes, or Redis, are restarted one after the other",
} as const;

export type Invariant = keyof typeof invariants;

export type Findings = Partial<Record<Invariant, readonly string[]>>;

const shownMax = 5;

export function verdictLines(findings: Findings): string[] {
  return Object.entries(invariants).flatMap(([name, promise]) => {
    const found = findings[name as Invariant];
    if (found === undefined) return [`${name.padEnd(5)} not looked at: ${promise}`];
    const shown = found.slice(0, shownMax).map((what) => `      ${what}`);
    const more = found.length > shownMax ? [`      and ${found.length - shownMax} more`] : [];
    return [`${name.padEnd(5)} ${found.length === 0 ? "holds" : "BROKEN"}: ${promise}`, ...shown, ...more];
  });
}

export function isBroken(findings: Findings): boolean {
  return Object.values(findings).some((found) => found.length > 0);
}

export function merge(...all: readonly Findings[]): Findings {
  const merged: Partial<Record<Invariant, string[]>> = {};
  for (const findings of all) {
    for (const [name, found] of Object.entries(findings)) {
      const key = name as Invariant;
      merged[key] = [...(merged[key] ?? []), ...found];
    }
  }
  return merged;
}
