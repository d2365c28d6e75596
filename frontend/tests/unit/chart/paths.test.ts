import { describe, expect, it } from "vitest";
import { buildPath } from "@/lib/chart/paths";

type Step = ["M" | "L", number, number];

/** x in pixels as it is, y upside down as on a screen of 100. */
function drawn(x: ArrayLike<number>, y: ArrayLike<number | null | undefined>, scale = 1): Step[] {
  const steps: Step[] = [];
  buildPath(
    { x, y, from: 0, to: x.length - 1, toX: (v) => v * scale, toY: (v) => 100 - v },
    { moveTo: (a, b) => steps.push(["M", a, b]), lineTo: (a, b) => steps.push(["L", a, b]) },
  );
  return steps;
}

describe("buildPath", () => {
  it("joins neighbours", () => {
    expect(drawn([0, 1, 2], [10, 20, 30])).toEqual([["M", 0, 90], ["L", 1, 80], ["L", 2, 70]]);
  });

  it("leaves a gap open, and goes on over an x that belongs to another line [33]", () => {
    expect(drawn([0, 1, 2, 3, 4], [10, 10, null, 30, 30])).toEqual([["M", 0, 90], ["L", 1, 90], ["M", 3, 70], ["L", 4, 70]]);
    expect(drawn([0, 1, 2], [10, undefined, 30])).toEqual([["M", 0, 90], ["L", 2, 70]]);
  });

  it("draws a value alone between two gaps as a dot", () => {
    const steps = drawn([0, 1, 2], [null, 50, null]);
    expect(steps[0]).toEqual(["M", 1, 50]);
    expect(steps).toHaveLength(2);
    expect(steps[1]).toEqual(["L", 2, 50]);
  });

  it("reaches a spike of one point among a hundred thousand, with a few points a column [33]", () => {
    const n = 100_000;
    const x = Float64Array.from({ length: n }, (_, i) => i);
    const y = Array.from({ length: n }, (_, i) => (i === 31_337 ? 99 : 1 + Math.sin(i)));
    const steps = drawn(x, y, 500 / n);
    expect(steps.length).toBeLessThanOrEqual(501 * 4);
    expect(Math.min(...steps.map(([, , top]) => top))).toBe(1);
    const spike = steps.find(([, , top]) => top === 1);
    expect(spike?.[1]).toBe(Math.round((31_337 * 500) / n));
    expect(steps.filter(([kind]) => kind === "M")).toHaveLength(1);
  });

  it("ends each column where its last point is, so that the next line starts right", () => {
    const steps = drawn([0, 0.1, 0.2, 0.3, 1], [50, 90, 10, 40, 40]);
    expect(steps).toEqual([["M", 0, 50], ["L", 0, 10], ["L", 0, 90], ["L", 0, 60], ["L", 1, 60]]);
  });

  it("draws nothing of nothing", () => {
    expect(drawn([0, 1], [null, undefined])).toEqual([]);
  });
});
