/**
 * Hands on what arrives in turns: the first thing after a quiet time at the next frame, and under load five times a second, which is
 * faster than anybody reads. What falls into one turn is done in one task, so the page renders once for all of it. Nothing is
 * dropped and nothing overtakes.
 */
export const TURN_MS = 200;
const FRAME_MS = 16;
/** A hidden tab's timers may be a minute late: its turns then come with what arrives. */
const LATE_MS = 1000;
const MOST = 5000;

export class Turns {
  private waiting: (() => void)[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private since = 0;
  private turnedAt = -Infinity;

  push(task: () => void): void {
    const now = performance.now();
    if (this.waiting.length === 0) this.since = now;
    this.waiting.push(task);
    if (this.waiting.length >= MOST || now - this.since > LATE_MS) {
      this.flush();
      return;
    }
    this.timer ??= setTimeout(() => {
      this.flush();
    }, Math.max(FRAME_MS, TURN_MS - (now - this.turnedAt)));
  }

  /** Does now what waits. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const tasks = this.waiting;
    this.waiting = [];
    this.turnedAt = performance.now();
    for (const task of tasks) {
      try {
        task();
      } catch (error) {
        // One listener's mistake is told, and keeps nothing from the others.
        reportError(error);
      }
    }
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = [];
  }
}
