/** A chart for each metric that was reported, by step, time or clock; one line a layer. */
import { useMemo } from "react";
import { Chart } from "@/components/Chart";
import { ErrorNote, Skeleton } from "@/components/States";
import type { XKind } from "@/lib/chart/axes";
import type { ChartMark } from "@/lib/chart/marks";
import type { XBy } from "@/lib/chart/view";
import { metricWords, sortMetrics } from "@/lib/metricWords";
import { useQuery } from "@/lib/router";
import { curveLines } from "./curveLines";
import { CurvesToolbar } from "./CurvesToolbar";
import { LayerChooser } from "./LayerChooser";
import { MarkLegend } from "@/components/chart/MarkLegend";
import type { Curves } from "./useCurves";

const X_KINDS: Record<XBy, XKind> = { step: "step", relative: "duration", wall: "time" };
const FILTER_FROM = 9;

interface Props {
  trainingId: string;
  name: string;
  curves: Curves;
  load: "loading" | "ready" | "error";
  error: string | null;
  ended: boolean;
  /** Something may have been reported: as much room as charts need is kept for them. */
  begun: boolean;
  marks: readonly ChartMark[];
  group: string;
  onRetry: () => void;
}

export function TrainingCharts({ trainingId, name, curves, load, error, ended, begun, marks, group, onRetry }: Props) {
  const [scaleText, setScale] = useQuery("scale", "linear");
  const [scaleXText, setScaleX] = useQuery("scalex", "linear");
  const [filter, setFilter] = useQuery("metric");
  const { view, available, xBy, rule } = curves;
  const log = scaleText === "log";
  const logX = scaleXText === "log" && xBy !== "wall";
  const names = useMemo(() => sortMetrics([...view.metrics.keys()]), [view]);
  const charts = useMemo(
    () =>
      names.map((metric) => ({ metric, ...metricWords(metric), lines: curveLines(view.metrics.get(metric) ?? [], available) })),
    [names, view, available],
  );
  if (load === "error") return <ErrorNote onRetry={onRetry}>The curves can't be read: {error}</ErrorNote>;
  if (load === "loading" || !curves.loaded) return <Skeleton className={`rounded-lg ${begun ? "h-96" : "h-15"}`} />;
  const wanted = filter.toLowerCase();
  const shown = charts.filter(({ metric, title }) => metric.toLowerCase().includes(wanted) || title.toLowerCase().includes(wanted));
  const [first, last] = [rule.step[0], rule.step[rule.step.length - 1]];
  const empty = charts.length === 0;
  return (
    <section aria-label="Curves" className="panel px-4 pt-3 pb-4" data-testid="curves">
      <header className="mb-3 grid gap-2">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h2 className="text-sm font-semibold">Curves</h2>
          <span className="text-xs text-muted">
            {empty ? (ended ? "No metric was reported." : "Waiting for the first report.") : "Drag to zoom, double-click for the whole."}
          </span>
          {!empty && <MarkLegend marks={marks} />}
          {names.length >= FILTER_FROM && (
            <input
              type="search"
              aria-label="Filter the charts"
              placeholder="Filter charts"
              className="field ml-auto w-40"
              value={filter}
              onChange={(event) => {
                setFilter(event.target.value);
              }}
            />
          )}
        </div>
        {!empty && (
          <CurvesToolbar
            curves={curves}
            scale={{
              log,
              setLog: (on) => { setScale(on ? "log" : "linear"); },
              logX: scaleXText === "log",
              setLogX: (on) => { setScaleX(on ? "log" : "linear"); },
            }}
            whole={first === undefined || last === undefined || first === last ? null : [first, last]}
            allRows={`/api/v1/trainings/${encodeURIComponent(trainingId)}/metrics?layer=*&format=csv`}
          />
        )}
        <LayerChooser curves={curves} />
        {error !== null && <p className="text-xs text-amber">The newest rows can't be read: {error}</p>}
      </header>
      <div className="grid gap-x-8 gap-y-4 lg:grid-cols-2">
        {shown.map((chart) => (
          <Chart
            key={chart.metric}
            title={chart.title}
            x={view.x}
            clock={view.clock}
            lines={chart.lines}
            xKind={X_KINDS[xBy]}
            format={chart.format}
            height={180}
            log={log}
            logX={logX}
            marks={marks}
            zoom={curves.axisZoom}
            onZoom={curves.zoomAxis}
            group={group}
            exportAs={name}
            testId={`chart-${chart.metric}`}
          />
        ))}
        {!empty && shown.length === 0 && <p className="text-sm text-muted">No metric's name has “{filter}” in it.</p>}
      </div>
    </section>
  );
}
