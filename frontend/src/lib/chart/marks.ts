/** Vertical marks of a chart: what happened at a step or at a time. */
export type MarkKind = "checkpoint" | "restart" | "pause" | "phase";

export interface ChartMark {
  /** In the units of the chart's x. */
  x: number;
  kind: MarkKind;
  label: string;
}

/** How each is drawn; the shape at its head tells them apart without colour. */
export const MARK_LOOK: Record<MarkKind, { color: string; dash: number[]; head: "dot" | "triangle" | "square" }> = {
  checkpoint: { color: "--c3", dash: [2, 3], head: "dot" },
  restart: { color: "--amber-mark", dash: [], head: "triangle" },
  pause: { color: "--amber-mark", dash: [2, 2], head: "triangle" },
  phase: { color: "--faint", dash: [4, 3], head: "square" },
};

export const MARK_WORD: Record<MarkKind, string> = { checkpoint: "checkpoint", restart: "new attempt", pause: "pause", phase: "phase" };

export interface VisibleMark {
  mark: ChartMark;
  at: number;
  /** It has its line: not where its kind stands so close that lines would hide the curve. */
  alone: boolean;
}

/** Least distance of two heads of a kind, and of two lines of a kind, in pixels. */
const HEADS_APART = 5;
const LINES_APART = 14;
/** Nearer than this they are the same place, with one line. */
const SAME_PLACE = 2;

/** Those that fall into what is shown, in their order; of a kind that stands close, heads without lines, and no more than can be told apart. */
export function visibleMarks(
  marks: readonly ChartMark[],
  min: number,
  max: number,
  toPixel: (x: number) => number,
  ratio = 1,
): VisibleMark[] {
  const last = new Map<MarkKind, VisibleMark>();
  const out: VisibleMark[] = [];
  for (const mark of marks) {
    if (!(mark.x >= min && mark.x <= max)) continue;
    const one = { mark, at: Math.round(toPixel(mark.x)), alone: true };
    const before = last.get(mark.kind);
    const distance = before === undefined ? Infinity : Math.abs(one.at - before.at);
    if (before !== undefined && distance >= SAME_PLACE * ratio && distance < LINES_APART * ratio) {
      before.alone = false;
      one.alone = false;
    }
    if (distance < HEADS_APART * ratio) continue;
    last.set(mark.kind, one);
    out.push(one);
  }
  return out;
}
