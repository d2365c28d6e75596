import { describe, expect, it } from "vitest";
import { gapsBefore, metricNames, NO_CURVES, runLine, withRows } from "@/lib/runCurves";
import type { CurveRow } from "@/lib/types/training";
import { metricRow } from "../../support/samples";

const AT = Date.UTC(2026, 0, 1, 12);
const row = (step: number, second: number, changes: Partial<CurveRow> = {}): CurveRow => ({
  ...metricRow(step),
  timestamp: new Date(AT + second * 1000).toISOString(),
  ...changes,
});

describe("a run's curves", () => {
  it("hold every metric of the rows, those beside the known ones too", () => {
    const curves = withRows(NO_CURVES, [row(10, 0), row(20, 1, { loss: null, extra: { val_loss: 0.5, "noise": null } })]);
    expect(curves.step).toEqual([10, 20]);
    expect(curves.metrics["loss"]).toEqual([1 / 11, null]);
    expect(curves.metrics["val_loss"]).toEqual([null, 0.5]);
    expect(curves.metrics["noise"]).toBeUndefined();
    expect(metricNames([curves], ["loss", "nothing"])).toEqual(["loss", "dead_neurons", "explained_variance", "grad_norm", "l0_sparsity", "learning_rate", "samples_per_second", "val_loss"]);
  });

  it("grow by what is new, and a step that is told again replaces what came after it", () => {
    const first = withRows(NO_CURVES, [row(10, 0), row(20, 1), row(30, 2)]);
    expect(withRows(first, [row(40, 3)]).step).toEqual([10, 20, 30, 40]);
    const again = withRows(first, [row(20, 9, { loss: 7 }), row(30, 10, { loss: 6 })]);
    expect(again.step).toEqual([10, 20, 30]);
    expect(again.metrics["loss"]).toEqual([1 / 11, 7, 6]);
    expect(first.metrics["loss"]).toEqual([1 / 11, 1 / 21, 1 / 31]);
    expect(withRows(first, [])).toBe(first);
  });

  it("lie on each axis from their own zero", () => {
    const curves = withRows(NO_CURVES, [row(10, 5), row(20, 6), row(30, 7)]);
    expect(runLine(curves, "loss", "step").x).toEqual([10, 20, 30]);
    expect(runLine(curves, "loss", "elapsed").x).toEqual([0, 1, 2]);
    expect(runLine(curves, "loss", "time").x).toEqual([AT / 1000 + 5, AT / 1000 + 6, AT / 1000 + 7]);
    expect(runLine(curves, "none", "step")).toEqual({ x: [], values: [] });
  });

  it("have a gap by time where nothing was reported, and none by step", () => {
    const curves = withRows(NO_CURVES, [row(10, 0), row(20, 1), row(30, 2), row(40, 300), row(50, 301)]);
    expect([...gapsBefore(curves)]).toEqual([3]);
    const line = runLine(curves, "loss", "elapsed");
    expect(line.x).toEqual([0, 1, 2, 151, 300, 301]);
    expect(line.values[3]).toBeNull();
    expect(runLine(curves, "loss", "step").values).not.toContain(null);
  });

  it("have no gap where rows were thinned out", () => {
    const steps = [0, 10, 20, 1000, 1010, 2000, 2010];
    expect(gapsBefore(withRows(NO_CURVES, steps.map((step) => row(step, step / 10))))).toEqual(new Set());
  });

  it("leave out by time what a clock that was set back says", () => {
    const curves = withRows(NO_CURVES, [row(10, 5), row(20, 6), row(30, 1), row(40, 7)]);
    expect(runLine(curves, "loss", "elapsed").x).toEqual([0, 1, 2]);
  });
});
