/**
 * The curves of one run: for each layer, and for all of them together, the rows that were reported, in the order of their steps. What REST
 * has told is the truth; what came as an event since then stands after it until REST tells those rows too.
 */
import type { MetricColumns } from "./columns";
import { rowsToKeep } from "./thin";
import { lowerBound } from "./values";

/** "all", or a layer's number. */
export type LayerKey = string;
export const ALL: LayerKey = "all";

export interface Curve {
  step: number[];
  /** Unix seconds. */
  time: number[];
  /** By metric, each as long as `step`; NaN: not known. */
  values: Record<string, number[]>;
}

export interface RunCurves {
  layers: Record<LayerKey, Curve>;
  /** The last step that REST has told; -1: none. */
  told: number;
}

export interface LiveRow {
  layer: LayerKey;
  step: number;
  time: number;
  values: Record<string, number | null>;
}

export const NO_CURVES: RunCurves = { layers: {}, told: -1 };
const MAX_ROWS = 6000;
const THINNED_ROWS = 4000;

function pick(curve: Curve, rows: readonly number[]): Curve {
  const of = (values: readonly number[]) => rows.map((i) => values[i] ?? NaN);
  return {
    step: of(curve.step),
    time: of(curve.time),
    values: Object.fromEntries(Object.entries(curve.values).map(([name, values]) => [name, of(values)])),
  };
}

function slice(curve: Curve, from: number, to: number): Curve {
  return {
    step: curve.step.slice(from, to),
    time: curve.time.slice(from, to),
    values: Object.fromEntries(Object.entries(curve.values).map(([name, values]) => [name, values.slice(from, to)])),
  };
}

function concat(...parts: Curve[]): Curve {
  const join = (of: (part: Curve) => number[]) => ([] as number[]).concat(...parts.map(of));
  const names = new Set(parts.flatMap((part) => Object.keys(part.values)));
  const values: Record<string, number[]> = {};
  for (const name of names) values[name] = join((part) => part.values[name] ?? new Array<number>(part.step.length).fill(NaN));
  return { step: join((part) => part.step), time: join((part) => part.time), values };
}

function bounded(curve: Curve): Curve {
  if (curve.step.length <= MAX_ROWS) return curve;
  return pick(curve, rowsToKeep(curve.step.length, Object.values(curve.values), THINNED_ROWS));
}

function mapLayers(run: RunCurves, change: (curve: Curve, key: LayerKey) => Curve): Record<LayerKey, Curve> {
  const layers: Record<LayerKey, Curve> = {};
  for (const [key, curve] of Object.entries(run.layers)) {
    const changed = change(curve, key);
    if (changed.step.length > 0) layers[key] = changed;
  }
  return layers;
}

/** Rows by layer. Of two rows of one step the later counts. */
function byLayer(columns: MetricColumns): Record<LayerKey, Curve> {
  const rows: Record<LayerKey, number[]> = {};
  for (let i = 0; i < columns.rows; i += 1) {
    const layer = columns.layer[i] ?? -1;
    const list = (rows[layer < 0 ? ALL : String(layer)] ??= []);
    const last = list[list.length - 1];
    if (last !== undefined && columns.step[last] === columns.step[i]) list.pop();
    list.push(i);
  }
  const layers: Record<LayerKey, Curve> = {};
  for (const [key, list] of Object.entries(rows)) {
    const values: Record<string, number[]> = {};
    for (const [name, column] of columns.metrics) {
      const told = list.map((i) => column[i] ?? NaN);
      if (told.some((value) => !Number.isNaN(value))) values[name] = told;
    }
    layers[key] = {
      step: list.map((i) => columns.step[i] ?? 0),
      time: list.map((i) => (columns.timestamp[i] ?? NaN) / 1000),
      values,
    };
  }
  return layers;
}

export function lastStep(run: RunCurves): number {
  return Object.values(run.layers).reduce((last, { step }) => Math.max(last, step[step.length - 1] ?? -1), -1);
}

export function curvesFromColumns(columns: MetricColumns): RunCurves {
  const layers = byLayer(columns);
  const run = { layers, told: -1 };
  return { layers, told: lastStep(run) };
}

