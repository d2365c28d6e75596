/** The metrics of one run as columns, and as lines by step, by time since its first report, or by the clock. */
import type { CurveAxis } from "./compareAddress";
import type { CurveRow } from "./types/training";

type Column = (number | null)[];

export interface RunCurves {
  /** Ascending, each once. */
  step: number[];
  /** Milliseconds since 1970, by the clock of where the run reported from. */
  at: number[];
  metrics: Record<string, Column>;
}

/** Fields of a row that are no metric. */
const NO_METRIC = new Set(["step", "layer_idx", "timestamp", "extra"]);
/** A report that comes so many times later than its steps let expect has a time without data before it. */
const GAP_TIMES = 20;
const GAP_LEAST_MS = 5000;

export const NO_CURVES: RunCurves = { step: [], at: [], metrics: {} };

function valuesOf(row: CurveRow): [string, number][] {
  const own = Object.entries(row).filter(([name]) => !NO_METRIC.has(name));
  return [...own, ...Object.entries(row.extra ?? {})].filter((entry): entry is [string, number] => typeof entry[1] === "number");
}

/** With the rows that came after; a row of a step that is known replaces it and all that follow: an attempt went back to it. */
export function withRows(curves: RunCurves, rows: readonly CurveRow[]): RunCurves {
  const first = rows[0];
  if (first === undefined) return curves;
  let kept = curves.step.length;
  while (kept > 0 && (curves.step[kept - 1] ?? -1) >= first.step) kept -= 1;
  const step = curves.step.slice(0, kept);
  const at = curves.at.slice(0, kept);
  const metrics: Record<string, Column> = {};
  for (const [name, column] of Object.entries(curves.metrics)) metrics[name] = column.slice(0, kept);
  for (const row of rows) {
    const last = step[step.length - 1];
    if (last !== undefined && row.step <= last) continue;
    step.push(row.step);
    at.push(Date.parse(row.timestamp));
    for (const [name, value] of valuesOf(row)) {
      const column = (metrics[name] ??= []);
      while (column.length < step.length - 1) column.push(null);
      column.push(value);
    }
  }
  for (const column of Object.values(metrics)) while (column.length < step.length) column.push(null);
  return { step, at, metrics };
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** The rows before which nothing was reported for long, counted by what a step of this run usually takes. */
export function gapsBefore({ step, at }: RunCurves): Set<number> {
  const taken = step.slice(1).map((s, i) => ((at[i + 1] ?? NaN) - (at[i] ?? NaN)) / (s - (step[i] ?? NaN)));
  const usual = median(taken.filter((each) => each >= 0));
  const gaps = new Set<number>();
  taken.forEach((each, i) => {
    const passed = (at[i + 1] ?? NaN) - (at[i] ?? NaN);
    if (each > usual * GAP_TIMES && passed > GAP_LEAST_MS) gaps.add(i + 1);
  });
  return gaps;
}

export interface RunLine {
  x: number[];
  values: Column;
}

/** One metric of a run on an axis: steps, seconds since its first report, or seconds since 1970. */
export function runLine(curves: RunCurves, metric: string, axis: CurveAxis): RunLine {
  const column = curves.metrics[metric];
  if (column === undefined) return { x: [], values: [] };
  if (axis === "step") return { x: curves.step, values: column };
  const zero = axis === "elapsed" ? (curves.at[0] ?? 0) : 0;
  const gaps = gapsBefore(curves);
  const line: RunLine = { x: [], values: [] };
  curves.at.forEach((ms, i) => {
    const x = (ms - zero) / 1000;
    const last = line.x[line.x.length - 1];
    // A clock that was set back tells nothing about this row.
    if (Number.isNaN(x) || (last !== undefined && x < last)) return;
    if (gaps.has(i) && last !== undefined) {
      line.x.push((last + x) / 2);
      line.values.push(null);
    }
    line.x.push(x);
    line.values.push(column[i] ?? null);
  });
  return line;
}

/** Names of the metrics that any of them reported, the given ones first, the others by name. */
export function metricNames(all: readonly RunCurves[], first: readonly string[]): string[] {
  const names = new Set(all.flatMap(({ metrics }) => Object.entries(metrics).flatMap(([name, column]) => (column.some((v) => v !== null) ? [name] : []))));
  const others = [...names].filter((name) => !first.includes(name)).sort((a, b) => a.localeCompare(b));
  return [...first.filter((name) => names.has(name)), ...others];
}
