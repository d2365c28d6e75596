/**
 * A line as a path: at most four points a column of pixels (the first, the lowest, the highest, the last), so that a spike stays and a
 * long curve costs no more than a short one; a gap is left open; a value alone between two gaps is a dot.
 */
export interface PathSink {
  moveTo: (x: number, y: number) => void;
  lineTo: (x: number, y: number) => void;
}

export interface PathInput {
  x: ArrayLike<number>;
  /** null: a gap; undefined: no point here. */
  y: ArrayLike<number | null | undefined>;
  /** The first and the last index to draw. */
  from: number;
  to: number;
  toX: (value: number) => number;
  toY: (value: number) => number;
}

export function buildPath({ x, y, from, to, toX, toY }: PathInput, sink: PathSink): void {
  let column = NaN;
  let low = 0;
  let high = 0;
  let last = 0;
  let first = 0;
  let open = false;
  let points = 0;

  const flush = () => {
    if (Number.isNaN(column)) return;
    if (open) sink.lineTo(column, first);
    else sink.moveTo(column, first);
    open = true;
    if (low !== first || high !== first) {
      // Up to one end and down to the other, so that the column is covered; the pen is left at the last value.
      const up = last <= (low + high) / 2;
      sink.lineTo(column, up ? high : low);
      sink.lineTo(column, up ? low : high);
      if (last !== (up ? low : high)) sink.lineTo(column, last);
    }
    column = NaN;
  };
  const close = () => {
    const lone = points === 1;
    const [dotX, dotY] = [column, last];
    flush();
    if (lone) sink.lineTo(dotX + 1, dotY);
    open = false;
    points = 0;
  };

  for (let i = from; i <= to; i += 1) {
    const value = y[i];
    if (value === undefined) continue;
    if (value === null) {
      close();
      continue;
    }
    const at = Math.round(toX(x[i] ?? 0));
    const pixel = toY(value);
    points += 1;
    if (at === column) {
      if (pixel < low) low = pixel;
      if (pixel > high) high = pixel;
      last = pixel;
      continue;
    }
    flush();
    column = at;
    first = pixel;
    low = pixel;
    high = pixel;
    last = pixel;
  }
  close();
}
