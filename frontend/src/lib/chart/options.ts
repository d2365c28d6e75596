/** uPlot's options for one of our charts. */
import type uPlot from "uplot";
import { aboveZero, logRange, xAxis, xRange, yAxis, yRange, type AxisKind, type Span, type XKind } from "./axes";
import { cssColor, drawBands, drawMarks, drawUnplottable, type Drawn } from "./draw";
import { buildPath } from "./paths";

export interface PlotLine {
  label: string;
  /** A custom property of the stylesheet, such as `--c1`. */
  color: string;
  dash?: number[] | undefined;
  faint?: boolean | undefined;
}

export interface PlotSpec {
  width: number;
  height: number;
  xKind: XKind;
  axis: AxisKind;
  log: boolean;
  logX: boolean;
  range: [number | null, number | null];
  windowX: number | undefined;
  lines: readonly PlotLine[];
  /** Read each time it is drawn, so that new values need no new chart. */
  drawn: () => Drawn;
  zoom: () => Span | null;
  onZoom: (zoom: Span | null) => void;
  onCursor: (index: number | null, x: number | null) => void;
}

const FAINT = "80";

/** What uPlot's valToPos does, in canvas pixels, without looking everything up again for each of many thousand points. */
export function pixelsOf(scale: { min?: number | undefined; max?: number | undefined; distr?: number | undefined }, offset: number, size: number, upwards: boolean): (value: number) => number {
  const of = scale.distr === 3 ? Math.log10 : (value: number) => value;
  const min = of(scale.min ?? 0);
  const span = of(scale.max ?? 1) - min;
  const factor = (upwards ? -size : size) / span;
  const start = upwards ? offset + size : offset;
  return scale.distr === 3 ? (value) => start + (Math.log10(value) - min) * factor : (value) => start + (value - min) * factor;
}

function linePath(self: uPlot, seriesIndex: number, from: number, to: number): uPlot.Series.Paths {
  const stroke = new Path2D();
  const x = self.data[0];
  const y = self.data[seriesIndex] ?? [];
  const { left, top, width, height } = self.bbox;
  // One point beyond each edge, so that the line leaves the picture where it should.
  buildPath(
    {
      x,
      y,
      from: Math.max(from - 1, 0),
      to: Math.min(to + 1, x.length - 1),
      toX: pixelsOf(self.scales["x"] ?? {}, left, width, false),
      toY: pixelsOf(self.scales["y"] ?? {}, top, height, true),
    },
    stroke,
  );
  return { stroke, fill: null, clip: null, band: null, flags: 1 };
}

function series(line: PlotLine): uPlot.Series {
  const color = cssColor(line.color);
  return {
    label: line.label,
    stroke: line.faint === true ? `${color}${FAINT}` : color,
    width: line.faint === true ? 1 : 1.6,
    points: { show: false },
    cap: "round",
    paths: linePath,
    ...(line.dash === undefined ? {} : { dash: line.dash }),
  };
}

/** What was dragged over becomes the zoom; a click is none. */
function selected(self: uPlot, onZoom: PlotSpec["onZoom"]): void {
  const { left, width } = self.select;
  if (width <= 0) return;
  const from = self.posToVal(left, "x");
  const to = self.posToVal(left + width, "x");
  self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (to > from) onZoom([from, to]);
}

export function plotOptions(spec: PlotSpec): uPlot.Options {
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: cssColor("--faint"),
    grid: { stroke: cssColor("--grid"), width: 1 },
    font,
    ticks: { show: false },
  };
  const drawOver = (self: uPlot) => {
    drawMarks(self, spec.drawn());
    drawUnplottable(self, spec.drawn());
  };
  return {
    width: spec.width,
    height: spec.height,
    padding: [6, 24, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6, width: 1.5 },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          spec.onZoom(null);
          return null;
        },
      },
    },
    scales: {
      x: {
        time: spec.xKind === "time",
        ...(spec.logX ? { distr: 3 as const } : {}),
        range: (self, min, max) => {
          const span = xRange(spec.zoom(), spec.windowX, min, max);
          return spec.logX ? aboveZero(span, self.data[0]) : span;
        },
      },
      y: {
        distr: spec.log ? 3 : 1,
        range: (_self, min, max) => (spec.log ? logRange(min, max) : yRange(spec.range, min, max)),
      },
    },
    axes: [xAxis(spec.xKind, axis), yAxis(spec.axis, spec.log, axis)],
    series: [{}, ...spec.lines.map(series)],
    hooks: {
      setCursor: [
        (self) => {
          const { idx, left } = self.cursor;
          const inside = idx !== null && idx !== undefined && left !== undefined && left >= 0;
          spec.onCursor(inside ? idx : null, inside ? self.posToVal(left, "x") : null);
        },
      ],
      setSelect: [
        (self) => {
          selected(self, spec.onZoom);
        },
      ],
      drawAxes: [
        (self) => {
          drawBands(self, spec.drawn());
        },
      ],
      draw: [drawOver],
    },
  };
}
