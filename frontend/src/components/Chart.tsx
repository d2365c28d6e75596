/**
 * A line chart by uPlot. Null is a gap. New points are put into the existing chart; a zoom stays where it is while they
 * come. Drag to zoom, double-click to reset; charts of one `group` share the cursor.
 */
import { useEffect, useId, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { axisNumber, byteRate, clockLabels, timeWithSeconds, UNKNOWN } from "@/lib/format";
import { steadyRange, type Values } from "@/lib/series";
import { useTheme } from "@/lib/theme";

export interface ChartLine {
  label: string;
  /** A custom property of the stylesheet, such as `--c1`. */
  color: string;
  values: Values;
  dash?: number[];
  faint?: boolean;
}

interface Props {
  title: string;
  x: number[];
  lines: ChartLine[];
  xKind: "time" | "step";
  format: (value: number | null) => string;
  /** What the y axis counts. */
  axis?: "number" | "percent" | "bytes/s";
  height?: number;
  /** Fixed ends of the y axis; null is found from the data. */
  range?: [number | null, number | null];
  /** The x axis shows at most this much, up to the newest point. */
  windowX?: number;
  log?: boolean;
  group?: string;
  /** Values of the newest point stand beside the names. */
  legend?: boolean;
  testId?: string;
}

function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function lastKnown(values: Values): number | null {
  for (let i = values.length - 1; i >= 0; i -= 1) {
    const value = values[i];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

/** A young server has little to show: the axis grows in these steps, seconds. */
const WINDOWS = [60, 120, 180, 300, 600];

/** Steps of an axis that counts bytes: 1, 2, 4 … of each binary unit. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, i) => 2 ** i);

function axisLabel(kind: "number" | "percent" | "bytes/s", value: number, step: number): string {
  if (kind === "bytes/s") return byteRate(value);
  return kind === "percent" ? `${axisNumber(value, step)}\u202f%` : axisNumber(value, step);
}

export function Chart({
  title,
  x,
  lines,
  xKind,
  format,
  axis: axisKind = "number",
  height = 150,
  range,
  windowX,
  log = false,
  group,
  legend = true,
  testId,
}: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const zoomed = useRef(false);
  const theme = useTheme();
  const tableId = useId();
  const [cursor, setCursor] = useState<number | null>(null);
  const shape = lines.map((line) => `${line.label}|${line.color}|${line.faint === true ? 1 : 0}`).join(";");
  const [low, high] = range ?? [null, null];

  const data = useMemo((): uPlot.AlignedData => {
    const positive = (values: Values) => (log ? values.map((v) => (v !== null && v > 0 ? v : null)) : values);
    return [x, ...lines.map((line) => positive(line.values))];
  }, [x, lines, log]);
  const latest = useRef({ data, lines, format });
  latest.current = { data, lines, format };

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const axisText = cssColor("--faint");
    const grid = { stroke: cssColor("--grid"), width: 1 };
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: axisText, grid, font, ticks: { show: false } };
    const instance = new uPlot(
      {
        width: Math.max(element.clientWidth, 100),
        height,
        padding: [6, 16, 0, 0],
        legend: { show: false },
        cursor: {
          points: { size: 6, width: 1.5 },
          drag: { x: true, y: false },
          ...(group === undefined ? {} : { sync: { key: group, scales: ["x", null] as [string, null] } }),
        },
        scales: {
          x: {
            time: xKind === "time",
            range: (_, min, max) => {
              if (zoomed.current || windowX === undefined) return min === max ? [min, min + 1] : [min, max];
              const span = WINDOWS.find((each) => each >= max - min) ?? windowX;
              return [max - Math.min(span, windowX), max];
            },
          },
          y: {
            distr: log ? 3 : 1,
            ...(log
              ? {}
              : {
                  range: (_self: uPlot, min: number | null, max: number | null): [number, number] => {
                    const from = low ?? Math.min(min ?? 0, 0);
                    let to = high ?? max ?? 1;
                    let bottom = low ?? min ?? 0;
                    if (low === null && high === null && min !== null && max !== null) {
                      [bottom, to] = steadyRange(min, max, 0.08);
                    } else if (high === null) {
                      bottom = from;
                      to = to <= from ? from + 1 : to * 1.08;
                    }
                    return [bottom, to];
                  },
                }),
          },
        },
        axes: [
          {
            ...axis,
            size: 22,
            gap: 4,
            space: 70,
            ...(xKind === "time"
              ? { values: (_self: uPlot, splits: number[], _axis: number, _space: number, step: number) => clockLabels(splits, step) }
              : { values: (_self: uPlot, splits: number[]) => splits.map((s) => (Number.isInteger(s) ? axisNumber(s, (splits[1] ?? 1) - (splits[0] ?? 0)) : "")) }),
          },
          {
            ...axis,
            size: axisKind === "bytes/s" ? 76 : 54,
            gap: 6,
            space: 30,
            ...(axisKind === "bytes/s" ? { incrs: BINARY_STEPS } : {}),
            values: (_self: uPlot, splits: (number | null)[], _axis: number, _space: number, step: number) =>
              splits.map((s) => (s === null ? "" : axisLabel(axisKind, s, log ? s : step))),
          },
        ],
        series: [
          {},
          ...latest.current.lines.map((line): uPlot.Series => {
            const color = cssColor(line.color);
            return {
              label: line.label,
              stroke: line.faint === true ? `${color}b0` : color,
              width: line.faint === true ? 1 : 1.6,
              spanGaps: false,
              points: { show: false },
              ...(line.dash === undefined ? {} : { dash: line.dash }),
            };
          }),
        ],
        hooks: {
          setCursor: [
            (self) => {
              setCursor(self.cursor.idx ?? null);
            },
          ],
          setSelect: [
            (self) => {
              if (self.select.width > 0) zoomed.current = true;
            },
          ],
        },
      },
      latest.current.data,
      element,
    );
    plot.current = instance;
    zoomed.current = false;
    const reset = () => {
      zoomed.current = false;
      instance.setData(latest.current.data);
    };
    instance.over.addEventListener("dblclick", reset);
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0) instance.setSize({ width: element.clientWidth, height });
    });
    resize.observe(element);
    return () => {
      resize.disconnect();
      instance.destroy();
      plot.current = null;
    };
  }, [theme, shape, xKind, height, low, high, windowX, log, group, axisKind]);

  useEffect(() => {
    // One redraw a frame, however many points came.
    const frame = requestAnimationFrame(() => {
      plot.current?.setData(data, !zoomed.current);
      if (zoomed.current) plot.current?.redraw();
    });
    return () => {
      cancelAnimationFrame(frame);
    };
  }, [data]);

  const at = cursor !== null && cursor < x.length ? cursor : null;
  const where = at === null ? null : (x[at] ?? null);
  return (
    <figure className="m-0 min-w-0" data-testid={testId} data-points={x.length} aria-labelledby={tableId}>
      <figcaption className="mb-1 flex min-h-4 flex-wrap items-baseline gap-x-3 gap-y-0.5 text-xs">
        <span id={tableId} className="font-medium">
          {title}
        </span>
        {legend &&
          lines.map((line) => (
            <span key={line.label} className="inline-flex items-baseline gap-1.5 text-muted">
              <span className="inline-block h-0.5 w-2.5 self-center rounded" style={{ background: `var(${line.color})` }} aria-hidden="true" />
              {line.label}
              <span className="inline-block min-w-[7ch] text-fg">
                {format(at === null ? lastKnown(line.values) : (line.values[at] ?? null))}
              </span>
            </span>
          ))}
        <span className="ml-auto text-faint" aria-hidden="true">
          {where === null ? "" : xKind === "time" ? timeWithSeconds(new Date(where * 1000).toISOString()) : `step ${where.toLocaleString("en-US")}`}
        </span>
      </figcaption>
      <div ref={host} style={{ height }} className="relative" aria-hidden="true">
        {x.length === 0 && (
          <div className="absolute inset-0 grid place-items-center text-xs text-faint">no data yet</div>
        )}
      </div>
      <table className="sr-only">
        <caption>{title}: the newest values</caption>
        <tbody>
          {lines.map((line) => (
            <tr key={line.label}>
              <th scope="row">{line.label === "" ? title : line.label}</th>
              <td>{lastKnown(line.values) === null ? UNKNOWN : format(lastKnown(line.values))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
