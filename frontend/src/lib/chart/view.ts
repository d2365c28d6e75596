/**
 * What the charts of a run are drawn from: the chosen layers on one x (steps, time since the start, or the time of day), one set of lines a
 * metric, smoothed if asked for.
 */
import { ALL, type Curve, type LayerKey, type RunCurves } from "./curves";
import { findGaps, openGaps } from "./gaps";
import { joinSeries } from "./join";
import { smooth, type Smoothing } from "./smooth";
import { isKnown, type Values } from "./values";

export type XBy = "step" | "relative" | "wall";

export interface ViewOptions {
  xBy: XBy;
  /** Unix seconds that "relative" counts from. */
  start: number;
  layers: readonly LayerKey[];
  /** 0: as reported. */
  strength: number;
  smoothing: Smoothing;
}

export interface ViewLine {
  layer: LayerKey;
  values: Values;
  /** As reported, beneath a smoothed line. */
  raw: Values | null;
  /** It has a value in nearly every row: one without is worth a mark. */
  dense: boolean;
}

export interface RunView {
  x: Float64Array;
  /** Unix seconds of each x. */
  clock: Float64Array;
  metrics: Map<string, ViewLine[]>;
}

/** A time without a report that is shorter than this is no gap, whatever is usual. */
const LEAST_GAP_SECONDS = 20;
const DENSE_PART = 0.8;

/** Ascending: a worker's clock may be set back, and a time may be missing. */
function ascending(times: readonly number[]): number[] {
  let last = times.find((time) => !Number.isNaN(time)) ?? 0;
  return times.map((time) => {
    if (time > last) last = time;
    return last;
  });
}

/**
 * A metric that is reported now and then has no gaps between: its line goes from one value to the next. In one that is reported each time,
 * a row without a value is a gap. Before its first and after its last value it says nothing.
 */
export function withoutRare(values: readonly number[]): { values: Values; dense: boolean } {
  let first = -1;
  let last = -1;
  let known = 0;
  values.forEach((value, i) => {
    if (!isKnown(value)) return;
    if (first < 0) first = i;
    last = i;
    known += 1;
  });
  const dense = known > 0 && known >= DENSE_PART * (last - first + 1);
  const kept = values.map((value, i) => (isKnown(value) || (dense && i >= first && i <= last) ? value : undefined));
  return { values: kept, dense };
}

function xOf(curve: Curve, { xBy, start }: ViewOptions, clock: readonly number[]): number[] {
  if (xBy === "step") return curve.step;
  return xBy === "wall" ? [...clock] : clock.map((at) => at - start);
}

/** Each x has its time: what only another run has lies between what is known. */
function filled(times: readonly Values[], length: number): Float64Array {
  const out = new Float64Array(length);
  let last = NaN;
  for (let i = 0; i < length; i += 1) {
    for (const line of times) {
      const value = line[i];
      if (isKnown(value) && !(value <= last)) last = value;
    }
    out[i] = last;
  }
  return out;
}

export function viewOf(run: RunCurves, options: ViewOptions): RunView {
  const least = options.xBy === "step" ? 0 : LEAST_GAP_SECONDS;
  const layers = options.layers.filter((key) => run.layers[key] !== undefined);
  const dense = new Map<string, boolean>();
  const prepared = layers.map((key) => {
    const curve = run.layers[key] ?? { step: [], time: [], values: {} };
    const clock = ascending(curve.time);
    const x = xOf(curve, options, clock);
    const names = Object.keys(curve.values);
    const lines: Values[] = [clock];
    for (const name of names) {
      const told = withoutRare(curve.values[name] ?? []);
      dense.set(`${key} ${name}`, told.dense);
      lines.push(told.values);
    }
    const open = openGaps(x, lines, findGaps(x, least));
    const smoothed = options.strength > 0 ? open.lines.slice(1).map((line) => smooth(open.x, line, options.strength, options.smoothing)) : [];
    return { names, x: open.x, lines: [...open.lines, ...smoothed] };
  });
  const joined = joinSeries(prepared);
  const metrics = new Map<string, ViewLine[]>();
  prepared.forEach(({ names }, r) => {
    const lines = joined.runs[r] ?? [];
    const layer = layers[r] ?? ALL;
    names.forEach((name, n) => {
      const raw = lines[1 + n] ?? [];
      const smoothed = lines[1 + names.length + n];
      const line = { layer, values: smoothed ?? raw, raw: smoothed === undefined ? null : raw, dense: dense.get(`${layer} ${name}`) === true };
      metrics.set(name, [...(metrics.get(name) ?? []), line]);
    });
  });
  const clock = options.xBy === "wall" ? joined.x : filled(joined.runs.map((lines) => lines[0] ?? []), joined.x.length);
  return { x: joined.x, clock, metrics };
}
