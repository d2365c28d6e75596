/** Smoothing, gaps, thinning, bands, and what can't be drawn. */
import { describe, expect, it } from "vitest";
import { bandPolygons } from "@/lib/chart/bands";
import { findGaps, openGaps } from "@/lib/chart/gaps";
import { visibleMarks } from "@/lib/chart/marks";
import { pixelsOf } from "@/lib/chart/options";
import { smooth } from "@/lib/chart/smooth";
import { rowsToKeep } from "@/lib/chart/thin";
import { spotsInView, unplottable, unplottableWords } from "@/lib/chart/unplottable";
import { lastKnown, lowerBound, nearest, plotted, valueAt } from "@/lib/chart/values";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("values", () => {
  it("are drawn if they are finite, and above 0 on a logarithmic axis", () => {
    const values = [1, null, undefined, NaN, Infinity, -1, 0];
    expect(plotted(values, 8, false)).toEqual([1, null, undefined, null, null, -1, 0, null]);
    expect(plotted(values, 7, true)).toEqual([1, null, undefined, null, null, null, null]);
    expect(plotted(Float64Array.of(2, NaN), 2, false)).toEqual([2, null]);
  });

  it("tell the last known, and the one under a cursor", () => {
    expect(lastKnown([1, 2, null, NaN, undefined])).toBe(2);
    expect(lastKnown([])).toBeNull();
    expect(valueAt([5, undefined, undefined, null, 7], 2)).toBe(5);
    expect(valueAt([5, undefined, undefined, null, 7], 3)).toBeNull();
    expect(valueAt([undefined], 0)).toBeNull();
    expect(valueAt([1, 2], 99)).toBe(2);
  });

  it("are found by their x", () => {
    expect([lowerBound([1, 3, 5], 0), lowerBound([1, 3, 5], 3), lowerBound([1, 3, 5], 6)]).toEqual([0, 1, 3]);
    expect([nearest([], 1), nearest([1, 3], 0), nearest([1, 3], 2.5), nearest([1, 3], 1.5), nearest([1, 3], 9)]).toEqual([-1, 0, 1, 0, 1]);
  });
});

describe("smooth", () => {
  it("keeps a constant, from its first value on", () => {
    for (const kind of ["exponential", "time-weighted"] as const) {
      for (const value of smooth(upTo(50), upTo(50).map(() => 3), 0.95, kind)) expect(value).toBeCloseTo(3);
    }
  });

  it("leaves gaps open, and gives no weight to what can't be drawn", () => {
    expect(smooth([0, 1, 2, 3, 4], [1, null, undefined, Infinity, 1], 0.9, "exponential")).toEqual([1, null, undefined, null, 1]);
  });

  it("by distance smooths the same curve the same, however many points there are in a part of it", () => {
    const even = upTo(1001);
    // Ten times as many points in the middle, as where a curve was refined.
    const uneven = even.flatMap((x) => (x >= 400 && x < 600 ? upTo(10).map((i) => x + i / 10) : [x]));
    const curve = (x: number) => Math.sin(x / 150);
    const at = (x: number[], kind: "exponential" | "time-weighted") => smooth(x, x.map(curve), 0.98, kind)[x.indexOf(650)] ?? 0;
    expect(at(uneven, "time-weighted")).toBeCloseTo(at(even, "time-weighted"), 1);
    expect(Math.abs(at(uneven, "exponential") - at(even, "exponential"))).toBeGreaterThan(0.05);
  });

  it("by distance over no distance is by point", () => {
    expect(smooth([5, 5], [1, 3], 0.5, "time-weighted")).toEqual(smooth([0, 1], [1, 3], 0.5, "exponential"));
  });
});

describe("gaps", () => {
  it("are found where rows are missing, not where reports become rarer [33]", () => {
    expect(findGaps([...upTo(50), ...upTo(50).map((x) => x + 500)])).toEqual([50]);
    expect(findGaps(upTo(60).map((x) => 1.3 ** x))).toEqual([]);
    expect(findGaps([0, 1, 100])).toEqual([]);
  });

  it("are not seen between rows that were thinned out", () => {
    const n = 200_000;
    const values = Float64Array.from({ length: n }, (_, i) => Math.sin(i / 40_000));
    expect(findGaps(rowsToKeep(n, [values], 1500))).toEqual([]);
    const noise = Float64Array.from({ length: n }, (_, i) => ((i * 7919) % 10_007) / 10_007);
    expect(findGaps(rowsToKeep(n, [values, noise], 1500))).toEqual([]);
  });

  it("shorter than what counts as one are none", () => {
    expect(findGaps([0, 0.1, 0.2, 0.3, 0.4, 0.5, 15, 15.1, 15.2], 20)).toEqual([]);
  });

  it("open by a row without anything", () => {
    expect(openGaps([0, 10], [[1, undefined]], [1])).toEqual({ x: [0, 5, 10], lines: [[1, null, undefined]] });
    const lines = [[1]];
    expect(openGaps([0], lines, []).lines).toBe(lines);
  });
});

