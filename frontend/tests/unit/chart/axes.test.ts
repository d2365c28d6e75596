/** Axes, zoom, the shared cursor, and what is taken from a chart. */
import { describe, expect, it } from "vitest";
import { aboveZero, durationLabel, logLabel, logRange, logSplits, xRange, yRange } from "@/lib/chart/axes";
import { fileName, toCsv } from "@/lib/chart/csv";
import { fromShared, hearCursor, tellCursor, toShared, translate } from "@/lib/chart/cursors";
import { chosenLayers, layerLook, layersOf, layerWord } from "@/lib/chart/layers";
import { evenly, headCells, rowCells, rowsInView, type TableSource } from "@/lib/chart/table";
import { fromAxis, moved, readZoom, ruleOf, stepToTime, timeToStep, toAxis, writeZoom } from "@/lib/chart/zoom";

describe("axes", () => {
  it("show what is zoomed into, else a window up to the newest, else all", () => {
    expect(xRange([2, 3], 60, 0, 100)).toEqual([2, 3]);
    expect(xRange(null, 900, 0, 100)).toEqual([-20, 100]);
    expect(xRange(null, 900, 0, 5000)).toEqual([4100, 5000]);
    expect(xRange(null, undefined, 4, 4)).toEqual([4, 5]);
    expect(xRange(null, undefined, null, null)).toEqual([0, 1]);
    expect(aboveZero([0, 100], [0, 3, 100])).toEqual([3, 100]);
    expect(aboveZero([0, 0], [])).toEqual([1, 10]);
  });

  it("keep fixed ends and leave room at free ones", () => {
    expect(yRange([0, 100], 20, 30)).toEqual([0, 100]);
    expect(yRange([0, null], 20, 100)).toEqual([0, 108]);
    expect(yRange([0, null], null, null)).toEqual([0, 1.08]);
    expect(yRange([null, 5], 2, 4)).toEqual([2, 5]);
    expect(yRange([null, null], null, null)).toEqual([0, 1]);
    const [low, high] = yRange([null, null], 10, 20);
    expect(low).toBeLessThan(10);
    expect(high).toBeGreaterThan(20);
  });

  it("of logarithms have lines where people look for them", () => {
    expect(logSplits(0.05, 300)).toEqual([0.1, 1, 10, 100]);
    expect(logSplits(0.8, 60)).toEqual([1, 2, 5, 10, 20, 50]);
    expect(logSplits(22, 47)).toEqual([30, 40]);
    expect(logSplits(1e-30, 1e10).length).toBeLessThanOrEqual(9);
    expect(logSplits(3, 3)).toEqual([3]);
    expect([logLabel(100, 900), logLabel(0.001, 0.009), logLabel(0.0001, 0.0009), logLabel(1e9, 9e9), logLabel(35, 5)]).toEqual(["100", "0.001", "1e-4", "1e9", "35"]);
    expect(logRange(null, null)).toEqual([0.1, 1]);
    const [low, high] = logRange(1, 1);
    expect(low).toBeLessThan(1);
    expect(high).toBeGreaterThan(1);
  });

  it("of durations name two units at most", () => {
    expect([0, 0.5, 30, 90, 900, 5400, 90_061].map(durationLabel)).toEqual(["0", "0.5\u202fs", "30\u202fs", "1\u202fmin 30\u202fs", "15\u202fmin", "1\u202fh 30\u202fmin", "1\u202fd 1\u202fh"]);
  });
});

describe("zoom", () => {
  const rule = { step: [0, 100, 200], time: [1000, 1010, 1040] };

  it("stands in the address", () => {
    expect(readZoom("12~34.5")).toEqual([12, 34.5]);
    for (const bad of ["", "12", "34~12", "a~b", "1~2~3", "1~1", "..~2"]) expect(readZoom(bad)).toBeNull();
    expect(writeZoom([1.23456, 7])).toBe("1.23~7");
    expect(writeZoom(null)).toBe("");
  });

  it("is the same part of the run, whatever the x axis counts", () => {
    expect(toAxis([50, 150], "step", 990, rule)).toEqual([50, 150]);
    expect(toAxis([50, 150], "wall", 990, rule)).toEqual([1005, 1025]);
    expect(toAxis([50, 150], "relative", 990, rule)).toEqual([15, 35]);
    expect(fromAxis([15, 35], "relative", 990, rule)).toEqual([50, 150]);
    expect(fromAxis([5, 6], "step", 990, rule)).toEqual([5, 6]);
    expect(toAxis(null, "wall", 0, rule)).toBeNull();
    expect(fromAxis([1, 2], "wall", 0, rule)).toBeNull();
    expect(toAxis([1, 2], "wall", 0, { step: [], time: [] })).toBeNull();
    expect([stepToTime(-5, rule), timeToStep(9999, rule)]).toEqual([1000, 200]);
  });

  it("moves and widens within the whole", () => {
    expect(moved([40, 60], [0, 100], 0.5, 1)).toEqual([50, 70]);
    expect(moved([80, 100], [0, 100], 0.5, 1)).toEqual([80, 100]);
    expect(moved([40, 60], [0, 100], 0, 0.5)).toEqual([45, 55]);
    expect(moved(null, [0, 100], 0, 0.5)).toEqual([25, 75]);
    expect(moved([10, 90], [0, 100], 0, 2)).toBeNull();
  });

  it("is measured by the layer with the most rows, whose time never goes back", () => {
    const curve = (step: number[], time: number[]) => ({ step, time, values: {} });
    expect(ruleOf({ told: 3, layers: { "1": curve([1], [1]), all: curve([1, 2, 3], [5, NaN, 4]) } })).toEqual({ step: [1], time: [5] });
    expect(ruleOf({ told: -1, layers: {} })).toEqual({ step: [], time: [] });
  });
});

