/**
 * The server's clock as this page knows it. Durations of running jobs are measured against it: the browser's own clock
 * may be wrong, and the server's timestamps are the only ones that agree with each other.
 *
 * Delivery only ever makes the server look late, so the largest offset seen is the best one. It is looked for among those of the
 * last half to whole minute: a clock that drifts or is set is followed, and a burst of old events told again changes nothing.
 */
const WINDOW_MS = 30_000;

let newer: number | null = null;
let older: number | null = null;
let windowEnds = -Infinity;

/** `ts` was written by the server just before it arrived here, or earlier. */
export function noteServerTime(ts: string): void {
  const server = Date.parse(ts);
  if (Number.isNaN(server)) return;
  const measured = server - Date.now();
  const now = performance.now();
  if (now >= windowEnds) {
    older = newer;
    newer = null;
    windowEnds = now + WINDOW_MS;
  }
  newer = newer === null ? measured : Math.max(newer, measured);
}

function offsetMs(): number | null {
  return newer === null ? older : older === null ? newer : Math.max(newer, older);
}

export function serverNow(): number {
  return Date.now() + (offsetMs() ?? 0);
}

/** How long ago the server wrote `ts`, milliseconds; 0 while nothing is known of its clock. */
export function ageOf(ts: string): number {
  const at = Date.parse(ts);
  return offsetMs() === null || Number.isNaN(at) ? 0 : Math.max(0, serverNow() - at);
}

/** For tests: nothing is known of the server's clock. */
export function forgetServerTime(): void {
  newer = null;
  older = null;
  windowEnds = -Infinity;
}
