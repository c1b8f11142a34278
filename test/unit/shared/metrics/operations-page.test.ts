/**
 * docs/operations.md, the alert rules and the dashboard speak of metrics that exist, and of all of them.
 */
import { describe, expect, it } from "vitest";
import { type Definition, definitions } from "../../../../shared/metrics/definitions.ts";
import { createMetrics } from "../../../../shared/metrics/metrics.ts";
import { readText } from "../../../helpers/repository.ts";

const page = readText("docs/operations.md");
const alerts = readText("docker/observability/alerts.yml");
const dashboard = readText("docker/observability/dashboard.json");

/** Every name that can be asked for: a histogram has three. */
async function namesThatExist(): Promise<Set<string>> {
  const text = await createMetrics().text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = "", type]) => ({ name, type }));
  return new Set(
    types.flatMap(({ name, type }) =>
      type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

const namesIn = (text: string) => [...new Set(text.match(/\b(inventory|process|nodejs)_[a-z0-9_]+\b/g) ?? [])];

/** Labels that a selector or a `by (…)` names, beside those that Prometheus adds. */
function labelsIn(expression: string): string[] {
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) => (match[1] ?? "").split(/,\s*/));
  const selected = [...expression.matchAll(/\b([a-z_]+)=~?"/g)].map((match) => match[1] ?? "");
  return [...grouped, ...selected].filter((label) => !["le", "instance", ""].includes(label));
}

function expressions(): string[] {
  const rules = [...alerts.matchAll(/expr: (?:>-\n\s+)?(.+)/g)].map((match) => match[1] ?? "");
  const { panels } = JSON.parse(dashboard) as { panels: { targets?: { expr: string }[] }[] };
  return [...rules, ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))];
}

describe("docs/operations.md", () => {
  it("has a row for every metric, saying what the registry says", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| `inventory_"));
    const expected = Object.entries<Definition>(definitions).map(([name, { type, labels, help }]) => {
      const named = labels.map((label) => `\`${label}\``).join(", ") || "–";
      return `| \`${name}\` | ${type} | ${named} | ${help} |`;
    });
    expect(rows).toEqual(expected);
  });

  it("names every alert of a promise", () => {
    const promised = [...page.matchAll(/\| `(\w+)` \|$/gm)].map((match) => match[1] ?? "");
    expect(promised.length).toBeGreaterThan(2);
    expect(promised.filter((name) => !alerts.includes(`- alert: ${name}\n`))).toEqual([]);
  });
});

describe("alerts and dashboard", () => {
  it("name only metrics that exist", async () => {
    const known = await namesThatExist();
    const named = expressions().flatMap(namesIn);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it("name only labels that those metrics have", () => {
    const wrong = expressions().flatMap((expression) => {
      const metrics = namesIn(expression).map((name) => name.replace(/_(bucket|sum|count)$/, ""));
      const labels = metrics.flatMap((name) => [...((definitions as Record<string, Definition>)[name]?.labels ?? [])]);
      return labelsIn(expression)
        .filter((label) => !labels.includes(label))
        .map((label) => `${label}: ${expression}`);
    });
    expect(wrong).toEqual([]);
  });

  it("between them look at every metric", () => {
    const all = expressions().join("\n");
    const unseen = ["inventory_reply_cache_replies", "inventory_reply_cache_bytes", "inventory_subscription_queued"];
    expect(Object.keys(definitions).filter((name) => !all.includes(name))).toEqual(unseen);
  });
});
