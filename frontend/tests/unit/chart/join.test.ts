import { describe, expect, it } from "vitest";
import { joinSeries } from "@/lib/chart/join";

describe("joinSeries", () => {
  it("brings runs with their own x onto one, and says nothing where a run has no point", () => {
    const joined = joinSeries([
      { x: [0, 10, 20], lines: [[1, 2, 3]] },
      { x: Float64Array.of(5, 10), lines: [Float64Array.of(7, 8)] },
    ]);
    expect([...joined.x]).toEqual([0, 5, 10, 20]);
    expect(joined.runs[0]).toEqual([[1, undefined, 2, 3]]);
    expect(joined.runs[1]).toEqual([[undefined, 7, 8, undefined]]);
  });

  it("keeps what a run itself doesn't know as unknown", () => {
    const [lines] = joinSeries([{ x: [0, 1, 2], lines: [[1, null, 3], Float64Array.of(1, NaN, 3), [1]] }]).runs;
    expect(lines).toEqual([[1, null, 3], [1, NaN, 3], [1, null, null]]);
  });

  it("has each x once, and of two points of a run at one x the later", () => {
    const joined = joinSeries([{ x: [1, 1, 2], lines: [[10, 11, 12]] }, { x: [], lines: [[]] }]);
    expect([...joined.x]).toEqual([1, 2]);
    expect(joined.runs).toEqual([[[11, 12]], [[undefined, undefined]]]);
  });

  it("joins nothing to nothing", () => {
    expect(joinSeries([])).toEqual({ x: new Float64Array(0), runs: [] });
  });
});
