import { describe, expect, it } from "vitest";
import { decodeColumns } from "@/lib/chart/columns";
import { appendColumns, appendLive, curvesFromColumns, cutFrom, lastStep, metricNames, NO_CURVES, refine, replaceCurves, type RunCurves } from "@/lib/chart/curves";
import { encodeColumns, type ColumnsToWrite } from "../../support/columns";

const columns = (what: ColumnsToWrite) => decodeColumns(encodeColumns(what));
const run = (what: ColumnsToWrite) => curvesFromColumns(columns(what));
const steps = (curves: RunCurves, layer = "all") => curves.layers[layer]?.step;
const loss = (curves: RunCurves, layer = "all") => curves.layers[layer]?.values["loss"];
const live = (step: number, layer = "all") => ({ layer, step, time: step, values: { loss: step / 10 } });

describe("curves", () => {
  it("are the rows of each layer, with the metrics that it has", () => {
    const curves = run({ step: [1, 1, 2, 2], layer: [-1, 4, -1, 4], timestamp: [1000, 1000, 2000, 2000], metrics: { loss: [1, 2, 3, 4], extra: [NaN, 9, NaN, NaN] } });
    expect(curves.layers).toEqual({
      all: { step: [1, 2], time: [1, 2], values: { loss: [1, 3] } },
      "4": { step: [1, 2], time: [1, 2], values: { loss: [2, 4], extra: [9, NaN] } },
    });
    expect(curves.told).toBe(2);
    expect(metricNames(curves).sort()).toEqual(["extra", "loss"]);
  });

  it("have each step once: of two rows the later", () => {
    expect(loss(run({ step: [1, 1, 2], metrics: { loss: [1, 5, 2] } }))).toEqual([5, 2]);
  });

  it("grow by what is new, and a metric that begins late is not known before", () => {
    const grown = appendColumns(run({ step: [1, 2], metrics: { loss: [1, 2] } }), columns({ step: [3], metrics: { loss: [3], late: [7] } }));
    expect(grown.layers["all"]?.values).toEqual({ loss: [1, 2, 3], late: [NaN, NaN, 7] });
    expect(grown.told).toBe(3);
  });

  it("stay as they are when nothing is new", () => {
    const known = run({ step: [1] });
    expect(appendColumns(known, columns({ step: [] }))).toBe(known);
  });

  it("take a layer that begins later", () => {
    const grown = appendColumns(run({ step: [1], metrics: { loss: [1] } }), columns({ step: [2, 2], layer: [-1, 7], metrics: { loss: [2, 3] } }));
    expect([steps(grown), steps(grown, "7")]).toEqual([[1, 2], [2]]);
  });

  it("let what was told take the place of what came live", () => {
    const grown = appendLive(run({ step: [1], metrics: { loss: [1] } }), [live(5)]);
    const further = appendLive(appendLive(grown, [live(8)]), [live(9)]);
    expect(loss(appendColumns(further, columns({ step: [4, 5, 6, 8], metrics: { loss: [40, 50, 60, 80] } })))).toEqual([1, 40, 50, 60, 80, 0.9]);
  });

  it("leave out a live row before the end, or before what is told", () => {
    const known = appendLive(run({ step: [5], metrics: { loss: [1] } }), [live(5), live(3)]);
    expect(steps(known)).toEqual([5]);
    expect(appendLive(known, [live(2)])).toBe(known);
    expect(lastStep(NO_CURVES)).toBe(-1);
  });

  it("read anew keep what came live after", () => {
    const known = appendLive(NO_CURVES, [live(5), live(5, "1")]);
    expect(steps(replaceCurves(known, NO_CURVES))).toEqual([5]);
    expect(steps(replaceCurves(known, run({ step: [1, 2], metrics: { loss: [1, 2] } })))).toEqual([1, 2, 5]);
    expect(steps(replaceCurves(undefined, run({ step: [1] })))).toEqual([1]);
  });

  it("read anew after a new attempt forget what the one before had told", () => {
    const before = run({ step: [1, 2, 3], metrics: { loss: [1, 2, 3] } });
    expect(steps(replaceCurves(before, run({ step: [1], metrics: { loss: [1] } })))).toEqual([1]);
    expect(cutFrom(before, 2)).toMatchObject({ told: 1, layers: { all: { step: [1] } } });
    expect(cutFrom(before, 0).layers).toEqual({});
  });

  it("are finer where they are zoomed into, and coarse beside it", () => {
    const coarse = run({ step: [0, 10, 20, 30], metrics: { loss: [0, 1, 2, 3] } });
    const fine = run({ step: [9, 10, 11, 20], metrics: { loss: [9, 10, 11, 20] } });
    expect(steps(refine(coarse, fine, 9, 20))).toEqual([0, 9, 10, 11, 20, 30]);
    expect(steps(refine(coarse, NO_CURVES, 9, 20))).toEqual([0, 10, 20, 30]);
    // It has grown since the detail was read: what lies behind its end stays.
    expect(steps(refine(coarse, fine, 9, 100))).toEqual([0, 9, 10, 11, 20, 30]);
  });

  it("stay within bounds however long a run goes on, with spikes and holes [33]", () => {
    let curves = run({ step: [0], metrics: { loss: [0.5] } });
    for (let at = 1; at < 30_000; at += 3000) {
      const step = Array.from({ length: 3000 }, (_, i) => at + i);
      curves = appendColumns(curves, columns({ step, metrics: { loss: step.map((s) => (s === 12_345 ? 99 : s === 12_400 ? NaN : s === 12_500 ? Infinity : 0.5)) } }));
    }
    const all = loss(curves) ?? [];
    expect(all.length).toBeLessThanOrEqual(6000);
    expect(steps(curves)?.[all.indexOf(99)]).toBe(12_345);
    expect(steps(curves)?.[all.indexOf(Infinity)]).toBe(12_500);
    expect(all.some((value) => Number.isNaN(value))).toBe(true);
    expect([steps(curves)?.[0], lastStep(curves)]).toEqual([0, 30_000]);
  });
});
