/** When what is shown counts as old: after three of the intervals at which it should have come. */
export const STALE_INTERVALS = 3;
/** A server that samples many times a second is not late for one missed turn of the page. */
const MIN_STALE_MS = 1500;

export function staleAfterMs(intervalSeconds: number): number {
  return Math.max(STALE_INTERVALS * intervalSeconds * 1000, MIN_STALE_MS);
}

/** `at` and `now` by performance.now(); what has never come is not stale but unknown. */
export function isStale(at: number | null | undefined, now: number, intervalSeconds: number): boolean {
  return at !== null && at !== undefined && now - at > staleAfterMs(intervalSeconds);
}
