/**
 * How much the sources of a position can still be trusted, and what the channel's policy makes of it.
 *
 * The longer a source is silent the less is promised, never more. A gap in its events counts as unreachable.
 * Does not measure anything: ages come from the caller's clock and heartbeats.
 */
import { type DegradedMode, type DegradedPolicy, degradedModes } from "./policy.ts";
import { hasDataFrom, type Position, type SourceSystem, sourceSystems } from "./position.ts";

export type Confidence = "FRESH" | "STALE" | "DEGRADED" | "UNKNOWN";

export interface SourceFreshness {
  /** The later of what the source last said about the position and its last heartbeat; null: never heard of. */
  readonly asOfMs: number | null;
  /** Events of the source are known to be missing for this position. */
  readonly gap: boolean;
  /** Of the last event of the source applied to the position; 0 when there was none. */
  readonly version: number;
}

export type Freshness = Readonly<Record<SourceSystem, SourceFreshness>>;

export interface SourceStatus {
  readonly system: SourceSystem;
  readonly asOfMs: number | null;
  readonly ageMs: number | null;
  readonly version: number;
  readonly gap: boolean;
  /**
   * STALE: older than T1. DEGRADED: older than T2, or events are missing. UNKNOWN: never heard of, and nothing in the
   * position comes from it; it weighs like STALE, since nothing is known to be missing.
   */
  readonly status: Confidence;
  /** Base units held back because the source is not fresh. */
  readonly heldBack: number;
  /** What the policy says to do about it; null while the source can be reached. */
  readonly mode: DegradedMode | null;
}

export interface SourcesVerdict {
  /** In the order of `sourceSystems`. */
  readonly sources: readonly SourceStatus[];
  readonly confidence: Exclude<Confidence, "UNKNOWN">;
  /** The strictest mode that applies; null while every source can be reached. */
  readonly mode: DegradedMode | null;
  /** An error code and a sentence about the worst source; null when all are fresh. */
  readonly reason: string | null;
  /** Everything the sources said up to here is in the position; null when none was ever heard. */
  readonly asOfMs: number | null;
}

export function judgeSources(
  position: Position | null,
  freshness: Freshness,
  policies: Readonly<Record<SourceSystem, DegradedPolicy>>,
  nowMs: number,
): SourcesVerdict {
  const sources: SourceStatus[] = [];
  let worst: SourceStatus | null = null;
  let asOfMs: number | null = null;
  for (const system of sourceSystems) {
    const source = statusOf(system, position, freshness[system], policies[system], nowMs);
    sources.push(source);
    if (severity(source) > (worst ? severity(worst) : 0)) worst = source;
    if (source.asOfMs !== null && (asOfMs === null || source.asOfMs < asOfMs)) asOfMs = source.asOfMs;
  }
  return {
    sources,
    confidence: worst === null ? "FRESH" : worst.mode === null ? "STALE" : "DEGRADED",
    mode: worst?.mode ?? null,
    reason: worst && reasonOf(worst),
    asOfMs,
  };
}

function statusOf(
  system: SourceSystem,
  position: Position | null,
  { asOfMs, gap, version }: SourceFreshness,
  policy: DegradedPolicy,
  nowMs: number,
): SourceStatus {
  const ageMs = asOfMs === null ? null : Math.max(0, nowMs - asOfMs);
  const missed = gap || version > 0 || (ageMs === null && position !== null && hasDataFrom(position, system));
  const status = ageMs === null && !missed ? "UNKNOWN" : statusAt(ageMs, gap, policy);
  return {
    system,
    asOfMs,
    ageMs,
    version,
    gap,
    status,
    heldBack: status === "FRESH" ? 0 : policy.staleBuffer,
    mode: status === "DEGRADED" ? policy.mode : null,
  };
}

function statusAt(ageMs: number | null, gap: boolean, policy: DegradedPolicy): Confidence {
  if (ageMs === null || ageMs > policy.unreachableAfterMs || gap) return "DEGRADED";
  return ageMs > policy.staleAfterMs ? "STALE" : "FRESH";
}

/** 0: nothing to worry about; then stale or unheard of; then by the strictness of the mode. */
function severity(source: SourceStatus): number {
  if (source.mode !== null) return 2 + degradedModes.indexOf(source.mode);
  return source.status === "FRESH" ? 0 : 1;
}

const names: Readonly<Record<SourceSystem, string>> = { erp: "ERP", wms: "WMS", returns: "Returns desk" };

function reasonOf(source: SourceStatus): string {
  const applied = source.mode === null ? "" : ` (${source.mode})`;
  if (source.gap) return `SOURCE_GAP: events of the ${names[source.system]} are missing${applied}`;
  const since = source.ageMs === null ? "yet" : `for ${durationText(source.ageMs)}`;
  return `SOURCE_STALE: ${names[source.system]} has not reported ${since}${applied}`;
}

/** In the largest unit that fits, rounded down: `45 s`, `5 min`, `2 h`, `3 d`. */
function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
