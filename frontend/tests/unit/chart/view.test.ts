import { describe, expect, it } from "vitest";
import { decodeColumns } from "@/lib/chart/columns";
import { curvesFromColumns } from "@/lib/chart/curves";
import { viewOf, withoutRare, type ViewOptions } from "@/lib/chart/view";
import { encodeColumns, type ColumnsToWrite } from "../../support/columns";

const run = (what: ColumnsToWrite) => curvesFromColumns(decodeColumns(encodeColumns(what)));
const OPTIONS: ViewOptions = { xBy: "step", start: 0, layers: ["all"], strength: 0, smoothing: "exponential" };
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("viewOf", () => {
  const two = run({ step: [0, 0, 10, 15], layer: [-1, 1, -1, 1], timestamp: [100_000, 100_000, 110_000, 120_000], metrics: { loss: [1, 2, 3, 4] } });

  it("puts layers on one x, each with its own points", () => {
    const view = viewOf(two, { ...OPTIONS, layers: ["all", "1"] });
    expect([...view.x]).toEqual([0, 10, 15]);
    expect(view.metrics.get("loss")).toMatchObject([
      { layer: "all", values: [1, 3, undefined], raw: null },
      { layer: "1", values: [2, undefined, 4] },
    ]);
    expect([...view.clock]).toEqual([100, 110, 120]);
  });

  it("counts time from the start, or by the clock", () => {
    expect([...viewOf(two, { ...OPTIONS, xBy: "relative", start: 90 }).x]).toEqual([10, 20]);
    const wall = viewOf(two, { ...OPTIONS, xBy: "wall" });
    expect([...wall.x]).toEqual([100, 110]);
    expect(wall.clock).toBe(wall.x);
  });

  it("never goes back in time, though a worker's clock was set back", () => {
    const back = run({ step: [0, 1, 2], timestamp: [100_000, 90_000, 110_000], metrics: { loss: [1, 2, 3] } });
    expect([...viewOf(back, { ...OPTIONS, xBy: "wall" }).x]).toEqual([100, 110]);
  });

  it("draws a time without reports as a gap by the clock, and as none by steps [33]", () => {
    const step = upTo(60);
    const paused = run({ step, timestamp: step.map((s) => (s + (s >= 30 ? 600 : 0)) * 1000), metrics: { loss: step } });
    const gaps = (xBy: ViewOptions["xBy"]) => Array.from(viewOf(paused, { ...OPTIONS, xBy }).metrics.get("loss")?.[0]?.values ?? []).filter((value) => value === null);
    expect(gaps("wall")).toHaveLength(1);
    expect(gaps("step")).toHaveLength(0);
  });

  it("smooths, and keeps what was reported beneath", () => {
    const [line] = viewOf(two, { ...OPTIONS, strength: 0.5 }).metrics.get("loss") ?? [];
    expect(line?.raw).toEqual([1, 3]);
    expect(line?.values[0]).toBe(1);
    expect(line?.values[1]).toBeCloseTo(7 / 3);
  });

  it("shows nothing of layers that there aren't", () => {
    const view = viewOf(two, { ...OPTIONS, layers: ["9"] });
    expect([view.x.length, view.metrics.size]).toEqual([0, 0]);
  });
});

describe("withoutRare", () => {
  it("joins the values of a metric that is reported now and then", () => {
    expect(withoutRare([1, NaN, NaN, 2, NaN])).toEqual({ values: [1, undefined, undefined, 2, undefined], dense: false });
  });

  it("leaves the hole in one that is reported each time", () => {
    expect(withoutRare([NaN, 1, 1, 1, 1, 1, NaN, 1, NaN])).toEqual({ values: [undefined, 1, 1, 1, 1, 1, NaN, 1, undefined], dense: true });
  });
});
