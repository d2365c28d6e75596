/** What a line can't show and must not pass over: infinities, rows without a value, and 0 or less on a logarithmic axis. */
import { lowerBound, type Values } from "./values";

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

interface View extends How {
  min: number;
  max: number;
  toPixel: (x: number) => number;
}

/** Where in view they lie, one of a kind a column of pixels. */
export function unplottable(x: ArrayLike<number>, values: Values, view: View): { at: number; what: Unplottable }[] {
  const out: { at: number; what: Unplottable }[] = [];
  const lastAt: Partial<Record<Unplottable, number>> = {};
  for (let i = lowerBound(x, view.min); i < x.length; i += 1) {
    const here = x[i] ?? Infinity;
    if (here > view.max) break;
    const what = whatCantBeDrawn(i < values.length ? values[i] : undefined, view);
    if (what === null) continue;
    const at = Math.round(view.toPixel(here));
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
export function unplottableWords(lines: readonly { values: Values; dense?: boolean | undefined }[], log: boolean): string {
  const counts = new Map<Unplottable, number>();
  for (const { values, dense } of lines) {
    for (let i = 0; i < values.length; i += 1) {
      const what = whatCantBeDrawn(values[i], { log, dense: dense === true });
      if (what !== null) counts.set(what, (counts.get(what) ?? 0) + 1);
    }
  }
  return [...counts].map(([what, count]) => `${count.toLocaleString("en-US")} ${WORDS[what]}`).join(", ");
}