/** With the rows that REST told after the step `run.told`. What events told up to the end of these gives way to them. */
export function appendColumns(run: RunCurves, columns: MetricColumns): RunCurves {
  const told = curvesFromColumns(columns);
  if (told.told < 0) return run;
  const keys = new Set([...Object.keys(run.layers), ...Object.keys(told.layers)]);
  const empty: Curve = { step: [], time: [], values: {} };
  const layers: Record<LayerKey, Curve> = {};
  for (const key of keys) {
    const known = run.layers[key] ?? empty;
    const fresh = told.layers[key] ?? empty;
    const before = Math.min(lowerBound(known.step, run.told + 0.5), lowerBound(known.step, fresh.step[0] ?? Infinity));
    const after = lowerBound(known.step, told.told + 0.5);
    const whole = concat(slice(known, 0, before), fresh, slice(known, after, known.step.length));
    if (whole.step.length > 0) layers[key] = bounded(whole);
  }
  return { layers, told: told.told };
}

/** What is read as a whole, with what came live after its end while it was read. */
export function replaceCurves(run: RunCurves | undefined, told: RunCurves): RunCurves {
  if (run === undefined) return told;
  const live = mapLayers(run, (curve) => slice(curve, lowerBound(curve.step, told.told + 0.5), curve.step.length));
  // What was told before and is no longer told, was undone by a new attempt.
  if (run.told > told.told) return told;
  const layers = { ...told.layers };
  for (const [key, curve] of Object.entries(live)) {
    const known = layers[key];
    if (known !== undefined) layers[key] = bounded(concat(known, curve));
    else if (told.told < 0) layers[key] = curve;
  }
  return { layers, told: told.told };
}

/** Where a live row over all layers belongs: a run of one layer may report that layer's rows alone. */
function rowKey(run: RunCurves, wanted: LayerKey): LayerKey {
  if (wanted !== ALL || run.layers[ALL] !== undefined) return wanted;
  const keys = Object.keys(run.layers);
  return keys.length === 1 ? (keys[0] ?? ALL) : ALL;
}

/** With rows that events told. One before the end of its layer is left out: REST tells it. */
export function appendLive(run: RunCurves, rows: readonly LiveRow[]): RunCurves {
  const layers = { ...run.layers };
  const taken = new Set<LayerKey>();
  for (const row of rows) {
    const key = rowKey(run, row.layer);
    const known = layers[key] ?? { step: [], time: [], values: {} };
    if (taken.has(key) || row.step <= (known.step[known.step.length - 1] ?? -1) || row.step <= run.told) continue;
    taken.add(key);
    const values: Record<string, number[]> = {};
    for (const [name, value] of Object.entries(row.values)) if (value !== null) values[name] = [value];
    layers[key] = bounded(concat(known, { step: [row.step], time: [row.time], values }));
  }
  return taken.size === 0 ? run : { ...run, layers };
}

/** Without what lies from `step` on: a new attempt writes it again. */
export function cutFrom(run: RunCurves, step: number): RunCurves {
  return {
    layers: mapLayers(run, (curve) => slice(curve, 0, lowerBound(curve.step, step))),
    told: Math.min(run.told, step - 1),
  };
}

/** `run`, and between the steps `from` and `to` the finer rows of `detail`. */
export function refine(run: RunCurves, detail: RunCurves, from: number, to: number): RunCurves {
  const end = Math.min(to, detail.told);
  return {
    ...run,
    layers: mapLayers(run, (curve, key) => {
      const finer = detail.layers[key];
      if (finer === undefined) return curve;
      const before = lowerBound(curve.step, from);
      const after = Math.max(lowerBound(curve.step, end + 0.5), before);
      return concat(slice(curve, 0, before), finer, slice(curve, after, curve.step.length));
    }),
  };
}

/** Every metric of which any layer has a value. */
export function metricNames(run: RunCurves): string[] {
  return [...new Set(Object.values(run.layers).flatMap((curve) => Object.keys(curve.values)))];
}
