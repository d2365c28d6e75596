/** The curves of the runs, one chart a metric, by step, by time since each run's first report, or by the clock. */
import { useMemo } from "react";
import { Chart, type ChartLine } from "@/components/Chart";
import { Choice } from "@/components/Choice";
import { SmoothingSlider } from "@/components/SmoothingSlider";
import { ErrorNote, Skeleton } from "@/components/States";
import type { Span, XKind } from "@/lib/chart/axes";
import { joinSeries } from "@/lib/chart/join";
import { smooth } from "@/lib/chart/smooth";
import type { CurveAxis } from "@/lib/compareAddress";
import { metricWords } from "@/lib/metricWords";
import { useQuery } from "@/lib/router";
import { metricNames, runLine } from "@/lib/runCurves";
import { readZoom, writeZoom } from "@/lib/zoomText";
import type { ViewRun } from "./view";


const MAIN = ["loss", "l0_sparsity", "explained_variance", "samples_per_second"];
const AXES: { value: CurveAxis; word: string; kind: XKind }[] = [
  { value: "step", word: "Step", kind: "step" },
  { value: "elapsed", word: "Time", kind: "duration" },
  { value: "time", word: "Clock", kind: "time" },
];
const SCALES = [
  { value: "", word: "Linear" },
  { value: "log", word: "Log" },
];

export function MetricCharts({ runs }: { runs: ViewRun[] }) {
  const [axisName, setAxis] = useQuery("x", "step");
  const [scale, setScale] = useQuery("scale");
  const [more, setMore] = useQuery("more");
  const [zoomText, setZoom] = useQuery("zoom");
  const [smoothText, setSmooth] = useQuery("smooth", "0");
  const strength = Math.min(Math.max(Number(smoothText) || 0, 0), 0.99);
  const axis = AXES.find((each) => each.value === axisName) ?? { value: "step" as const, word: "Step", kind: "step" as const };
  const zoom = useMemo(() => readZoom(zoomText), [zoomText]);
  const trainings = useMemo(() => runs.filter(({ run }) => run.training !== null), [runs]);

  const names = useMemo(() => metricNames(trainings.map(({ run }) => run.curves), MAIN), [trainings]);
  const chosen = useMemo(() => more.split(",").filter((name) => names.includes(name) && !MAIN.includes(name)), [more, names]);
  const extra = names.filter((name) => !MAIN.includes(name));
  const charts = useMemo(
    () =>
      [...names.filter((name) => MAIN.includes(name)), ...chosen].map((metric) => {
        const of = trainings.map(({ run }) => runLine(run.curves, metric, axis.value));
        const joined = joinSeries(of.map(({ x, values }) => ({ x, lines: strength === 0 ? [values] : [smooth(x, values, strength, "time-weighted"), values] })));
        const shown = trainings.flatMap(({ label, look }, i) => {
          const [line = [], raw] = joined.runs[i] ?? [];
          return of[i]?.x.length === 0 ? [] : [{ label, look, line, raw }];
        });
        // As reported lies beneath, faint.
        const raws: ChartLine[] = shown.flatMap(({ label, look, raw }) => (raw === undefined ? [] : [{ label: `${label}, as reported`, color: look.color, values: raw, faint: true, unnamed: true }]));
        return { metric, x: joined.x, lines: [...raws, ...shown.map(({ label, look, line }): ChartLine => ({ label, ...look, values: line }))] };
      }),
    [trainings, names, chosen, axis.value, strength],
  );

  const reading = runs.some(({ run }) => run.load === "loading");
  const failed = trainings.filter(({ run }) => run.curvesError !== null);
  return (
    <section aria-label="Curves" className="panel px-4 pt-3 pb-3" data-testid="metric-charts">
      <header className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="text-sm font-semibold">Curves</h2>
        <span className="text-xs text-muted max-lg:hidden">drag to zoom, double-click to reset</span>
        <div className="ml-auto flex flex-wrap gap-2">
          <Choice
            label="Horizontal axis"
            options={AXES}
            value={axis.value}
            onChange={(next) => {
              setZoom("");
              setAxis(next);
            }}
          />
          <SmoothingSlider strength={strength} onChange={setSmooth} />
          <Choice label="Scale of the loss" options={SCALES} value={scale === "log" ? "log" : ""} onChange={setScale} />
        </div>
      </header>
      {failed.map(({ id, label, run }) => (
        <div key={id} className="mb-2">
          <ErrorNote>
            The curves of {label} can't be read: {run.curvesError}
          </ErrorNote>
        </div>
      ))}
      {charts.length === 0 ? (
        reading ? <Skeleton className="h-44 rounded-lg" /> : (
          <p className="py-3 text-sm text-muted">{trainings.length === 0 ? "Only trainings report metrics; these runs are compared by their progress." : "No metric was reported so far."}</p>
        )
      ) : (
        <div className="grid gap-x-8 gap-y-5 lg:grid-cols-2">
          {charts.map(({ metric, x, lines }) => (
            <Chart
              key={metric}
              title={metricWords(metric).title}
              x={x}
              lines={lines}
              xKind={axis.kind}
              format={metricWords(metric).format}
              height={190}
              log={scale === "log" && metric.includes("loss")}
              group="compare"
              exportAs="comparison"
              zoom={zoom}
              onZoom={(span: Span | null) => {
                setZoom(writeZoom(span));
              }}
              testId={`compare-${metric}`}
            />
          ))}
        </div>
      )}
      {extra.length > 0 && (
        <div role="group" aria-label="More metrics" className="mt-3 flex flex-wrap items-center gap-1.5 border-t border-line pt-3">
          <span className="mr-1 text-xs text-muted">More</span>
          {extra.map((name) => {
            const on = chosen.includes(name);
            return (
              <button
                key={name}
                type="button"
                className={`button ${on ? "bg-raised!" : ""}`}
                aria-pressed={on}
                onClick={() => {
                  setMore((on ? chosen.filter((each) => each !== name) : [...chosen, name]).join(","));
                }}
              >
                {metricWords(name).title}
              </button>
            );
          })}
        </div>
      )}
    </section>
  );
}
