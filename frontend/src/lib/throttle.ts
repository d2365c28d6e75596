/**
 * Calls `run` soon, and then at most once each `gapMs` however often it is asked for; a request while it waits is the same
 * request. The last one asked for is always served.
 */
export class Throttle {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private lastAt = -Infinity;

  constructor(
    private readonly run: () => void,
    private gapMs: number,
  ) {}

  /** From the next request on. */
  setGap(gapMs: number): void {
    this.gapMs = gapMs;
  }

  request(): void {
    if (this.timer !== null) return;
    const wait = Math.max(0, this.lastAt + this.gapMs - performance.now());
    this.timer = setTimeout(() => {
      this.timer = null;
      this.lastAt = performance.now();
      this.run();
    }, wait);
  }

  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** More at once than anybody follows one by one. */
const MANY = 40;
const MANY_GAPS = 4;

/**
 * Gathers what comes in one tick after the other, and hands it over together: a page renders once for a hundred events. Where
 * they come by the dozen it waits four times as long.
 */
export class Gatherer<T> {
  private items: T[] = [];
  private readonly throttle: Throttle;

  constructor(take: (items: T[]) => void, gapMs: number) {
    this.throttle = new Throttle(() => {
      const items = this.items;
      this.items = [];
      this.throttle.setGap(items.length > MANY ? gapMs * MANY_GAPS : gapMs);
      take(items);
    }, gapMs);
  }

  add(item: T): void {
    this.items.push(item);
    this.throttle.request();
  }

  /** What waits is dropped. */
  stop(): void {
    this.items = [];
    this.throttle.cancel();
  }
}
