/**
 * Wall-clock time in the United Kingdom → UTC.
 *
 * Summer time runs from the last Sunday of March to the last Sunday of October, changing at 01:00 UTC (the rule since
 * 1996). The hour that October repeats is read as summer time. Says nothing about other zones.
 */
const hourMs = 3_600_000;

/** `2011-05-01 10:51:00` → `2011-05-01T09:51:00Z`; undefined where it is not such a text. */
export function londonToUtc(local: string): string | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(local);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const asUtcMs = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC carries over: 31 February would become 3 March.
  if (isoSeconds(asUtcMs) !== `${local.replace(" ", "T")}Z`) return undefined;
  const summerStartsMs = lastSundayMs(year, 2) + hourMs;
  const summerEndsMs = lastSundayMs(year, 9) + hourMs;
  const summerMs = asUtcMs - hourMs;
  return isoSeconds(summerMs >= summerStartsMs && summerMs < summerEndsMs ? summerMs : asUtcMs);
}

/** Midnight UTC of the last Sunday of a month that has 31 days. */
function lastSundayMs(year: number, monthIndex: number): number {
  const last = new Date(Date.UTC(year, monthIndex, 31));
  return last.getTime() - last.getUTCDay() * 24 * hourMs;
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
