/** Axes: what stands at them, and where they end. */
import type uPlot from "uplot";
import { axisNumber, byteRate, clockLabels, duration } from "@/lib/format";
import { steadyRange } from "@/lib/series";
import { lowerBound } from "./values";

export type XKind = "time" | "step" | "duration";
export type AxisKind = "number" | "percent" | "bytes/s";
export type Span = [number, number];

/** A young server has little to show: a time axis with a window grows in these steps, seconds. */
const WINDOWS = [60, 120, 180, 300, 600];

/** Steps of an axis that counts bytes: 1, 2, 4 … of each binary unit. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, i) => 2 ** i);

/** Steps of an axis of durations, seconds: what a clock's hand would stop at. */
const DURATION_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000];

const MARGIN = 0.08;
const LABEL_PX = 30;
const DECADE_PX = 16;

function yLabel(kind: AxisKind, value: number, step: number): string {
  if (kind === "bytes/s") return byteRate(value);
  return kind === "percent" ? `${axisNumber(value, step)}\u202f%` : axisNumber(value, step);
}

/** A label of a logarithmic axis: only powers of ten have one. */
export function logLabel(value: number): string {
  const power = Math.round(Math.log10(value));
  if (Math.abs(value / 10 ** power - 1) > 1e-9) return "";
  if (power >= -3 && power <= 4) return axisNumber(value, value);
  return `1e${power}`;
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

export function xAxis(kind: XKind, base: uPlot.Axis): uPlot.Axis {
  const axis: uPlot.Axis = { ...base, size: 22, gap: 4, space: 70 };
  if (kind === "time") axis.values = (_self, splits, _axis, _space, step) => clockLabels(splits, step);
  else if (kind === "duration") {
    axis.incrs = DURATION_STEPS;
    axis.values = (_self, splits) => splits.map((s) => (s === 0 ? "0" : duration(s)));
  } else {
    axis.values = (_self, splits) =>
      splits.map((s) => (Number.isInteger(s) ? axisNumber(s, (splits[1] ?? 1) - (splits[0] ?? 0)) : ""));
  }
  return axis;
}

export function yAxis(kind: AxisKind, log: boolean, base: uPlot.Axis): uPlot.Axis {
  const axis: uPlot.Axis = { ...base, size: kind === "bytes/s" ? 76 : 54, gap: 6, space: log ? DECADE_PX : LABEL_PX };
  if (kind === "bytes/s" && !log) axis.incrs = BINARY_STEPS;
  axis.values = (_self, splits: (number | null)[], _axis, _space, step) =>
    splits.map((s) => (s === null ? "" : log && kind === "number" ? logLabel(s) : yLabel(kind, s, log ? s : step)));
  return axis;
}
