/**
 * Metrics as a scraper reads them: every sample by its name and labels.
 */
import type { Metrics } from "../../shared/metrics/metrics.ts";

export type Samples = Readonly<Record<string, number>>;

export async function valuesOf(metrics: Pick<Metrics, "text">): Promise<Samples> {
  return samplesOf(await metrics.text());
}

export function samplesOf(text: string): Samples {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1).replace("+Inf", "Infinity"))];
    }),
  );
}
