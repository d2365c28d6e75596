/**
 * Which rows stay when a curve has grown too long to be drawn: of each bucket the last, and those with any line's lowest and highest
 * value or without one beside rows that have one, so that a spike or a gap of one row is still there.
 */
export function rowsToKeep(length: number, lines: readonly ArrayLike<number>[], target: number): number[] {
  if (length <= target) return Array.from({ length }, (_, i) => i);
  const buckets = Math.max(1, Math.floor(target / (3 * lines.length + 1)));
  const keep = new Set<number>([0, length - 1]);
  for (let b = 0; b < buckets; b += 1) {
    const from = Math.floor((b * length) / buckets);
    const to = Math.floor(((b + 1) * length) / buckets);
    keep.add(to - 1);
    for (const line of lines) {
      let low = -1;
      let high = -1;
      let without = -1;
      for (let i = from; i < to; i += 1) {
        const value = line[i] ?? NaN;
        if (Number.isNaN(value)) {
          if (without < 0) without = i;
          continue;
        }
        if (low < 0 || value < (line[low] ?? 0)) low = i;
        if (high < 0 || value > (line[high] ?? 0)) high = i;
      }
      if (low < 0) continue;
      keep.add(low);
      keep.add(high);
      if (without >= 0) keep.add(without);
    }
  }
  return [...keep].sort((a, b) => a - b);
}
