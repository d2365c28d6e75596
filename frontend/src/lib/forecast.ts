/** When something that shrinks will be used up, by how it shrank in the last minutes. */
import { isKnown, type Values } from "./chart/values";

const LEAST_SPAN_S = 60;
const LEAST_POINTS = 8;
/** How well a straight line must explain what was seen: a few files written and removed again are no trend. */
const LEAST_FIT = 0.5;

interface Trend {
  /** Per second. */
  slope: number;
  fit: number;
  span: number;
  points: number;
}

function trend(x: ArrayLike<number>, values: Values): Trend {
  let [n, sx, sy, first, last] = [0, 0, 0, NaN, NaN];
  const each = (take: (at: number, value: number) => void) => {
    for (let i = 0; i < x.length; i += 1) {
      const value = values[i];
      const at = x[i];
      if (isKnown(value) && at !== undefined) take(at, value);
    }
  };
  each((at, value) => {
    n += 1;
    sx += at;
    sy += value;
    if (Number.isNaN(first)) first = at;
    last = at;
  });
  const [mx, my] = [sx / n, sy / n];
  let [xx, xy, yy] = [0, 0, 0];
  each((at, value) => {
    xx += (at - mx) ** 2;
    xy += (at - mx) * (value - my);
    yy += (value - my) ** 2;
  });
  return { slope: xy / xx, fit: yy === 0 ? 0 : xy ** 2 / (xx * yy), span: last - first, points: n };
}

/** Seconds until nothing is left of `left`, or null: it doesn't shrink, or too little is known to say so. */
export function secondsLeft(x: ArrayLike<number>, values: Values, left: number | null): number | null {
  if (left === null) return null;
  const { slope, fit, span, points } = trend(x, values);
  if (points < LEAST_POINTS || span < LEAST_SPAN_S || !(slope < 0) || fit < LEAST_FIT) return null;
  return left / -slope;
}
