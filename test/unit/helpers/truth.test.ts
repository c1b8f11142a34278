/**
 * The checker of replies: what it lets pass, and what it finds.
 */
import { describe, expect, it } from "vitest";
import { judge, type Seen } from "../../helpers/truth.ts";

const states = new Map([
  [
    "A|L",
    [
      { version: 1, net: 10, atMs: 100 },
      { version: 2, net: 9, atMs: 200 },
    ],
  ],
]);
const seen = (more: Partial<Seen>): Seen => ({ reader: 1, sentAtMs: 150, key: "A|L", version: 1, net: 10, ...more });

describe("replies", () => {
  it("are right when they are a committed state, and none after a newer one", () => {
    const replies = [seen({}), seen({}), seen({ version: 2, net: 9, sentAtMs: 250 }), seen({ reader: 2 })];
    expect(judge(replies, states)).toEqual({ invented: [], backwards: [], staleMs: [] });
  });

  it.each([
    ["of another quantity", seen({ net: 9 })],
    ["of a version nobody committed", seen({ version: 3, net: 8 })],
    ["of a position nobody knows", seen({ key: "B|L" })],
    ["that know nothing", seen({ net: null })],
  ])("%s are invented", (_, reply) => {
    expect(judge([reply], states).invented).toHaveLength(1);
  });

  it("that go back are found, for each reader by itself", () => {
    const [newer, older] = [seen({ version: 2, net: 9 }), seen({})];
    expect(judge([newer, older], states).backwards).toHaveLength(1);
    expect(judge([newer, { ...older, reader: 2 }], states).backwards).toEqual([]);
  });

  it("are as stale as what they were replaced by is old when they were asked for", () => {
    expect(judge([seen({ sentAtMs: 230 }), seen({ sentAtMs: 199 })], states).staleMs).toEqual([30]);
  });
});
