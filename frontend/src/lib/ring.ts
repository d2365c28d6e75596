/**
 * The last `span` of several lines over one x, in typed arrays; NaN is a gap.
 *
 * Appending costs O(1): rows go to the end of a buffer, and what is older than the span is left behind at its start. When the end is
 * reached, what is kept moves once into a new buffer; an old one is never written over, so a view that was given out stays true.
 */
export interface RingView {
  x: Float64Array;
  lines: Float64Array[];
}

type Row = readonly (number | null | undefined)[];

const FIRST_ROWS = 256;

export class Ring {
  private x = new Float64Array(FIRST_ROWS);
  private lines: Float64Array[];
  private start = 0;
  private end = 0;

  constructor(
    width: number,
    private readonly span: number,
  ) {
    this.lines = Array.from({ length: width }, () => new Float64Array(FIRST_ROWS));
  }

  get length(): number {
    return this.end - this.start;
  }

  get lastX(): number {
    return this.length === 0 ? NaN : (this.x[this.end - 1] ?? NaN);
  }

  /**
   * Takes a row. One at an x that is known completes what was not known of it; one that comes late goes to its place. Rows more
   * than `gap` apart have a row of NaN between them, so that a time without data is not drawn as a line. False if it is too old.
   */
  add(x: number, row: Row, gap = Infinity): boolean {
    if (!Number.isFinite(x)) return false;
    const last = this.lastX;
    if (this.length === 0 || x > last) {
      if (x - last > gap) this.push((last + x) / 2, []);
      this.push(x, row);
      this.forget(x - this.span);
      return true;
    }
    if (x < last - this.span) return false;
    const at = this.indexOf(x);
    if (this.x[at] === x) this.complete(at, row);
    else this.merge([{ x, row }], gap);
    return true;
  }

  /** Takes many rows, in order of x: what a server remembers. Costs one pass, whatever lies where. */
  merge(rows: readonly { x: number; row: Row }[], gap = Infinity): void {
    const { x: own, lines } = this.view();
    const next = new Ring(lines.length, Infinity);
    let theirs = 0;
    const takeUntil = (x: number) => {
      for (let each = rows[theirs]; each !== undefined && each.x <= x; each = rows[theirs]) {
        next.add(each.x, each.row, gap);
        theirs += 1;
      }
    };
    for (let i = 0; i < own.length; i += 1) {
      if (this.isMark(this.start + i)) continue;
      const x = own[i] ?? NaN;
      takeUntil(x);
      next.add(x, lines.map((line) => line[i]), gap);
    }
    takeUntil(Infinity);
    this.x = next.x;
    this.lines = next.lines;
    this.start = 0;
    this.end = next.end;
    this.forget(this.lastX - this.span);
  }

  clear(): void {
    this.start = this.end;
  }

  /** What there is now, without a copy: rows that come later are not in it, and nothing in it moves. */
  view(): RingView {
    return {
      x: this.x.subarray(this.start, this.end),
      lines: this.lines.map((line) => line.subarray(this.start, this.end)),
    };
  }

  private push(x: number, row: Row): void {
    if (this.end === this.x.length) this.move(this.length * 2 > this.x.length ? this.x.length * 2 : this.x.length);
    this.x[this.end] = x;
    this.lines.forEach((line, i) => {
      line[this.end] = row[i] ?? NaN;
    });
    this.end += 1;
  }

  private forget(before: number): void {
    while (this.start < this.end && (this.x[this.start] ?? Infinity) < before) this.start += 1;
  }

  private move(rows: number): void {
    const moved = (from: Float64Array) => {
      const to = new Float64Array(rows);
      to.set(from.subarray(this.start, this.end));
      return to;
    };
    this.x = moved(this.x);
    this.lines = this.lines.map(moved);
    this.end -= this.start;
    this.start = 0;
  }

  /** The first row at `x` or after it. Late rows are late by little: it is looked for from the end. */
  private indexOf(x: number): number {
    let at = this.end;
    while (at > this.start && (this.x[at - 1] ?? -Infinity) >= x) at -= 1;
    return at;
  }

  /** A row that only stands for a gap: it lies in the middle between its neighbours and says nothing. */
  private isMark(at: number): boolean {
    if (at <= this.start || at + 1 >= this.end) return false;
    const middle = ((this.x[at - 1] ?? NaN) + (this.x[at + 1] ?? NaN)) / 2;
    return this.x[at] === middle && this.lines.every((line) => Number.isNaN(line[at] ?? NaN));
  }

  private complete(at: number, row: Row): void {
    this.lines.forEach((line, i) => {
      const value = row[i];
      if (value !== null && value !== undefined && !Number.isNaN(value)) line[at] = value;
    });
  }
}
