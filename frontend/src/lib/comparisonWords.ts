/** The server's comparison in the page's words. */
import type { Comparison } from "./types/progress";

/** Runs of one name go by their ids there; here by what the page calls them. It ends as a sentence does. */
export function sentenceOf(comparison: Comparison, labels: ReadonlyMap<string, string>): string {
  let sentence = comparison.sentence;
  for (const [id, label] of labels) sentence = sentence.replaceAll(id, label);
  const first = sentence.startsWith("there is no") ? `T${sentence.slice(1)}` : sentence;
  return first.endsWith(".") ? first : `${first}.`;
}

/** What each run spent on a tenth, made comparable: where not equally much was to do, by what there was. */
export interface TenthCell {
  seconds: number | null;
  /** Against the quickest of them there, which is 1; null: nothing to compare with. */
  ratio: number | null;
}

export function tenthCells(comparison: Comparison): TenthCell[][] {
  const weights = comparison.runs.map((run) => (comparison.basis === "units" && run.total !== null && run.total > 0 ? run.total : 1));
  const cells = comparison.runs.map((run) => run.tenths.map((seconds): TenthCell => ({ seconds, ratio: null })));
  for (let tenth = 0; tenth < 10; tenth += 1) {
    // A tenth that one went through in part says nothing beside another's whole.
    const whole = comparison.runs.map((run, i) => {
      const seconds = run.tenths[tenth] ?? null;
      const through = run.from !== null && run.reached !== null && run.from <= tenth * 10 && run.reached >= (tenth + 1) * 10;
      return seconds === null || !through ? null : seconds / (weights[i] ?? 1);
    });
    const known = whole.filter((value): value is number => value !== null && value > 0);
    if (known.length < 2) continue;
    const least = Math.min(...known);
    whole.forEach((value, i) => {
      const cell = cells[i]?.[tenth];
      if (cell !== undefined && value !== null && value > 0) cell.ratio = value / least;
    });
  }
  return cells;
}

/** Whether a tenth lies in the stretch where they diverge. */
export function inDivergence(comparison: Comparison, tenth: number): boolean {
  const { diverge } = comparison;
  return diverge !== null && (tenth + 1) * 10 > diverge.from && tenth * 10 < diverge.to;
}

export interface PhaseRow {
  name: string;
  /** Seconds of each run, in their order; null: it had no such phase. */
  seconds: (number | null)[];
}

/** Every phase that any of them had, in the order of their first appearance; and the time that they stood. */
export function phaseRows(comparison: Comparison): PhaseRow[] {
  const names = [...new Set(comparison.runs.flatMap((run) => run.phases.map((phase) => phase.name)))];
  const rows = names.map((name) => ({ name, seconds: comparison.runs.map((run) => run.phases.find((phase) => phase.name === name)?.seconds ?? null) }));
  const other = comparison.runs.map((run) => {
    if (run.duration_seconds === null) return null;
    const rest = run.duration_seconds - run.phases.reduce((sum, phase) => sum + phase.seconds, 0);
    return rest > Math.max(1, run.duration_seconds * 0.01) ? rest : null;
  });
  if (other.some((value) => value !== null)) rows.push({ name: "outside of any phase", seconds: other });
  const stood = comparison.runs.map((run) => (run.standing_seconds !== null && run.standing_seconds > 0.5 ? run.standing_seconds : null));
  if (stood.some((value) => value !== null)) rows.push({ name: "standing: paused or waiting", seconds: stood });
  return rows;
}
