/** Runs that each have their own x, brought onto one: what an overlay of several runs is drawn from. */
import type { Values } from "./values";

export interface Joinable {
  /** Ascending. */
  x: ArrayLike<number>;
  lines: readonly Values[];
}

export interface Joined {
  x: Float64Array;
  /** For each run its lines, in their order, each as long as `x`. */
  runs: Values[][];
}

function distinct(runs: readonly Joinable[]): Float64Array {
  const all = new Float64Array(runs.reduce((sum, run) => sum + run.x.length, 0));
  let at = 0;
  for (const run of runs) {
    all.set(Float64Array.from(run.x), at);
    at += run.x.length;
  }
  all.sort();
  let kept = 0;
  for (let i = 0; i < all.length; i += 1) {
    const value = all[i] ?? NaN;
    if (Number.isNaN(value) || (kept > 0 && all[kept - 1] === value)) continue;
    all[kept] = value;
    kept += 1;
  }
  return all.slice(0, kept);
}

/**
 * Every x of any run, once. Where a run has no point of its own its lines say nothing (`undefined`: the line goes on); what a run
 * itself doesn't know stays unknown. Of two points of a run at the same x the later one counts.
 */
export function joinSeries(runs: readonly Joinable[]): Joined {
  const x = distinct(runs);
  return {
    x,
    runs: runs.map((run) => {
      const lines = run.lines.map(() => new Array<number | null | undefined>(x.length).fill(undefined));
      let at = 0;
      for (let i = 0; i < run.x.length; i += 1) {
        const here = run.x[i] ?? NaN;
        while (at < x.length && (x[at] ?? Infinity) < here) at += 1;
        if (x[at] !== here) continue;
        run.lines.forEach((values, l) => {
          const line = lines[l];
          const value = i < values.length ? values[i] : null;
          // Where two rows share an x, one that says nothing takes nothing back.
          if (line !== undefined && value !== undefined) line[at] = value;
        });
      }
      return lines;
    }),
  };
}
