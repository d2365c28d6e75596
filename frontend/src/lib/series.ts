/**
 * Series for charts: x and one array per line, all of one length, null for "not known".
 *
 * Rows are appended in order of x; a row at the same x as the last replaces it; an older one is left out. A distance in x of more than
 * `gap` puts a row of nulls between, so that a time without data is drawn as a gap and not as a line.
 */
export type Values = (number | null)[];

export interface Series {
  x: number[];
  lines: Values[];
}

export function emptySeries(lines: number): Series {
  return { x: [], lines: Array.from({ length: lines }, () => []) };
}

export function appendRow(series: Series, x: number, row: readonly (number | null)[], gap = Infinity): boolean {
  const last = series.x[series.x.length - 1];
  if (last !== undefined && x < last) return false;
  if (last === x) {
    series.lines.forEach((line, i) => {
      line[line.length - 1] = row[i] ?? line[line.length - 1] ?? null;
    });
    return true;
  }
  if (last !== undefined && x - last > gap) {
    series.x.push((last + x) / 2);
    for (const line of series.lines) line.push(null);
  }
  series.x.push(x);
  series.lines.forEach((line, i) => line.push(row[i] ?? null));
  return true;
}

/** Drops rows before `from`. */
export function trimBefore(series: Series, from: number): void {
  let drop = 0;
  while (drop < series.x.length && (series.x[drop] ?? Infinity) < from) drop += 1;
  if (drop === 0) return;
  series.x.splice(0, drop);
  for (const line of series.lines) line.splice(0, drop);
}

/**
 * At most about `target` rows: of each bucket the rows that hold any line's minimum or maximum stay, and its last, so that a spike
 * of one step is still there; a gap stays a gap.
 */
export function thin(series: Series, target: number): Series {
  const n = series.x.length;
  if (n <= target) return series;
  const perBucket = 2 * series.lines.length + 1;
  const buckets = Math.max(1, Math.floor(target / perBucket));
  const keep = new Set<number>([0, n - 1]);
  for (let b = 0; b < buckets; b += 1) {
    const from = Math.floor((b * n) / buckets);
    const to = Math.floor(((b + 1) * n) / buckets);
    keep.add(to - 1);
    for (let i = from; i < to; i += 1) {
      if (series.lines.every((line) => line[i] === null)) keep.add(i);
    }
    for (const line of series.lines) {
      let low = -1;
      let high = -1;
      for (let i = from; i < to; i += 1) {
        const value = line[i];
        if (value === null || value === undefined) continue;
        if (low < 0 || value < (line[low] ?? Infinity)) low = i;
        if (high < 0 || value > (line[high] ?? -Infinity)) high = i;
      }
      if (low >= 0) keep.add(low);
      if (high >= 0) keep.add(high);
    }
  }
  const rows = [...keep].sort((a, b) => a - b);
  return { x: rows.map((i) => series.x[i] ?? 0), lines: series.lines.map((line) => rows.map((i) => line[i] ?? null)) };
}

/** A curve fills its height only if it moves by more than this part of its size: noise on a constant stays a flat line. */
const STEADY_PART = 0.02;

/** The ends of an axis for values from `min` to `max` with `margin` of the height above and below; not below 0 for values that are not. */
export function steadyRange(min: number, max: number, margin = 0): [number, number] {
  const least = Math.max(Math.abs(min), Math.abs(max)) * STEADY_PART;
  // Values all of 0 have no size to measure by.
  const missing = Math.max((least > 0 ? least : 1) - (max - min), 0) / 2;
  const pad = missing + (max - min + 2 * missing) * margin;
  const bottom = min - pad;
  return [min >= 0 ? Math.max(0, bottom) : bottom, max + pad];
}
