/** Where rows are missing: a stretch in which nothing was reported is a gap and not a straight line. */

/** So many times the distances around it. Rows that were thinned out lie now close together and now far apart: a small factor finds gaps there. */
const FACTOR = 10;
/** Rows on either side that tell what is usual here: reports may become rarer in the course of a run. */
const AROUND = 25;
/** Fewer distances tell nothing. */
const LEAST_AROUND = 4;

/** The mean distance between the rows from `from` to `to`, and how many there are. */
function usual(x: ArrayLike<number>, from: number, to: number): { mean: number; count: number } {
  const [low, high] = [Math.max(from, 0), Math.min(to, x.length - 1)];
  const count = high - low;
  return count <= 0 ? { mean: 0, count: 0 } : { mean: ((x[high] ?? 0) - (x[low] ?? 0)) / count, count };
}

/** The indices before which a gap lies. Distances up to `least` are none. */
export function findGaps(x: ArrayLike<number>, least = 0): number[] {
  const gaps: number[] = [];
  for (let i = 1; i < x.length; i += 1) {
    const distance = (x[i] ?? 0) - (x[i - 1] ?? 0);
    if (distance <= least) continue;
    const before = usual(x, i - 1 - AROUND, i - 1);
    const after = usual(x, i, i + AROUND);
    if (before.count + after.count >= LEAST_AROUND && distance > FACTOR * Math.max(before.mean, after.mean)) gaps.push(i);
  }
  return gaps;
}

/** The same rows, and in the middle of each gap one without anything (null, while a row that was told without a value has NaN). */
export function openGaps(
  x: ArrayLike<number>,
  lines: readonly ArrayLike<number | null | undefined>[],
  gaps: readonly number[],
): { x: ArrayLike<number>; lines: readonly ArrayLike<number | null | undefined>[] } {
  if (gaps.length === 0) return { x, lines };
  const wanted = new Set(gaps);
  const outX: number[] = [];
  const out = lines.map((): (number | null | undefined)[] => []);
  for (let i = 0; i < x.length; i += 1) {
    const here = x[i] ?? 0;
    if (wanted.has(i)) {
      outX.push(((x[i - 1] ?? here) + here) / 2);
      for (const line of out) line.push(null);
    }
    outX.push(here);
    out.forEach((line, l) => line.push(lines[l]?.[i]));
  }
  return { x: outX, lines: out };
}
