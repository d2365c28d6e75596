/**
 * Calls `tick` at once and then `intervalMs` after each call has ended, so calls never overlap. A hidden tab rests; shown
 * again, it ticks at once.
 */
export class Poller {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private running = false;
  private busy = false;

  constructor(
    private readonly tick: () => Promise<void>,
    private readonly intervalMs: () => number,
  ) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    document.addEventListener("visibilitychange", this.onVisibility);
    void this.run();
  }

  stop(): void {
    this.running = false;
    document.removeEventListener("visibilitychange", this.onVisibility);
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private readonly onVisibility = () => {
    if (!document.hidden) void this.run();
  };

  private async run(): Promise<void> {
    if (!this.running || this.busy || document.hidden) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.busy = true;
    try {
      await this.tick();
    } finally {
      this.busy = false;
    }
    if (this.running && !document.hidden) {
      this.timer = setTimeout(() => void this.run(), this.intervalMs());
    }
  }
}
