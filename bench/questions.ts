/**
 * The requests that the scenarios send: the same question as JSON bodies, for SKUs of a data set.
 *
 * Pure: a seed gives the same requests. Asks for nothing that depends on the time, so that every server must give the
 * same answer to the same request.
 */
import type { Random } from "../demo/random.ts";
import { type DataSet, groupCount, locationsOf, skuAt } from "./data/data-set.ts";

export const skusPerQuestion = 5;

const availabilityQuery = `query Availability($skus: [ID!]!, $locationIds: [ID!]) {
  availability(skus: $skus, locationIds: $locationIds) {
    sku locationId availableToSell net version policyVersion
  }
}`;

/** What is known of the positions of one location, by all four owners. */
const drillDownQuery = `query DrillDown($locationId: ID!, $after: String) {
  stockPositions(locationId: $locationId, first: 10, after: $after) {
    nodes {
      sku locationId version
      book { onHand committed }
      physical { onHand unrestricted damaged hold }
      returns { quarantined inInspection }
    }
  }
}`;

/** The question for SKUs that share their two locations. */
export function availabilityBody(indexes: readonly number[]): string {
  const skus = indexes.map(skuAt);
  return JSON.stringify({ query: availabilityQuery, variables: { skus, locationIds: locationsOf(indexes[0] ?? 0) } });
}

export function drillDownBody(locationId: string, after: string | null): string {
  return JSON.stringify({ query: drillDownQuery, variables: { locationId, after } });
}

/** Questions for SKUs drawn at random, again and again the same one too. */
export function randomQuestions(data: DataSet, random: Random, count: number): string[] {
  const perGroup = Math.floor(data.skuCount / groupCount);
  return Array.from({ length: count }, () => {
    const group = random.integer(0, groupCount - 1);
    const indexes = Array.from({ length: skusPerQuestion }, () => random.integer(0, perGroup - 1) * groupCount + group);
    return availabilityBody(indexes);
  });
}

/** Questions of which no two share a SKU; as many as there are SKUs for, at most `countMax`. */
export function distinctQuestions(data: DataSet, countMax: number): string[] {
  const perGroup = Math.floor(data.skuCount / groupCount / skusPerQuestion);
  const count = Math.min(countMax, perGroup * groupCount);
  return Array.from({ length: count }, (_, question) => {
    const group = question % groupCount;
    const first = Math.floor(question / groupCount);
    // Far apart, so that neighbours in an index are not asked for together.
    return availabilityBody(
      Array.from({ length: skusPerQuestion }, (_, i) => (i * perGroup + first) * groupCount + group),
    );
  });
}
