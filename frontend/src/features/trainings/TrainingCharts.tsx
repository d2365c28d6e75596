/** Loss, sparsity, explained variance and throughput by step; one line a layer if there are several. */
import { useMemo } from "react";
import { Chart, type ChartLine } from "@/components/Chart";
import { ErrorNote, Skeleton } from "@/components/States";
import { lastKnown } from "@/lib/chart/values";
import * as f from "@/lib/format";
import { useQuery } from "@/lib/router";
import { lineIndex, type CurveMetric, type TrainingCurves } from "@/stores/trainingsStore";

const CHARTS: { metric: CurveMetric; title: string; format: (value: number | null) => string; byLayer: boolean }[] = [
  { metric: "loss", title: "Loss", format: (value) => f.metric(value), byLayer: true },
  { metric: "l0_sparsity", title: "L0", format: (value) => f.metric(value, 3), byLayer: true },
  { metric: "explained_variance", title: "Explained variance", format: (value) => f.metric(value, 3), byLayer: true },
  { metric: "samples_per_second", title: "Samples/s", format: f.compact, byLayer: false },
];

const LAYER_COLORS = ["--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];

interface Props {
  curves: TrainingCurves | undefined;
  load: "loading" | "ready" | "error";
  ended: boolean;
}

export function TrainingCharts({ curves, load, ended }: Props) {
  const [scale, setScale] = useQuery("scale", "linear");
  const log = scale === "log";
  const charts = useMemo(() => {
    if (curves === undefined) return [];
    const many = curves.layers.length > 1;
    return CHARTS.map((chart) => {
      const line = (layer: number | null): ChartLine => ({
        label: layer === null ? (many && chart.byLayer ? "mean" : "") : `layer ${layer}`,
        color: layer === null ? "--c1" : (LAYER_COLORS[curves.layers.indexOf(layer) % LAYER_COLORS.length] ?? "--c2"),
        values: curves.series.lines[lineIndex(curves, chart.metric, layer)] ?? [],
      });
      const hasLayers = many && chart.byLayer;
      // The mean is drawn last, on top of its layers.
      const layers = hasLayers ? curves.layers.map(line).filter((each) => lastKnown(each.values) !== null) : [];
      return { ...chart, lines: [...layers.map((each) => ({ ...each, faint: true })), line(null)] };
    });
  }, [curves]);

  if (load === "error") return <ErrorNote>The curves can't be read.</ErrorNote>;
  if (curves === undefined) return <Skeleton className="h-64 rounded-lg" />;
  return (
    <section aria-label="Curves" className="panel px-4 pt-3 pb-3">
      <header className="mb-2 flex items-center gap-3">
        <h2 className="text-sm font-semibold">Curves</h2>
        <span className={`text-xs text-muted ${curves.series.x.length === 0 ? "" : "max-sm:hidden"}`}>
          {curves.series.x.length === 0 ? (ended ? "No metric was reported." : "Waiting for the first report.") : "by step · drag to zoom, double-click to reset"}
        </span>
        <button
          type="button"
          className="button ml-auto"
          aria-pressed={log}
          onClick={() => {
            setScale(log ? "linear" : "log");
          }}
        >
          {log ? "Log loss" : "Linear loss"}
        </button>
      </header>
      <div className="grid gap-x-8 gap-y-5 lg:grid-cols-2">
        {charts.map((chart) => (
          <Chart
            key={chart.metric}
            title={chart.title}
            x={curves.series.x}
            lines={chart.lines}
            xKind="step"
            format={chart.format}
            height={170}
            log={log && chart.metric === "loss"}
            group="training"
            testId={`chart-${chart.metric}`}
          />
        ))}
      </div>
    </section>
  );
}
