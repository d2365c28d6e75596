/**
 * What a line of a chart is given: one value for each x, in an array of any sort.
 *
 * `null` and NaN: not known, the line has a gap. `undefined`: nothing is said here, because only another line has a point at this
 * x; the line goes on from its last point to its next. Plus and minus infinity are known and can't be drawn: they are marked.
 */
export type Values = ArrayLike<number | null | undefined>;

export function isKnown(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && !Number.isNaN(value);
}

function isDrawn(value: number | null | undefined, log: boolean): value is number {
  return isKnown(value) && Number.isFinite(value) && (!log || value > 0);
}

/** The same for uPlot, which takes null for a gap and undefined for no point; what can't be drawn is a gap. */
export function plotted(values: Values, length: number, log: boolean): (number | null | undefined)[] {
  const out = new Array<number | null | undefined>(length);
  for (let i = 0; i < length; i += 1) {
    const value = values[i];
    out[i] = isDrawn(value, log) ? value : value === undefined && i < values.length ? undefined : null;
  }
  return out;
}

/** The newest value that is known, or null. */
export function lastKnown(values: Values): number | null {
  for (let i = values.length - 1; i >= 0; i -= 1) {
    const value = values[i];
    if (isKnown(value)) return value;
  }
  return null;
}

/** The value at `index`, or the nearest before it that this line has, as long as there is no gap between. */
export function valueAt(values: Values, index: number): number | null {
  for (let i = Math.min(index, values.length - 1); i >= 0; i -= 1) {
    const value = values[i];
    if (value === undefined) continue;
    return isKnown(value) ? value : null;
  }
  return null;
}

/** The first index of an ascending `x` that isn't before `at`. */
export function lowerBound(x: ArrayLike<number>, at: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((x[middle] ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of an ascending `x` that is nearest to `at`; -1 if there is none. */
export function nearest(x: ArrayLike<number>, at: number): number {
  const after = lowerBound(x, at);
  if (after === 0) return x.length === 0 ? -1 : 0;
  if (after === x.length) return after - 1;
  return at - (x[after - 1] ?? 0) <= (x[after] ?? 0) - at ? after - 1 : after;
}
