/**
 * What `npm start` tells a person once the demo is ready: where it is, who can sign in, and a first question to ask.
 *
 * Pure: returns the text and prints nothing. Each token is on one line of its own, whole, to be copied.
 */
import type { PersonaId } from "./personas.ts";
import { personas } from "./personas.ts";

export const bannerPersonas = ["storefront", "crm", "portal", "planner"] as const satisfies readonly PersonaId[];

export interface BannerFacts {
  /** Of the GraphQL endpoint, e.g. `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  readonly tokens: Readonly<Record<(typeof bannerPersonas)[number], string>>;
  readonly products: number;
  readonly locations: number;
  readonly channels: number;
  readonly example: { readonly sku: string; readonly locationId: string };
}

export function banner(facts: BannerFacts): string {
  const { url, tokens, products, locations, channels, example } = facts;
  const query = firstQuery(example);
  return [
    "",
    `Demo distributor: ${products} products, ${locations} locations, ${channels} channels.`,
    `GraphiQL  ${new URL("/", url).href}`,
    `GraphQL   ${url}`,
    "",
    "Tokens (header: Authorization: Bearer TOKEN)",
    ...bannerPersonas.flatMap((id) => [`${id} (${personas[id].title})`, tokens[id]]),
    "",
    "How many can the web shop sell, and why? No token needed. Paste into GraphiQL:",
    query,
    "",
    "or into a terminal:",
    curlCommand(url, query),
    "",
  ].join("\n");
}

/** The README's first query. */
export function firstQuery({ sku, locationId }: BannerFacts["example"]): string {
  const position = `skus: [${JSON.stringify(sku)}], locationIds: [${JSON.stringify(locationId)}]`;
  return `{ availability(${position}) { availableToSell net protectedForOthers confidence terms { name quantity source } sources { system status ageMs } } }`;
}

/** For a POSIX shell. */
export function curlCommand(url: string, query: string): string {
  return `curl -s ${quoted(url)} -H 'content-type: application/json' -d ${quoted(JSON.stringify({ query }))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
