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
