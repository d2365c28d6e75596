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

/** Those that fall into what is shown, no two of a kind on the same pixel. */
export function visibleMarks(marks: readonly ChartMark[], min: number, max: number, toPixel: (x: number) => number): { mark: ChartMark; at: number }[] {
  const seen = new Set<string>();
  const out: { mark: ChartMark; at: number }[] = [];
  for (const mark of marks) {
    if (!(mark.x >= min && mark.x <= max)) continue;
    const at = Math.round(toPixel(mark.x));
    const key = `${mark.kind} ${at}`;
    if (seen.has(key)) continue;
    seen.add(key);
    out.push({ mark, at });
  }
  return out;
}
