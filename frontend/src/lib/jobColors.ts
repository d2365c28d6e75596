/**
 * A colour for each of the jobs that use the machine, so that one job is found in every bar and among the cards. A job keeps its
 * colour as long as it has a part; there are eight, and what comes after shares none.
 */
const COLORS = ["--c1", "--c3", "--c4", "--c6", "--c7", "--c8", "--c5", "--c2"] as const;

export type JobColors = ReadonlyMap<string, string>;

export function assignColors(known: JobColors, jobIds: readonly string[]): JobColors {
  const wanted = new Set(jobIds);
  const kept = new Map([...known].filter(([id]) => wanted.has(id)));
  const free = COLORS.map((name) => `var(${name})`).filter((color) => ![...kept.values()].includes(color));
  for (const id of jobIds) {
    if (kept.has(id)) continue;
    const color = free.shift();
    if (color === undefined) break;
    kept.set(id, color);
  }
  const same = kept.size === known.size && [...kept].every(([id, color]) => known.get(id) === color);
  return same ? known : kept;
}
