import { describe, expect, it } from "vitest";
import { appendRow, emptySeries, steadyRange } from "@/lib/series";

describe("series", () => {
  it("replaces a row at the same place and leaves out an older one", () => {
    const series = emptySeries(2);
    appendRow(series, 1, [1, null]);
    appendRow(series, 1, [null, 2]);
    expect(appendRow(series, 0, [9, 9])).toBe(false);
    expect(series).toEqual({ x: [1], lines: [[1], [2]] });
  });

  it("puts a row of nothing between rows that are far apart", () => {
    const series = emptySeries(1);
    for (const x of [1, 2, 10]) appendRow(series, x, [x], 3);
    expect(series).toEqual({ x: [1, 2, 6, 10], lines: [[1, 2, null, 10]] });
  });
});

describe("steadyRange", () => {
  it("does not blow up noise on a constant", () => {
    const [low, high] = steadyRange(15.99, 16.01);
    expect(0.02 / (high - low)).toBeLessThan(0.1);
    expect((low + high) / 2).toBeCloseTo(16);
  });

  it("gives a curve that moves the whole height", () => {
    expect(steadyRange(0.2, 0.9)).toEqual([0.2, 0.9]);
  });

  it("has a height for a constant, 0 too, and stays above 0 for what is never below", () => {
    for (const value of [0, 1e-9, 16, -3]) {
      const [low, high] = steadyRange(value, value);
      expect(high).toBeGreaterThan(low);
      expect(low < 0).toBe(value < 0);
    }
  });
});