describe("rowsToKeep", () => {
  it("keeps all of few, and of many the ends, spikes, infinities and holes", () => {
    expect(rowsToKeep(3, [[1, 2, 3]], 10)).toEqual([0, 1, 2]);
    const values = new Float64Array(10_000).fill(1);
    values[1234] = 9;
    values[5678] = -9;
    values[7000] = NaN;
    values[8000] = Infinity;
    const kept = rowsToKeep(values.length, [values], 400);
    expect(kept.length).toBeLessThanOrEqual(402);
    for (const row of [0, 1234, 5678, 7000, 8000, 9999]) expect(kept).toContain(row);
  });
});

describe("bandPolygons", () => {
  it("go up along the highest and back along the lowest, and end at a gap", () => {
    expect(bandPolygons([0, 1, 2, 3, 4], { low: [1, 1, null, 2, 2], high: [5, 6, null, 7, 8] }, false)).toEqual([
      [[0, 5], [1, 6], [1, 1], [0, 1]],
      [[3, 7], [4, 8], [4, 2], [3, 2]],
    ]);
  });

  it("of one point, or of what can't be drawn, are none; on a logarithmic axis none goes below 0", () => {
    expect(bandPolygons([0, 1, 2], { low: [1, NaN, 1], high: [2, 2, Infinity] }, false)).toEqual([]);
    expect(bandPolygons([0, 1], { low: [0, 1], high: [2, 3] }, true)).toEqual([[[0, 2], [1, 3], [1, 1], [0, 2]]]);
    expect(bandPolygons([0, 1, 2], { low: [1, undefined, 1], high: [2, undefined, 2] }, false)).toHaveLength(1);
  });
});

describe("unplottable", () => {
  const dense = { log: false, dense: true };

  it("tells where values are infinite or missing", () => {
    expect(unplottable([0, 1, 2, 3, 11, 12], [NaN, Infinity, -Infinity, null, NaN], dense)).toEqual([
      { x: 0, what: "missing" },
      { x: 1, what: "+inf" },
      { x: 2, what: "-inf" },
      { x: 11, what: "missing" },
    ]);
    expect(unplottable([0], [NaN], { log: false, dense: false })).toEqual([]);
  });

  it("tells of zeros on a logarithmic axis only", () => {
    expect(unplottable([0, 1], [0, -1], dense)).toEqual([]);
    expect(unplottable([0, 1, 2], [0, -1, undefined], { ...dense, log: true }).map(({ what }) => what)).toEqual(["not above 0", "not above 0"]);
  });

  it("is marked in view, one of a kind a column of pixels", () => {
    const spots = unplottable([0, 1, 1.2, 9], [NaN, NaN, NaN, Infinity], dense);
    expect(spotsInView(spots, 0.5, 5, (x) => x)).toEqual([{ at: 1, what: "missing" }]);
  });

  it("is said in words", () => {
    const spots = unplottable([0, 1, 2, 3, 4], [1, 0, Infinity, NaN, -Infinity], { log: true, dense: true });
    expect(unplottableWords(spots)).toBe("1 not above 0, 1 at +∞, 1 without a value, 1 at −∞");
    expect(unplottableWords([])).toBe("");
  });
});

describe("pixelsOf", () => {
  it("places values as the scale says, upwards from the bottom, linear and logarithmic", () => {
    const y = pixelsOf({ min: 0, max: 10, distr: 1 }, 5, 100, true);
    expect([y(0), y(10), y(5)]).toEqual([105, 5, 55]);
    const log = pixelsOf({ min: 1, max: 100, distr: 3 }, 0, 200, false);
    expect([log(1), log(10), log(100)]).toEqual([0, 100, 200]);
  });
});

describe("visibleMarks", () => {
  it("are those in view, no two of a kind on one pixel", () => {
    const marks = [
      { x: -1, kind: "checkpoint", label: "" },
      { x: 1, kind: "checkpoint", label: "a" },
      { x: 1.2, kind: "checkpoint", label: "b" },
      { x: 1, kind: "restart", label: "c" },
    ] as const;
    expect(visibleMarks(marks, 0, 5, (x) => x).map(({ mark }) => mark.label)).toEqual(["a", "c"]);
    expect(visibleMarks(marks, 0, 5, (x) => x).every(({ alone }) => alone)).toBe(true);
  });

  it("have no lines where they stand so close that these would hide the curve, and no more heads than can be told apart", () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({ x: i / 2, kind: "checkpoint" as const, label: String(i) }));
    const apart = [{ x: 700, kind: "checkpoint" as const, label: "last" }];
    const seen = visibleMarks([...many, ...apart], 0, 1000, (x) => x);
    expect(seen).toHaveLength(102);
    expect(seen.filter(({ alone }) => alone).map(({ mark }) => mark.label)).toEqual(["last"]);
  });
});
