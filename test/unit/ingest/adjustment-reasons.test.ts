/**
 * Warehouse notes as people typed them, and the reason that is read out of each.
 * That no name of a real product is taken for a note is shown in `online-retail-data.test.ts`.
 */
import { describe, expect, it } from "vitest";
import { reasonCodeOf, unclassified } from "../../../ingest/adjustment-reasons.ts";

describe("the reason of a stock correction", () => {
  it.each([
    ["thrown away", "SCRAPPED"],
    ["Printing smudges/thrown away", "SCRAPPED"],
    ["damages?", "DAMAGED"],
    ["wet/rusty", "DAMAGED"],
    ["mouldy, unsaleable.", "DAMAGED"],
    ["POSSIBLE DAMAGES OR LOST?", "DAMAGED"],
    ["Found", "FOUND"],
    ["?lost", "LOST"],
    ["MIA", "LOST"],
    ["sold as set on dotcom", "SOLD_AS_SET"],
    ["Dotcom sold in 6's", "SOLD_AS_SET"],
    ["wrong barcode (22467)", "MISCODED"],
    ["sold as 22467", "MISCODED"],
    ["mix up with c", "MISCODED"],
    ["incorrectly credited C550456 see 47", "CREDIT_CORRECTION"],
    ["Show Samples", "SAMPLE"],
    ["mailout ", "GIVEN_AWAY"],
    ["amazon sales", "WEB_CHANNEL"],
    ["returned", "RETURNED"],
    ["check", "COUNTED"],
    ["reverse previous adjustment", "CORRECTION"],
  ])("%s: %s", (note, reasonCode) => {
    expect(reasonCodeOf(note)).toBe(reasonCode);
  });

  it("is not guessed from an empty note, a question mark or a riddle", () => {
    for (const note of ["", "?", "alan hodge cant mamage this section", "on cargo order"]) {
      expect(reasonCodeOf(note)).toBe(unclassified);
    }
  });

  it("is not read out of a product's name", () => {
    for (const name of ["HOT WATER BOTTLE I AM SO POORLY", "RUSTIC MIRROR", "SET OF 6 SOLDIER SKITTLES"]) {
      expect(reasonCodeOf(name)).toBe(unclassified);
    }
  });
});
