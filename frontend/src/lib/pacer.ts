/**
 * Does `work` some time after it was asked for: `ms` later, once for all that asked meanwhile, and never twice at a time. While the tab is
 * hidden nothing is done; the next one to ask begins anew.
 */
export class Pacer {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private busy = false;
  private again = false;
  private stopped = false;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly ms: number,
  ) {}

  ask(): void {
    if (this.stopped) return;
    if (this.busy) this.again = true;
    else this.timer ??= setTimeout(() => void this.run(), this.ms);
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private async run(): Promise<void> {
    this.timer = null;
    if (document.hidden) return;
    this.busy = true;
    try {
      await this.work();
    } finally {
      this.busy = false;
    }
    if (!this.again) return;
    this.again = false;
    this.ask();
  }
}
