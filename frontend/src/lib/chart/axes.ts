/** Axes: what stands at them, and where they end. */
import type uPlot from "uplot";
import { axisNumber, byteRate, bytes, clockLabels } from "@/lib/format";
import { steadyRange } from "@/lib/series";
import { lowerBound } from "./values";

export type XKind = "time" | "step" | "duration";
export type AxisKind = "number" | "percent" | "bytes" | "bytes/s";
export type Span = [number, number];

/** A young server has little to show: a time axis with a window grows in these steps, seconds. */
const WINDOWS = [60, 120, 180, 300, 600];

/** Steps of an axis that counts bytes: 1, 2, 4 … of each binary unit. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, i) => 2 ** i);

/** Steps of an axis of durations, seconds: what a clock's hand would stop at. */
const DURATION_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000];

const MARGIN = 0.08;
const LABEL_PX = 30;
/** The same for every chart, so that charts above each other have their x in the same place. */
const Y_SIZE = 66;

function yLabel(kind: AxisKind, value: number, step: number): string {
  if (kind === "bytes") return bytes(value);
  if (kind === "bytes/s") return byteRate(value);
  return kind === "percent" ? `${axisNumber(value, step)}\u202f%` : axisNumber(value, step);
}

/**
 * Where a logarithmic axis has its lines: at powers of ten, at 2 and 5 times these too where there are few, and in even steps where the
 * axis spans less than one.
 */
export function logSplits(min: number, max: number): number[] {
  const decades = Math.log10(max / min);
  if (!(decades > 0) || !Number.isFinite(decades)) return [min];
  if (decades < 1) {
    const rough = (max - min) / 4;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * ([1, 2, 5, 10].find((each) => each * unit >= rough) ?? 10);
    const splits: number[] = [];
    for (let i = Math.ceil(min / step); i * step <= max; i += 1) splits.push(Number((i * step).toPrecision(12)));
    return splits;
  }
  const every = Math.ceil(decades / 8);
  const splits: number[] = [];
  for (let power = Math.floor(Math.log10(min)); 10 ** power <= max; power += 1) {
    if (power % every !== 0) continue;
    for (const times of decades < 3 ? [1, 2, 5] : [1]) {
      const at = Number(`${times}e${power}`);
      if (at >= min && at <= max) splits.push(at);
    }
  }
  return splits;
}

export function logLabel(value: number, step: number): string {
  const power = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
  return power >= -3 && power <= 6 ? axisNumber(value, Math.min(step, value)) : value.toExponential().replace("e+", "e");
}

export function xRange(zoom: Span | null, windowX: number | undefined, min: number | null, max: number | null): Span {
  if (zoom !== null) return zoom;
  if (min === null || max === null) return [0, 1];
  if (windowX === undefined) return min === max ? [min, min + 1] : [min, max];
  const span = WINDOWS.find((each) => each >= max - min) ?? windowX;
  return [max - Math.min(span, windowX), max];
}

/** What a logarithmic x axis can show of `span`: from the first x above 0 on. */
export function aboveZero([from, to]: Span, x: ArrayLike<number>): Span {
  const first = x[lowerBound(x, Number.MIN_VALUE)] ?? 1;
  const low = from > 0 ? from : first;
  return [low, to > low ? to : low * 10];
}

/** Fixed ends stay; a free one leaves room for the line. */
export function yRange([low, high]: [number | null, number | null], min: number | null, max: number | null): Span {
  if (low === null && high === null) return min === null || max === null ? [0, 1] : steadyRange(min, max, MARGIN);
  if (high !== null) return [low ?? Math.min(min ?? 0, high), high];
  const from = low ?? 0;
  const to = max ?? from + 1;
  return [from, to <= from ? from + 1 : to * (1 + MARGIN)];
}

/** The ends of a logarithmic axis: never more than what is there asks for, and always some room. */
export function logRange(min: number | null, max: number | null): Span {
  if (min === null || max === null || !(min > 0) || !Number.isFinite(max)) return [0.1, 1];
  const room = Math.max((max / min) ** 0.06, 1.1);
  return [min / room, max * room];
}

/** "90 s" is "1 min 30 s", and "15 min" needs no seconds. */
export function durationLabel(seconds: number): string {
  if (seconds === 0) return "0";
  if (Math.abs(seconds) < 60) return `${Number(seconds.toFixed(2))}\u202fs`;
  const units: [number, string][] = [[Math.floor(seconds / 86_400), "d"], [Math.floor(seconds / 3600) % 24, "h"], [Math.floor(seconds / 60) % 60, "min"], [Math.floor(seconds % 60), "s"]];
  const words = units.filter(([value]) => value !== 0).map(([value, unit]) => `${value}\u202f${unit}`);
  return words.slice(0, 2).join(" ");
}

export function xAxis(kind: XKind, base: uPlot.Axis): uPlot.Axis {
  const axis: uPlot.Axis = { ...base, size: 22, gap: 4, space: 70 };
  if (kind === "time") axis.values = (_self, splits, _axis, _space, step) => clockLabels(splits, step);
  else if (kind === "duration") {
    axis.incrs = DURATION_STEPS;
    axis.values = (_self, splits) => splits.map(durationLabel);
  } else {
    axis.values = (_self, splits) =>
      splits.map((s) => (Number.isInteger(s) ? axisNumber(s, (splits[1] ?? 1) - (splits[0] ?? 0)) : ""));
  }
  return axis;
}

export function yAxis(kind: AxisKind, log: boolean, base: uPlot.Axis): uPlot.Axis {
  const axis: uPlot.Axis = { ...base, size: Y_SIZE, gap: 6, space: LABEL_PX };
  if (log) {
    axis.splits = (_self, _axis, min, max) => logSplits(min, max);
    // uPlot would leave out what is no power of ten.
    axis.filter = (_self, splits) => splits;
  } else if (kind === "bytes" || kind === "bytes/s") axis.incrs = BINARY_STEPS;
  axis.values = (_self, splits: (number | null)[], _axis, _space, step) =>
    splits.map((s, i) => {
      if (s === null) return "";
      if (!log) return yLabel(kind, s, step);
      const apart = (splits[i + 1] ?? s) - s || s - (splits[i - 1] ?? 0);
      return kind === "number" ? logLabel(s, apart) : yLabel(kind, s, s);
    });
  return axis;
}
