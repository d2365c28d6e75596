/** Which of many rows of one height are in sight, and how tall the rest above and below them is. */
export interface Window {
  from: number;
  /** Not included. */
  to: number;
}

/** Rows rendered beyond what is seen, so that a quick turn of the wheel meets rows and not a void. */
const OVERSCAN = 8;
/** The window moves by so many rows at once: not each pixel is a render. */
const STRIDE = 4;

export function windowAt(scrollTop: number, height: number, rowHeight: number, count: number): Window {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight / STRIDE) * STRIDE;
  const seen = Math.ceil(height / rowHeight) + STRIDE;
  const from = Math.min(Math.max(0, first - OVERSCAN), Math.max(0, count - 1));
  return { from: count === 0 ? 0 : from, to: Math.min(count, first + seen + OVERSCAN) };
}

/** Where to scroll so that row `index` lies whole between the head and the lower edge; null: it does. */
export function scrollToRow(index: number, scrollTop: number, height: number, rowHeight: number): number | null {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  if (top + rowHeight > scrollTop + height) return top + rowHeight - height;
  return null;
}
