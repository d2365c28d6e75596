/**
 * The server's clock as this page knows it. Durations of running jobs are measured against it: the browser's own clock
 * may be wrong, and the server's timestamps are the only ones that agree with each other.
 */
let offsetMs: number | null = null;

/** `ts` was written by the server just before it arrived here. */
export function noteServerTime(ts: string): void {
  const server = Date.parse(ts);
  if (Number.isNaN(server)) return;
  const measured = server - Date.now();
  // Delivery only ever makes the server look late, so the largest offset seen is the best one; forget slowly, clocks drift.
  offsetMs = offsetMs === null || measured > offsetMs ? measured : offsetMs + (measured - offsetMs) * 0.02;
}

export function serverNow(): number {
  return Date.now() + (offsetMs ?? 0);
}
