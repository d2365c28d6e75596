/** What the vertical marks mean, of those that there are. */
import { MARK_LOOK, MARK_WORD, type ChartMark } from "@/lib/chart/marks";

const HEADS = { dot: "●", triangle: "▼", square: "■" };

export function MarkLegend({ marks }: { marks: readonly ChartMark[] }) {
  const kinds = [...new Set(marks.map((mark) => mark.kind))];
  return (
    <span className="flex flex-wrap gap-x-3 text-xs text-muted">
      {kinds.map((kind) => (
        <span key={kind} className="inline-flex items-center gap-1.5">
          <span className="text-[8px]" style={{ color: `var(${MARK_LOOK[kind].color})` }} aria-hidden="true">
            {HEADS[MARK_LOOK[kind].head]}
          </span>
          {MARK_WORD[kind]}
        </span>
      ))}
    </span>
  );
}
