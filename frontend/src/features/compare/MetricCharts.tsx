/** The curves of the runs, one chart a metric, by step, by time since each run's first report, or by the clock. */
import { useMemo } from "react";
import { Chart } from "@/components/Chart";
import { Choice } from "@/components/Choice";
import { ErrorNote, Skeleton } from "@/components/States";
import type { Span, XKind } from "@/lib/chart/axes";
import { joinSeries } from "@/lib/chart/join";
import type { CurveAxis } from "@/lib/compareAddress";
import * as f from "@/lib/format";
import { useQuery } from "@/lib/router";
import { metricNames, runLine } from "@/lib/runCurves";
import { readZoom, writeZoom } from "@/lib/zoomText";
import type { ViewRun } from "./view";


const TITLES: Record<string, string> = {
  loss: "Loss",
  l0_sparsity: "L0",
  explained_variance: "Explained variance",
  samples_per_second: "Samples/s",
  learning_rate: "Learning rate",
  grad_norm: "Gradient norm",
  dead_neurons: "Dead features",
  l1_sparsity: "L1",
  loss_reconstructed: "Loss, reconstructed",
  gpu_memory_used_mb: "GPU memory, MB",
};
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

function formatOf(metric: string): (value: number | null) => string {
  if (metric === "samples_per_second" || metric === "dead_neurons") return f.compact;
  return (value) => f.metric(value);
}

export function MetricCharts({ runs }: { runs: ViewRun[] }) {
  const [axisName, setAxis] = useQuery("x", "step");
  const [scale, setScale] = useQuery("scale");
  const [more, setMore] = useQuery("more");
  const [zoomText, setZoom] = useQuery("zoom");
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
        const joined = joinSeries(of.map(({ x, values }) => ({ x, lines: [values] })));
        const lines = trainings.flatMap(({ label, look }, i) =>
          of[i]?.x.length === 0 ? [] : [{ label, ...look, values: joined.runs[i]?.[0] ?? [] }],
        );
        return { metric, x: joined.x, lines };
      }),
    [trainings, names, chosen, axis.value],
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
              title={TITLES[metric] ?? metric}
              x={x}
              lines={lines}
              xKind={axis.kind}
              format={formatOf(metric)}
              height={190}
              log={scale === "log" && metric.includes("loss")}
              group="compare"
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
                {TITLES[name] ?? name}
              </button>
            );
          })}
        </div>
      )}
    </section>
  );
}
