/**
 * The file that says which rules should change: what it names changes, what it leaves out stays, and what nobody knows is
 * refused by name.
 */
import { describe, expect, it } from "vitest";
import { changedRules, rulesInForce } from "../../../../cli/whatif/rules.ts";
import { defaultPolicy } from "../../../../subgraphs/availability/domain/policy.ts";
import { defaultExceptionPolicy } from "../../../../subgraphs/control/domain/exception-policy.ts";

const before = rulesInForce({ channels: defaultPolicy(), exceptions: defaultExceptionPolicy });
const changed = (file: unknown) => changedRules(before, JSON.stringify(file));

describe("changed rules", () => {
  it("are those in force where the file says nothing", () => {
    expect(changed({})).toEqual(before);
  });

  it("change what is named, and nothing beside it", () => {
    const after = changed({
      channels: [
        { channel: "B2B", caps: [{ sku: "A", quantity: 5 }] },
        { channel: "B2B", priority: 7 },
      ],
      adjustments: { A: { value: 10 } },
      transfers: { selfApprovalValueMax: 0 },
      exceptions: { types: [{ type: "DEAD_LETTER", slaMinutes: 10 }] },
    });
    const b2b = after.channels.channels.find(({ id }) => id === "B2B");
    expect(b2b).toMatchObject({ priority: 7, caps: [{ sku: "A", locationId: null, class: null, quantity: 5 }] });
    expect(after.tolerances).toEqual({ ...before.tolerances, A: { ...before.tolerances.A, value: 10 } });
    expect(after.selfApprovalValueMax).toBe(0);
    const { DEAD_LETTER: letters, ...others } = after.exceptions.types;
    expect(letters).toEqual({ ...before.exceptions.types.DEAD_LETTER, slaMinutes: 10 });
    expect(before.exceptions.types).toMatchObject(others);
  });

  it.each([
    ["policy has no chanels", { chanels: [] }],
    ["channels must be a list", { channels: {} }],
    ["channels.0", { channels: [{ channel: "B2B", caps: [{ sku: "A" }] }] }],
    ["channels.0", { channels: [{ channel: "B2B", colour: "red" }] }],
    ["adjustments has no D", { adjustments: { D: {} } }],
    ["adjustments.A.value must be a whole number", { adjustments: { A: { value: -1 } } }],
    ["transfers.selfApprovalValueMax must be", { transfers: { selfApprovalValueMax: "1" } }],
    ["exceptions", { exceptions: { types: [{ type: "NOBODY_KNOWS" }] } }],
  ])("are refused: %s", (message, file) => {
    expect(() => changed(file)).toThrow(message);
  });

  it("are refused when they are not JSON", () => {
    expect(() => changedRules(before, "{")).toThrow("not JSON");
  });
});
