/**
 * Who keeps how much of what is protected when there is not enough for every protection.
 *
 * By priority first; within one priority by Webster/Sainte-Laguë, because with the largest remainder method one more
 * unit in stock could lower a channel's share. What a channel has reserved counts as already given to it: reserving
 * one's own protection therefore takes nothing from anybody else's. Exact integers, the same answer every time.
 */

/** What one channel may claim. Integers in base units. */
export interface ProtectionClaim {
  /** Lower numbers are served first. */
  readonly priority: number;
  readonly protection: number;
  /** How much of the protection its own reservations have used; more than `protection` counts as all of it. */
  readonly consumed: number;
}

/**
 * The units kept for each claim, in the order of `claims`: between 0 and what is left of its protection, together
 * never more than `available`. `claims` come by ascending priority; a tie goes to the earlier one.
 *
 * Properties: more `available` never lowers a share; using d units of a claim together with d of `available` leaves
 * every other share as it is, as long as d is within the claim's own share.
 */
export function rationProtections(available: number, claims: readonly ProtectionClaim[]): number[] {
  const shares = claims.map(unusedOf);
  let left = Math.max(0, available);
  for (let from = 0; from < claims.length; ) {
    const to = endOfPriority(claims, from);
    let wanted = 0;
    for (let i = from; i < to; i++) wanted += shares[i] ?? 0;
    if (wanted > left) {
      const rationed = to - from === 1 ? [left] : webster(left, claims.slice(from, to));
      for (let i = from; i < to; i++) shares[i] = rationed[i - from] ?? 0;
      wanted = left;
    }
    left -= wanted;
    from = to;
  }
  return shares;
}

function unusedOf(claim: ProtectionClaim): number {
  return Math.max(0, claim.protection - Math.max(0, claim.consumed));
}

function endOfPriority(claims: readonly ProtectionClaim[], from: number): number {
  let to = from + 1;
  while (to < claims.length && claims[to]?.priority === claims[from]?.priority) to++;
  return to;
}

/** 2^-40 of a protection of 2^31 units is far less than one unit. */
const bisections = 40;

/**
 * Webster's method hands out unit after unit, the next one always to the claim with the highest
 * `protection / (2 × units it has + 1)`, consumed units included. One by one that takes as long as there are units;
 * but all units above a common height x are `round(protection × x)` per claim, so x is bisected first, and only the
 * last few units are compared exactly. Called with `house` below the sum of what the claims want.
 */
function webster(house: number, claims: readonly ProtectionClaim[]): number[] {
  let low = 0;
  let high = 1;
  for (let step = 0; step < bisections; step++) {
    const middle = (low + high) / 2;
    let units = 0;
    for (const claim of claims) units += unitsAt(middle, claim);
    if (units <= house) low = middle;
    else high = middle;
  }
  // Floats may be wrong about the last unit of a claim, never about the one before it: give that one back.
  const shares = claims.map((claim) => Math.max(0, unitsAt(low, claim) - 1));
  let left = house;
  for (const share of shares) left -= share;
  for (; left > 0; left--) {
    const next = nextInLine(claims, shares);
    shares[next] = (shares[next] ?? 0) + 1;
  }
  return shares;
}

/** Units of the claim, beyond the consumed ones, that lie above the height x. */
function unitsAt(x: number, claim: ProtectionClaim): number {
  const reached = Math.min(Math.round(claim.protection * x), claim.protection);
  return Math.max(0, reached - Math.max(0, claim.consumed));
}

function nextInLine(claims: readonly ProtectionClaim[], shares: readonly number[]): number {
  let best = -1;
  let bestProtection = 0;
  let bestDivisor = 1;
  claims.forEach((claim, i) => {
    const share = shares[i] ?? 0;
    if (share >= unusedOf(claim)) return;
    const divisor = 2 * (Math.max(0, claim.consumed) + share) + 1;
    if (best >= 0 && !isGreater(claim.protection, divisor, bestProtection, bestDivisor)) return;
    best = i;
    bestProtection = claim.protection;
    bestDivisor = divisor;
  });
  return best;
}

/** a/b > c/d, exactly. */
function isGreater(a: number, b: number, c: number, d: number): boolean {
  const left = a * d;
  const right = c * b;
  if (left <= Number.MAX_SAFE_INTEGER && right <= Number.MAX_SAFE_INTEGER) return left > right;
  return BigInt(a) * BigInt(d) > BigInt(c) * BigInt(b);
}
