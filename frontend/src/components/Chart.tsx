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
import { unplottable, unplottableWords } from "@/lib/chart/unplottable";
import { plotted, type Values } from "@/lib/chart/values";
import { duration, timeWithSeconds } from "@/lib/format";
import { ChartActions } from "./chart/ChartActions";
import { ChartLegend } from "./chart/ChartLegend";
import { ChartTable, NewestValues } from "./chart/ChartTable";
import { useOnScreen } from "./chart/useOnScreen";
import { usePlot } from "./chart/usePlot";

export interface ChartLine {
  label: string;
  /** Its name in the legend, where the whole one stands elsewhere. */
  short?: string;
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
  /** What the names of saved files begin with. */
  exportAs?: string;
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
  exportAs,
  testId,
}: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const active = useOnScreen(host);
  const titleId = useId();
  const [cursor, setCursor] = useState<number | null>(null);
  const [table, setTable] = useState(false);
  const [ownZoom, setOwnZoom] = useState<Span | null>(null);
  const data = useMemo((): uPlot.AlignedData => {
    const xs = x instanceof Float64Array || Array.isArray(x) ? x : Array.from(x);
    return [xs as number[], ...lines.map((line) => plotted(line.values, x.length, log))];
  }, [x, lines, log]);
  const shown = onZoom === undefined ? ownZoom : (zoom ?? null);
  const spots = useMemo(() => lines.map((line) => unplottable(x, line.values, { log, dense: line.dense === true })), [x, lines, log]);
  const drawn = useMemo(() => ({ lines, spots, marks, log }), [lines, spots, marks, log]);

  const plot = usePlot(host, {
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
    zoom: shown,
    onZoom: onZoom ?? setOwnZoom,
    onCursor: setCursor,
  });

  const at = cursor !== null && cursor < x.length ? cursor : null;
  const where = at === null ? undefined : x[at];
  const notDrawn = useMemo(() => unplottableWords(spots.flat()), [spots]);
  const source = { title, x, xKind, clock, lines, zoom: shown };
  return (
    <figure className="m-0 min-w-0" data-testid={testId} data-points={x.length} data-active={active} aria-labelledby={titleId}>
      <ChartLegend
        title={title}
        titleId={titleId}
        lines={lines}
        at={at}
        notDrawn={notDrawn}
        named={legend}
        format={format}
      >
        <ChartActions source={source} lines={lines} plot={plot} exportAs={exportAs} table={table} onTable={setTable} />
      </ChartLegend>
      <div ref={host} style={{ height }} className="relative" aria-hidden="true">
        {where !== undefined && <div className="pointer-events-none absolute top-0 right-6 z-10 rounded bg-panel/85 px-1 text-2xs text-muted">{xWords(xKind, where)}</div>}
        {x.length === 0 && <div className="absolute inset-0 grid place-items-center text-xs text-faint">no data yet</div>}
      </div>
      {table ? <ChartTable source={source} format={format} /> : <NewestValues title={title} lines={lines} format={format} />}
    </figure>
  );
}
