/**
 * A line chart by uPlot. What isn't known is a gap, what can't be drawn is marked. New points are put into the existing chart; a zoom
 * stays where it is while they come. Drag to zoom, double-click to reset; charts of one `group` share the cursor. A chart that is out
 * of sight isn't there.
 */
import { useId, useMemo, useRef, useState } from "react";
import type uPlot from "uplot";
import type { AxisKind, Span, XKind } from "@/lib/chart/axes";
import type { Band } from "@/lib/chart/bands";
import type { ChartMark } from "@/lib/chart/marks";
import { lastKnown, plotted, valueAt, type Values } from "@/lib/chart/values";
import { duration, timeWithSeconds, UNKNOWN } from "@/lib/format";
import { useOnScreen } from "./chart/useOnScreen";
import { usePlot } from "./chart/usePlot";

export interface ChartLine {
  label: string;
  /** A custom property of the stylesheet, such as `--c1`. */
  color: string;
  values: Values;
  dash?: number[];
  faint?: boolean;
  /** The area between these is filled, faintly. */
  band?: Band;
  /** Every row has a value: one without is marked. */
  dense?: boolean;
  /** Not named in the legend: it belongs to another line. */
  unnamed?: boolean;
}

export interface ChartProps {
  title: string;
  /** Ascending: steps, Unix seconds, or seconds since the start. */
  x: ArrayLike<number>;
  lines: ChartLine[];
  xKind: XKind;
  format: (value: number | null) => string;
  /** What the y axis counts. */
  axis?: AxisKind;
  height?: number;
  /** Fixed ends of the y axis; null is found from the data. */
  range?: [number | null, number | null];
  /** The x axis shows at most this much, up to the newest point. */
  windowX?: number;
  log?: boolean;
  logX?: boolean;
  group?: string;
  /** Unix seconds of each x: charts of one group line up by it. All of a group have one, or none. */
  clock?: ArrayLike<number>;
  /** Vertical marks: checkpoints, restarts, phases. */
  marks?: readonly ChartMark[];
  /** What of x is shown, null: all. Without `onZoom` the chart keeps its zoom itself. */
  zoom?: Span | null;
  onZoom?: (zoom: Span | null) => void;
  /** Values of the newest point stand beside the names. */
  legend?: boolean;
  testId?: string;
}

const NO_MARKS: readonly ChartMark[] = [];
const FREE: [number | null, number | null] = [null, null];

function xWords(kind: XKind, at: number): string {
  if (kind === "time") return timeWithSeconds(new Date(at * 1000).toISOString());
  return kind === "duration" ? `after ${duration(at)}` : `step ${at.toLocaleString("en-US")}`;
}

export function Chart({
  title,
  x,
  lines,
  xKind,
  format,
  axis = "number",
  height = 150,
  range = FREE,
  windowX,
  log = false,
  logX = false,
  group,
  clock,
  marks = NO_MARKS,
  zoom,
  onZoom,
  legend = true,
  testId,
}: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const active = useOnScreen(host);
  const titleId = useId();
  const [cursor, setCursor] = useState<number | null>(null);
  const [ownZoom, setOwnZoom] = useState<Span | null>(null);
  const data = useMemo((): uPlot.AlignedData => {
    const xs = x instanceof Float64Array || Array.isArray(x) ? x : Array.from(x);
    return [xs as number[], ...lines.map((line) => plotted(line.values, x.length, log))];
  }, [x, lines, log]);
  const drawn = useMemo(() => ({ lines, marks, log }), [lines, marks, log]);

  usePlot(host, {
    data,
    drawn,
    lines,
    height,
    xKind,
    axis,
    log,
    logX,
    range,
    windowX,
    group,
    clock,
    active,
    zoom: onZoom === undefined ? ownZoom : (zoom ?? null),
    onZoom: onZoom ?? setOwnZoom,
    onCursor: setCursor,
  });

  const at = cursor !== null && cursor < x.length ? cursor : null;
  const where = at === null ? undefined : x[at];
  return (
    <figure className="m-0 min-w-0" data-testid={testId} data-points={x.length} data-active={active} aria-labelledby={titleId}>
      <figcaption className="mb-1 flex min-h-4 flex-wrap items-baseline gap-x-3 gap-y-0.5 text-xs">
        <span id={titleId} className="font-medium">
          {title}
        </span>
        {legend &&
          lines.map(
            (line) =>
              line.unnamed !== true && (
                <span key={line.label} className="inline-flex items-baseline gap-1.5 text-muted">
                  <span className="inline-block h-0.5 w-2.5 self-center rounded" style={{ background: `var(${line.color})` }} aria-hidden="true" />
                  {line.label}
                  <span className="inline-block min-w-[7ch] text-fg">{format(at === null ? lastKnown(line.values) : valueAt(line.values, at))}</span>
                </span>
              ),
          )}
        <span className="ml-auto text-faint" aria-hidden="true">
          {where === undefined ? "" : xWords(xKind, where)}
        </span>
      </figcaption>
      <div ref={host} style={{ height }} className="relative" aria-hidden="true">
        {x.length === 0 && <div className="absolute inset-0 grid place-items-center text-xs text-faint">no data yet</div>}
      </div>
      <table className="sr-only">
        <caption>{title}: the newest values</caption>
        <tbody>
          {lines.map(
            (line) =>
              line.unnamed !== true && (
                <tr key={line.label}>
                  <th scope="row">{line.label === "" ? title : line.label}</th>
                  <td>{lastKnown(line.values) === null ? UNKNOWN : format(lastKnown(line.values))}</td>
                </tr>
              ),
          )}
        </tbody>
      </table>
    </figure>
  );
}
