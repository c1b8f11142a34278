/**
 * What a person reads after `npm start`.
 */
import { execFileSync } from "node:child_process";
import { parse } from "graphql";
import { expect, test } from "vitest";
import { banner, bannerPersonas, curlCommand, firstQuery } from "../../../demo/banner.ts";
import { personas } from "../../../demo/personas.ts";

const tokens = { storefront: "tok.store.1", crm: "tok.crm.2", portal: "tok.portal.3", planner: "tok.planner.4" };
const example = { sku: "MCB-C6", locationId: "LEEDS" };
const url = "http://127.0.0.1:4000/graphql";
const text = banner({ url, tokens, example, products: 323, locations: 6, channels: 3 });

test("the banner names the address and gives every token whole, on a line of its own", () => {
  const lines = text.split("\n");
  expect(lines).toContain("GraphQL   http://127.0.0.1:4000/graphql");
  expect(lines).toContain("GraphiQL  http://127.0.0.1:4000/");
  for (const persona of bannerPersonas) {
    const line = lines.indexOf(tokens[persona]);
    expect(lines[line - 1]).toBe(`${persona} (${personas[persona].title})`);
  }
  expect(lines.length).toBeLessThan(25);
});

test("the query to paste is a GraphQL query about the example, with its explanation", () => {
  const query = text.split("\n").find((line) => line.startsWith("{")) ?? "";
  expect(query).toBe(firstQuery(example));
  expect(parse(query).definitions).toHaveLength(1);
  for (const field of ["availableToSell", "terms", "sources", "confidence"]) expect(query).toContain(field);
  expect(query).toContain('"MCB-C6"');
});

test("a shell hands curl exactly the query, whatever characters are in it", () => {
  const query = firstQuery({ sku: `4" o'clock $HOME \`x\``, locationId: "A B" });
  const command = curlCommand(url, query).replace(/^curl /, "printf '%s\\n' ");
  const words = execFileSync("sh", ["-c", command], { encoding: "utf8" }).trimEnd().split("\n");
  expect(words[1]).toBe(url);
  expect(JSON.parse(words.at(-1) ?? "")).toEqual({ query });
});

test("the command in the banner carries no token: the public channel needs none", () => {
  const command = text.split("\n").find((line) => line.startsWith("curl ")) ?? "";
  expect(command).toBe(curlCommand(url, firstQuery(example)));
  expect(command).not.toContain("uthorization");
});
