/** The update interval, seconds: remembered in this browser. */
const KEY = "headway.updateInterval";
const DEFAULT = 2;
const LEAST = 0.5;
const MOST = 60;

export const UPDATE_INTERVALS = [1, 2, 5, 10];

export function readInterval(): number {
  try {
    const stored = Number(localStorage.getItem(KEY));
    return Number.isFinite(stored) && stored >= LEAST && stored <= MOST ? stored : DEFAULT;
  } catch {
    return DEFAULT;
  }
}

/** Keeps it, within what makes sense; returns what it became. */
export function writeInterval(seconds: number): number {
  const kept = Number.isFinite(seconds) ? Math.min(Math.max(seconds, LEAST), MOST) : DEFAULT;
  try {
    localStorage.setItem(KEY, String(kept));
  } catch {
    // Storage can be forbidden; the choice then lasts as long as the page.
  }
  return kept;
}
