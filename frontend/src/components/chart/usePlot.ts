/** Keeps one uPlot in an element: made anew only when its shape changes, given new values once a frame, told of zoom and cursor. */
import { useEffect, useLayoutEffect, useRef, type RefObject } from "react";
import uPlot from "uplot";
import type { Span } from "@/lib/chart/axes";
import { fromShared, hearCursor, tellCursor, toShared } from "@/lib/chart/cursors";
import { plotOptions, type PlotSpec } from "@/lib/chart/options";
import { useTheme } from "@/lib/theme";

export interface PlotProps extends Omit<PlotSpec, "width" | "drawn" | "zoom" | "onCursor" | "onZoom"> {
  data: uPlot.AlignedData;
  drawn: ReturnType<PlotSpec["drawn"]>;
  zoom: Span | null;
  onZoom: (zoom: Span | null) => void;
  onCursor: (index: number | null, x: number | null) => void;
  group: string | undefined;
  clock: ArrayLike<number> | undefined;
  /** False: nothing is made or drawn. */
  active: boolean;
}

const MIN_WIDTH = 100;

export function usePlot(host: RefObject<HTMLDivElement | null>, props: PlotProps): RefObject<uPlot | null> {
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  useLayoutEffect(() => {
    latest.current = props;
  });
  const theme = useTheme();
  const { data, zoom, height, xKind, axis, log, logX, windowX, group, active } = props;
  const [low, high] = props.range;
  const shape = props.lines
    .map((line) => `${line.label}|${line.color}|${line.faint === true ? 1 : 0}|${(line.dash ?? []).join()}`)
    .join(";");

  useEffect(() => {
    const element = host.current;
    if (element === null || !active) return;
    let hearing = false;
    const here = (at: number | null) => {
      const self = plot.current;
      if (self === null) return;
      const x = at === null ? null : fromShared(at, { xKind, x: self.data[0], clock: latest.current.clock });
      hearing = true;
      self.setCursor({ left: x === null ? -10 : self.valToPos(x, "x"), top: 0 });
      hearing = false;
    };
    const now = latest.current;
    const instance = new uPlot(
      plotOptions({
        width: Math.max(element.clientWidth, MIN_WIDTH),
        height,
        xKind,
        axis,
        log,
        logX,
        range: [low, high],
        windowX,
        lines: now.lines,
        drawn: () => latest.current.drawn,
        zoom: () => latest.current.zoom,
        onZoom: (next) => {
          latest.current.onZoom(next);
        },
        onCursor: (index, x) => {
          latest.current.onCursor(index, x);
          if (group === undefined || hearing) return;
          const { clock, data: shown } = latest.current;
          tellCursor(group, x === null ? null : toShared(x, { xKind, x: shown[0], clock }), here);
        },
      }),
      now.data,
      element,
    );
    plot.current = instance;
    const forget = group === undefined ? undefined : hearCursor(group, here);
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== instance.width) instance.setSize({ width: element.clientWidth, height });
    });
    resize.observe(element);
    return () => {
      forget?.();
      resize.disconnect();
      instance.destroy();
      plot.current = null;
    };
  }, [host, active, theme, shape, height, xKind, axis, log, logX, low, high, windowX, group]);

  const { drawn } = props;
  useEffect(() => {
    // One redraw a frame, however much came.
    const frame = requestAnimationFrame(() => {
      plot.current?.setData(data);
    });
    return () => {
      cancelAnimationFrame(frame);
    };
  }, [data, drawn.marks, zoom]);
  return plot;
}
