/** What a line can't show and must not pass over: infinities, rows without a value, and 0 or less on a logarithmic axis. */
import type { Values } from "./values";

export type Unplottable = "+inf" | "-inf" | "missing" | "not above 0";

interface How {
  log: boolean;
  /** The line has a value in every row: one told without (NaN) is worth a mark. */
  dense: boolean;
}

export function whatCantBeDrawn(value: number | null | undefined, { log, dense }: How): Unplottable | null {
  if (value === undefined || value === null) return null;
  if (Number.isNaN(value)) return dense ? "missing" : null;
  if (value === Infinity) return "+inf";
  if (value === -Infinity) return "-inf";
  return log && value <= 0 ? "not above 0" : null;
}

export interface Spot {
  x: number;
  what: Unplottable;
}

/** All of a line's, in the order of x: found once for its values, and not again for each picture. */
export function unplottable(x: ArrayLike<number>, values: Values, how: How): Spot[] {
  const spots: Spot[] = [];
  for (let i = 0; i < values.length && i < x.length; i += 1) {
    const value = values[i];
    // Nearly all are: this is looked at for each point of each line.
    if (value !== null && value !== undefined && value > 0 && value < Infinity) continue;
    const what = whatCantBeDrawn(value, how);
    if (what !== null) spots.push({ x: x[i] ?? NaN, what });
  }
  return spots;
}

/** Those in view, one of a kind a column of pixels. */
export function spotsInView(spots: readonly Spot[], min: number, max: number, toPixel: (x: number) => number): { at: number; what: Unplottable }[] {
  const out: { at: number; what: Unplottable }[] = [];
  const lastAt: Partial<Record<Unplottable, number>> = {};
  for (const { x, what } of spots) {
    if (x < min || x > max) continue;
    const at = Math.round(toPixel(x));
    if (lastAt[what] === at) continue;
    lastAt[what] = at;
    out.push({ at, what });
  }
  return out;
}

const WORDS: Record<Unplottable, string> = {
  "+inf": "at +∞",
  "-inf": "at −∞",
  missing: "without a value",
  "not above 0": "not above 0",
};

/** "2 at +∞, 1 without a value"; empty if every value is drawn. */
export function unplottableWords(spots: readonly Spot[]): string {
  const counts = new Map<Unplottable, number>();
  for (const { what } of spots) counts.set(what, (counts.get(what) ?? 0) + 1);
  return [...counts].map(([what, count]) => `${count.toLocaleString("en-US")} ${WORDS[what]}`).join(", ");
}
