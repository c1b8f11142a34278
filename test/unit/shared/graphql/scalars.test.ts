/**
 * The contract's scalars: what is a moment, a date, a decimal, and in which form it is kept.
 *
 * Values come as variables and as literals; both ways must agree.
 */
import { Kind, valueFromAST } from "graphql";
import { describe, expect, it } from "vitest";
import { DateOnly, DateTime, Decimal } from "../../../../shared/graphql/scalars.ts";

function parse(scalar: typeof DateTime, value: unknown): string {
  const parsed = scalar.parseValue(value);
  if (typeof value === "string") expect(valueFromAST({ kind: Kind.STRING, value }, scalar)).toBe(parsed);
  return parsed;
}

function refuse(scalar: typeof DateTime, value: unknown): void {
  expect(() => scalar.parseValue(value)).toThrow(`${scalar.name} cannot represent`);
  if (typeof value === "string") expect(valueFromAST({ kind: Kind.STRING, value }, scalar)).toBeUndefined();
}

describe("a DateTime", () => {
  it.each([
    ["2026-01-05T08:00:00Z", "2026-01-05T08:00:00.000Z"],
    ["2026-01-05T08:00:00.5Z", "2026-01-05T08:00:00.500Z"],
    ["2026-01-05T08:00:00.123456789Z", "2026-01-05T08:00:00.123Z"],
    ["2026-01-05T08:00:00+02:00", "2026-01-05T06:00:00.000Z"],
    ["2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00.000Z"],
    ["2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z"],
    ["2024-02-29T23:30:00-01:00", "2024-03-01T00:30:00.000Z"],
  ])("%s is kept as %s", (value, kept) => {
    expect(parse(DateTime, value)).toBe(kept);
  });

  it.each([
    "2026-01-05",
    "2026-01-05T08:00:00",
    "2026-01-05T08:00Z",
    "2026-01-05 08:00:00Z",
    "2026-13-05T08:00:00Z",
    "2026-02-30T08:00:00Z",
    "2026-02-29T08:00:00+02:00",
    "2026-04-31T00:00:00Z",
    "2026-01-05T25:00:00Z",
    "2026-01-05T08:60:00Z",
    "2026-01-05T08:00:00.Z",
    "2026-01-05T08:00:00+2:00",
    "1767600000000",
    "now",
    "",
    1_767_600_000_000,
    null,
    true,
    {},
  ])("is not %j", (value) => {
    refuse(DateTime, value);
  });

  it("is written from text and from milliseconds", () => {
    expect(DateTime.serialize("2026-01-05T08:00:00+02:00")).toBe("2026-01-05T06:00:00.000Z");
    expect(DateTime.serialize(Date.UTC(2026, 0, 5, 8))).toBe("2026-01-05T08:00:00.000Z");
    expect(() => DateTime.serialize("yesterday")).toThrow();
  });
});

describe("a Date", () => {
  it.each(["2026-01-05", "2024-02-29", "1999-12-31"])("may be %s", (value) => {
    expect(parse(DateOnly, value)).toBe(value);
    expect(DateOnly.serialize(value)).toBe(value);
  });

  it.each([
    "2026-02-29",
    "2026-02-30",
    "2026-04-31",
    "2026-13-01",
    "2026-00-10",
    "2026-1-5",
    "05.01.2026",
    "",
    20260105,
    null,
  ])("is not %j", (value) => {
    refuse(DateOnly, value);
  });
});

describe("a Decimal", () => {
  it.each(["0", "12", "-12.50", "0.1", "999999999999999999.0123456789"])("may be %s, and loses no digit", (value) => {
    expect(parse(Decimal, value)).toBe(value);
    expect(Decimal.serialize(value)).toBe(value);
  });

  it.each(["", "1.", ".5", "1e3", "1,5", "+1", " 1", "NaN", "Infinity", "1.12345678901", 1.5, 3, null])(
    "is not %j",
    (value) => {
      refuse(Decimal, value);
    },
  );

  it("is not written from a number: that would have lost digits already", () => {
    expect(() => Decimal.serialize(1.5)).toThrow("Decimal cannot represent");
  });
});
