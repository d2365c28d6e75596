/**
 * Smoothed lines. `exponential` weighs by points: each counts `strength` of what came before it. `time-weighted` weighs by the distance in x,
 * so that a line whose points lie at uneven distances (thinned out, or reported irregularly) is smoothed evenly.
 *
 * The first values are corrected for their short past instead of being held near 0; a gap stays a gap; what can't be drawn has no weight.
 */
import { isKnown, type Values } from "./values";

export type Smoothing = "exponential" | "time-weighted";

/** A line of evenly spaced points is cut into so many for the time-weighted form: there both forms agree. */
const REFERENCE_POINTS = 1000;

export function smooth(x: ArrayLike<number>, values: Values, strength: number, kind: Smoothing): (number | null | undefined)[] {
  const out = new Array<number | null | undefined>(values.length);
  const reach = ((x[x.length - 1] ?? 0) - (x[0] ?? 0)) / REFERENCE_POINTS;
  let mean = 0;
  let weight = 0;
  let lastX: number | undefined;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (value === undefined) {
      out[i] = undefined;
      continue;
    }
    if (!isKnown(value) || !Number.isFinite(value)) {
      out[i] = null;
      continue;
    }
    const here = x[i] ?? 0;
    const steps = kind === "exponential" || lastX === undefined || reach <= 0 ? 1 : (here - lastX) / reach;
    const keep = strength ** steps;
    mean = mean * keep + value * (1 - keep);
    weight = weight * keep + (1 - keep);
    out[i] = weight > 0 ? mean / weight : value;
    lastX = here;
  }
  return out;
}
