import { describe, expect, it } from "vitest";
import { appendRow, emptySeries, steadyRange, thin, trimBefore } from "@/lib/series";

describe("series", () => {
  it("keeps a spike of one step when it thins [33]", () => {
    const series = emptySeries(1);
    for (let x = 0; x < 50_000; x += 1) appendRow(series, x, [x === 31_337 ? 9 : Math.sin(x / 100)]);
    const thinned = thin(series, 1000);
    expect(thinned.x.length).toBeLessThanOrEqual(1002);
    expect(thinned.lines[0]?.[thinned.x.indexOf(31_337)]).toBe(9);
    expect(thinned.x[0]).toBe(0);
    expect(thinned.x[thinned.x.length - 1]).toBe(49_999);
  });

  it("keeps a gap when it thins", () => {
    const series = emptySeries(1);
    for (let x = 0; x < 2000; x += 1) if (x < 900 || x > 1000) appendRow(series, x, [1], 3);
    expect(thin(series, 100).lines[0]).toContain(null);
  });

  it("replaces a row at the same place and leaves out an older one", () => {
    const series = emptySeries(2);
    appendRow(series, 1, [1, null]);
    appendRow(series, 1, [null, 2]);
    expect(appendRow(series, 0, [9, 9])).toBe(false);
    expect(series).toEqual({ x: [1], lines: [[1], [2]] });
  });

  it("forgets what is older than the window", () => {
    const series = emptySeries(1);
    for (const x of [1, 2, 3]) appendRow(series, x, [x]);
    trimBefore(series, 2);
    expect(series).toEqual({ x: [2, 3], lines: [[2, 3]] });
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
