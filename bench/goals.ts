/**
 * The goals P1–P10: what is measured, in which unit, and what it has to reach.
 *
 * Demands are data, so that table, JSON, picture and verdict say the same. Ratios are to what was measured in the same
 * run: figures of two runs, or of two machines, are not compared.
 */
export type GoalId = "P1" | "P2" | "P3" | "P4" | "P5" | "P6" | "P7" | "P8" | "P9" | "P10";

/** A bound on the figure itself, on a ratio, or on one of the other figures. */
export type Demand = { readonly atLeast: number } | { readonly atMost: number };
export type Subject = { readonly of: "figure" } | { readonly of: "ratio" | "also"; readonly name: string };

export interface Goal {
  readonly id: GoalId;
  readonly work: string;
  readonly unit: string;
  readonly demands: readonly (Subject & Demand)[];
}

const ratio = (name: string, atLeast: number) => ({ of: "ratio", name, atLeast }) as const;
const also = (name: string, atMost: number) => ({ of: "also", name, atMost }) as const;

export const goals: Readonly<Record<GoalId, Goal>> = {
  P1: {
    id: "P1",
    work: "hot: the same question again",
    unit: "requests/s",
    demands: [ratio("raw", 0.7), ratio("apolloGateway", 100)],
  },
  P2: {
    id: "P2",
    work: "warm: 5 random SKUs × 2 locations, positions known to the process",
    unit: "requests/s",
    demands: [ratio("raw", 0.25), ratio("apolloConstants", 2)],
  },
  P3: {
    id: "P3",
    work: "cold: the same, by a process that has just started",
    unit: "requests/s",
    demands: [ratio("raw", 0.08)],
  },
  P4: {
    id: "P4",
    work: "federated: 10 positions seen by all four owners over HTTP",
    unit: "requests/s",
    demands: [ratio("apolloGateway", 1.5), ratio("hiveGateway", 1)],
  },
  P5: {
    id: "P5",
    work: "push: commit → 1,000 subscribers, 200 changes/s",
    unit: "ms p99",
    demands: [{ of: "figure", atMost: 50 }, also("lost", 0)],
  },
  P6: {
    id: "P6",
    work: "reserve: one hot SKU, 512 callers",
    unit: "reservations/s",
    demands: [ratio("naiveTransaction", 20), also("oversold", 0), also("p99Ms", 50)],
  },
  P7: {
    id: "P7",
    work: "intake: recordStockEvents, 500 at a time, committed and projected",
    unit: "events/s",
    demands: [{ of: "figure", atLeast: 6_000 }, also("lagP99Ms", 1_000)],
  },
  P8: {
    id: "P8",
    work: "growth: warm and reserve, small data against large",
    unit: "of the small one",
    demands: [{ of: "figure", atLeast: 0.8 }, also("memoryMiB", 512)],
  },
  P9: {
    id: "P9",
    work: "start: data there → ready",
    unit: "s",
    demands: [{ of: "figure", atMost: 3 }, also("firstStartS", 10)],
  },
  P10: {
    id: "P10",
    work: "staleness: commit → every replica answers with it",
    unit: "ms p99",
    demands: [{ of: "figure", atMost: 250 }, also("slowestMs", 1_000)],
  },
};
