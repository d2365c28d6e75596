/** Where a text occurs in a log, whatever its case. */
import { styledLine } from "./logRows";
import type { LogLine } from "./types/job";

export interface Match {
  line: number;
  from: number;
  to: number;
}

/** More than these help nobody find anything. */
export const MATCHES_MAX = 5000;

export function findMatches(lines: readonly LogLine[], wanted: string): Match[] {
  const text = wanted.toLowerCase();
  const found: Match[] = [];
  if (text === "") return found;
  for (const [line, it] of lines.entries()) {
    const within = styledLine(it).text.toLowerCase();
    for (let at = within.indexOf(text); at >= 0; at = within.indexOf(text, at + text.length)) {
      found.push({ line, from: at, to: at + text.length });
      if (found.length === MATCHES_MAX) return found;
    }
  }
  return found;
}

/** The next in that direction, round the end. */
export function stepMatch(count: number, current: number, by: 1 | -1): number {
  return count === 0 ? 0 : (current + by + count) % count;
}

/** By line, with their places among all. */
export function matchesByLine(matches: readonly Match[]): Map<number, (Match & { index: number })[]> {
  const byLine = new Map<number, (Match & { index: number })[]>();
  matches.forEach((match, index) => {
    const list = byLine.get(match.line);
    if (list === undefined) byLine.set(match.line, [{ ...match, index }]);
    else list.push({ ...match, index });
  });
  return byLine;
}
