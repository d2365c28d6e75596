/** The chart's title, its lines with their newest values or those under the cursor, and what couldn't be drawn. */
import type { ReactNode } from "react";
import { lastKnown, valueAt } from "@/lib/chart/values";
import type { ChartLine } from "../Chart";
import { LineSwatch } from "../LineSwatch";

interface Props {
  title: string;
  titleId: string;
  lines: ChartLine[];
  /** The index under the cursor; null: the newest. */
  at: number | null;
  notDrawn: string;
  /** Without: the values stand elsewhere. */
  named: boolean;
  format: (value: number | null) => string;
  children?: ReactNode;
}

export function ChartLegend({ title, titleId, lines, at, notDrawn, named, format, children }: Props) {
  const entries = lines.filter((line) => line.unnamed !== true);
  const many = entries.length > 1;
  const values = named && (
    <span className={`flex flex-wrap gap-x-3 gap-y-0.5 ${many ? "w-full" : ""}`}>
      {entries.map((line) => (
        <span key={line.label} className="inline-flex items-baseline gap-1.5 text-muted">
          {many && <LineSwatch color={line.color} dash={line.dash} className="self-center" />}
          {line.short ?? line.label}
          <span className="inline-block min-w-[7ch] text-fg">{format(at === null ? lastKnown(line.values) : valueAt(line.values, at))}</span>
        </span>
      ))}
    </span>
  );
  return (
    <figcaption className="mb-1 text-xs">
      <div className="flex min-h-6 items-center gap-x-3">
        <span id={titleId} className="min-w-0 truncate font-medium" title={title}>
          {title}
        </span>
        {!many && values}
        {notDrawn !== "" && (
          <span className="min-w-0 truncate text-amber" title={`Marked at the chart's edge: ${notDrawn}`}>
            {notDrawn}
          </span>
        )}
        <span className="ml-auto">{children}</span>
      </div>
      {many && values}
    </figcaption>
  );
}