describe("cursors", () => {
  it("of a group hear each other, and not themselves", () => {
    const heard: string[] = [];
    const one = (at: number | null) => heard.push(`one ${at}`);
    const two = (at: number | null) => heard.push(`two ${at}`);
    const leave = [hearCursor("g", one), hearCursor("g", two)];
    tellCursor("g", 5, one);
    tellCursor("other", 6, one);
    leave.forEach((each) => { each(); });
    tellCursor("g", 7, one);
    expect(heard).toEqual(["two 5"]);
  });

  it("are the same moment on every x", () => {
    expect(translate(15, [10, 20], [100, 200])).toBe(150);
    expect(translate(10, [10, 20], [100, 200])).toBe(100);
    expect(translate(20, [10, 20, 20], [100, 200, 300])).toBe(200);
    expect([translate(9, [10, 20], [1, 2]), translate(21, [10, 20], [1, 2]), translate(1, [], [])]).toEqual([null, null, null]);
  });
});

describe("the shared cursor", () => {
  const steps = { xKind: "step" as const, x: [0, 10], clock: [100, 200] };
  const relative = { xKind: "duration" as const, x: [5, 15], clock: [105, 115] };

  it("goes from each axis to the wall time and back", () => {
    expect([toShared(5, steps), fromShared(150, steps), toShared(7, relative), fromShared(107, relative)]).toEqual([150, 5, 107, 7]);
    expect([toShared(3, { ...steps, clock: undefined }), fromShared(3, { ...steps, clock: undefined })]).toEqual([3, 3]);
  });

  it("stands beyond a chart's points where its axis is time, and nowhere where it is steps", () => {
    expect([fromShared(90, relative), fromShared(300, relative)]).toEqual([-10, 200]);
    expect([fromShared(90, steps), fromShared(300, steps)]).toEqual([null, null]);
    expect(toShared(1, { xKind: "time", x: [], clock: [] })).toBeNull();
    expect(fromShared(1, { xKind: "time", x: [], clock: [] })).toBeNull();
  });
});

describe("layers", () => {
  const curve = { step: [1], time: [1], values: {} };
  const run = (...keys: string[]) => ({ told: 1, layers: Object.fromEntries(keys.map((key) => [key, curve])) });

  it("stand in their order, all of them first", () => {
    expect(layersOf(run("10", "2", "all"))).toEqual(["all", "2", "10"]);
    expect([layerWord("all"), layerWord("2")]).toEqual(["all layers", "layer 2"]);
  });

  it("that is the only one isn't shown twice, as itself and as all, unless it tells more", () => {
    expect(layersOf(run("all", "4"))).toEqual(["all"]);
    expect(layersOf(run("4"))).toEqual(["4"]);
    const more = { ...run("all"), layers: { all: curve, "4": { ...curve, values: { extra: [1] } } } };
    expect(layersOf(more)).toEqual(["all", "4"]);
    expect(layerLook("4", ["all", "4"])).not.toEqual(layerLook("all", ["all", "4"]));
  });

  it("are shown as the address says, else all of a few", () => {
    expect(chosenLayers("", ["all", "1", "2"])).toEqual(["all", "1", "2"]);
    expect(chosenLayers("2,9", ["all", "1", "2"])).toEqual(["2"]);
    expect(chosenLayers("9", ["all", "1"])).toEqual(["all", "1"]);
    const many = Array.from({ length: 20 }, (_, i) => String(i));
    expect(chosenLayers("", ["all", ...many])).toEqual(["all"]);
    expect(chosenLayers("", many)).toHaveLength(7);
    expect(chosenLayers("every", many)).toEqual(many);
  });

  it("keep their look, and no two of a dozen look the same", () => {
    const many = ["all", ...Array.from({ length: 14 }, (_, i) => String(i))];
    const looks = many.map((key) => JSON.stringify(layerLook(key, many)));
    expect(new Set(looks).size).toBe(looks.length);
    expect(layerLook("5", ["5"])).toEqual({ color: "--c1" });
  });
});

describe("what is taken from a chart", () => {
  const source: TableSource = {
    title: "Loss",
    x: [0, 10, 20],
    xKind: "step",
    clock: [0, 1, NaN],
    lines: [{ label: "", values: [1, NaN, Infinity] }, { label: "layer 2", values: [undefined, undefined, 5] }],
    zoom: null,
  };

  it("is what is in view", () => {
    expect(rowsInView(source)).toEqual([0, 2]);
    expect(rowsInView({ ...source, zoom: [0, 10] })).toEqual([0]);
    expect(rowsInView({ ...source, zoom: [20, 30] })).toEqual([2]);
    expect(evenly([1, 2, 3, 4, 5], 3)).toEqual([1, 3, 5]);
    expect(evenly([1, 2], 3)).toEqual([1, 2]);
  });

  it("is written as CSV, with the time of each step", () => {
    expect(toCsv([headCells(source), ...rowsInView(source).map((row) => rowCells(source, row))])).toBe(
      "step,time,Loss,layer 2\r\n0,1970-01-01T00:00:00.000Z,1,\r\n20,,inf,5\r\n",
    );
    expect(headCells({ ...source, xKind: "time" })).toEqual(["time", "Loss", "layer 2"]);
    expect(rowCells({ ...source, xKind: "time", x: [1] }, 0)[0]).toBe("1970-01-01T00:00:01.000Z");
    expect(toCsv([['a"b', "c,d", null, undefined, NaN, -Infinity]])).toBe('"a""b","c,d",,,,-inf\r\n');
  });

  it("has a name that a file may have", () => {
    expect(fileName("kjv · layer 0/1", "Loss")).toBe("kjv-layer-0-1-Loss");
    expect(fileName("..", "")).toBe("chart");
  });
});
