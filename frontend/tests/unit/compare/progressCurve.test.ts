import { describe, expect, it } from "vitest";
import { attemptsOf, elapsedCurve, pausesOf, wallCurve } from "@/lib/progressCurve";
import { AT, snapshot } from "../../support/progress";

const even = (seconds: number) => Array.from({ length: 10 }, () => seconds);

describe("a curve of progress", () => {
  it("of a short run, with a first and a last snapshot alone, has its tenths", () => {
    const rows = [snapshot(0, 0), snapshot(20, 100, { elapsed: 20, tenths: even(2), status: "completed" })];
    const curve = elapsedCurve(rows, []);
    expect(curve.x).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
    expect(curve.values).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });

  it("begins where the attempt went on from, after the time that it needed to load", () => {
    const tenths = [0, 0, 0, 0, 0, 0, 4, 4, 4, 4];
    const rows = [snapshot(0, 60, { from: 60 }), snapshot(21, 100, { elapsed: 21, from: 60, tenths, status: "completed" })];
    const curve = elapsedCurve(rows, []);
    expect(curve.x).toEqual([0, 5, 9, 13, 17, 21]);
    expect(curve.values).toEqual([60, 60, 70, 80, 90, 100]);
  });

  it("never goes back, whatever the roundings say", () => {
    const rows = [snapshot(0, 0), snapshot(10, 52, { elapsed: 10 }), snapshot(20, 100, { elapsed: 20, tenths: even(2), status: "completed" })];
    const { x, values } = elapsedCurve(rows, []);
    expect(x).toEqual([...x].sort((a, b) => a - b));
    expect(values).toEqual([...values].sort((a, b) => (a ?? 0) - (b ?? 0)));
  });

  const paused = [
    snapshot(0, 0),
    snapshot(10, 40, { elapsed: 10, tenths: [2.5, 2.5, 2.5, 2.5, 0, 0, 0, 0, 0, 0], status: "paused" }),
    snapshot(310, 40, { elapsed: 10, tenths: [2.5, 2.5, 2.5, 2.5, 0, 0, 0, 0, 0, 0] }),
    snapshot(325, 100, { elapsed: 25, tenths: even(2.5), status: "completed" }),
  ];

  it("breaks at a pause without giving it any room, and marks it", () => {
    const { x, values, marks } = elapsedCurve(paused, []);
    const at = values.indexOf(null);
    expect(x[at]).toBeCloseTo(10, 3);
    expect([values[at - 1], values[at + 1]]).toEqual([40, 40]);
    expect(x[x.length - 1]).toBe(25);
    expect(marks.map(({ label }) => label)).toEqual(["paused for 5\u202fmin 00\u202fs at 40.0\u202f%"]);
    expect(pausesOf(paused)).toEqual([{ elapsed: 10, progress: 40, seconds: 300 }]);
  });

  it("by the clock has the pause as a gap", () => {
    const { x, values } = wallCurve(paused, []);
    const at = values.indexOf(null);
    expect(values.filter((value) => value === null)).toHaveLength(1);
    expect([x[at - 1], x[at + 1]]).toEqual([AT / 1000 + 10, AT / 1000 + 310]);
    expect([values[at - 1], values[at + 1]]).toEqual([40, 40]);
    expect(x[x.length - 1]).toBe(AT / 1000 + 325);
    expect(values[values.length - 1]).toBe(100);
  });

  it("marks where each phase begins", () => {
    const phases = [{ name: "loading", seconds: 3 }, { name: "encoding", seconds: 15 }];
    const rows = [snapshot(0, 0), snapshot(20, 100, { elapsed: 20, tenths: even(2), phases, status: "completed" })];
    expect(elapsedCurve(rows, []).marks).toEqual([{ x: 2, kind: "phase", label: "loading" }, { x: 5, kind: "phase", label: "encoding" }]);
    expect(wallCurve(rows, []).marks.map(({ x }) => x - AT / 1000)).toEqual([2, 5]);
  });

  it("goes on with what was reported live after the newest snapshot", () => {
    const rows = [snapshot(0, 0), snapshot(10, 20, { elapsed: 9, tenths: [4.5, 4.5, 0, 0, 0, 0, 0, 0, 0, 0] })];
    const live = [
      { at: AT + 5000, progress: 10, phase: null },
      { at: AT + 12_000, progress: 24, phase: null },
      { at: AT + 13_000, progress: 26, phase: null },
    ];
    const curve = elapsedCurve(rows, live);
    expect(curve.x.slice(-2)).toEqual([11, 12]);
    expect(curve.values.slice(-3)).toEqual([20, 24, 26]);
    expect(wallCurve(rows, live).x.slice(-2)).toEqual([AT / 1000 + 12, AT / 1000 + 13]);
  });

  it("by running time is the last attempt's, by the clock all of them with a gap between", () => {
    const rows = [
      snapshot(0, 0),
      snapshot(8, 40, { elapsed: 8, tenths: [2, 2, 2, 2, 0, 0, 0, 0, 0, 0], status: "failed" }),
      snapshot(60, 0, { attempt: 2 }),
      snapshot(70, 100, { attempt: 2, elapsed: 10, tenths: even(1), status: "completed" }),
    ];
    expect(attemptsOf(rows).map((attempt) => attempt.length)).toEqual([2, 2]);
    expect(elapsedCurve(rows, []).x).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const wall = wallCurve(rows, []);
    const at = wall.values.indexOf(null);
    expect([wall.values[at - 1], wall.values[at + 1]]).toEqual([40, 0]);
    expect(wall.marks).toContainEqual({ x: AT / 1000 + 60, kind: "restart", label: "tried again" });
  });

  it("of a run that tells no percentage has no point, of nothing nothing", () => {
    const rows = [snapshot(0, null, { from: null, reached: null }), snapshot(5, null, { elapsed: 5, from: null, reached: null })];
    expect(elapsedCurve(rows, []).x).toEqual([]);
    expect(wallCurve(rows, []).x).toEqual([]);
    expect(elapsedCurve([], []).x).toEqual([]);
    expect(elapsedCurve([{ ...snapshot(0, 0), metrics: null }], []).x).toEqual([]);
  });
});
