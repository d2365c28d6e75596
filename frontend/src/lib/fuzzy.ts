/** Finding by a few letters: "tk32" finds "kjv · topk 32". The letters must come in order; words and runs count more than scattered ones. */
export interface Match {
  score: number;
  /** What was found in the text, [from, to) each, in order and apart. */
  ranges: [number, number][];
}

const AT_START = 8;
const AT_WORD = 6;
const IN_RUN = 4;
const PER_LETTER = 1;
/** A letter that is skipped between two found ones costs so much, and no more than ten of them. */
const PER_GAP = 0.1;

/** Of a longer text only so many letters are looked at. */
const LETTERS = 160;

const SEPARATOR = /[\s\-_./:·,()[\]]/;

function startsWord(text: readonly string[], at: number): boolean {
  if (at === 0) return true;
  const [before, here] = [text[at - 1] ?? "", text[at] ?? ""];
  if (SEPARATOR.test(before)) return true;
  // topK and topk32: a capital after a small letter, a figure after a letter.
  return (/[a-z]/.test(before) && /[A-Z]/.test(here)) || (/\D/.test(before) && /\d/.test(here));
}

function matchTerm(term: string, text: string): Match | null {
  const wanted = [...term.toLowerCase()];
  const letters = [...text].slice(0, LETTERS);
  const lower = letters.map((letter) => letter.toLowerCase());
  let from = 0;
  for (const letter of wanted) {
    from = lower.indexOf(letter, from) + 1;
    if (from === 0) return null;
  }
  // best[j]: the best score with this letter of the term at j; before: the same of the letter before it.
  let before: number[] = [];
  const came: number[][] = [];
  wanted.forEach((letter, i) => {
    const best = new Array<number>(lower.length).fill(-Infinity);
    const origin = new Array<number>(lower.length).fill(-1);
    for (let j = i; j < lower.length; j += 1) {
      if (lower[j] !== letter) continue;
      const own = PER_LETTER + (j === 0 ? AT_START : startsWord(letters, j) ? AT_WORD : 0);
      if (i === 0) {
        best[j] = own;
        continue;
      }
      for (let k = i - 1; k < j; k += 1) {
        const earlier = before[k] ?? -Infinity;
        if (earlier === -Infinity) continue;
        const score = earlier + own + (k === j - 1 ? IN_RUN : -PER_GAP * Math.min(j - k - 1, 10));
        if (score > (best[j] ?? -Infinity)) {
          best[j] = score;
          origin[j] = k;
        }
      }
    }
    came.push(origin);
    before = best;
  });
  let at = before.reduce((top, score, j) => (score > (before[top] ?? -Infinity) ? j : top), 0);
  const score = (before[at] ?? 0) - lower.length * 0.01;
  const places: number[] = [];
  for (let i = wanted.length - 1; i >= 0; i -= 1) {
    places.unshift(at);
    at = came[i]?.[at] ?? -1;
  }
  return { score, ranges: joined(places.map((place) => [place, place + 1])) };
}

function joined(ranges: [number, number][]): [number, number][] {
  const result: [number, number][] = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = result[result.length - 1];
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/**
 * Each word of `query` must be found in `text`, or in `beside` (an id, a kind), where it counts half. An empty query is found in
 * everything.
 */
export function fuzzyMatch(query: string, text: string, beside = ""): Match | null {
  let score = 0;
  const ranges: [number, number][] = [];
  for (const term of query.trim().split(/\s+/).filter(Boolean)) {
    const [inText, inBeside] = [matchTerm(term, text), beside === "" ? null : matchTerm(term, beside)];
    if (inText === null && inBeside === null) return null;
    if (inText !== null && inText.score >= (inBeside?.score ?? 0) / 2) {
      score += inText.score;
      ranges.push(...inText.ranges);
    } else score += (inBeside?.score ?? 0) / 2;
  }
  return { score, ranges: joined(ranges) };
}
