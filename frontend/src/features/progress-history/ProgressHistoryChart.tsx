/**
 * How runs came along: percent by the time in which each really ran, or by the clock. A pause is a break in the line, phases and
 * pauses are marked; a running job's newest reports follow as they come. Shown in the pages of other features.
 */
import { useMemo } from "react";
import { useStore } from "zustand";
import { Chart } from "@/components/Chart";
import { MarkLegend } from "@/components/chart/MarkLegend";
import { Choice } from "@/components/Choice";
import { EmptyState, ErrorNote, Skeleton } from "@/components/States";
import { useProgressHistory } from "@/hooks/useProgressHistory";
import { joinSeries } from "@/lib/chart/join";
import * as f from "@/lib/format";
import { elapsedCurve, wallCurve } from "@/lib/progressCurve";
import { useQuery } from "@/lib/router";
import { lookOf, type RunLook } from "@/lib/runLook";
import { progressHistoryStore } from "@/stores/progressHistoryStore";
import { ProgressFacts } from "./ProgressFacts";
import { useHistories } from "./useHistories";

export interface ProgressHistoryChartProps {
  entityIds: string[];
  /** By id; given where the runs are shown elsewhere, too. */
  labels?: ReadonlyMap<string, string>;
  looks?: ReadonlyMap<string, RunLook>;
  height?: number;
}

const AXES = [
  { value: "running", word: "Running time" },
  { value: "clock", word: "Clock" },
];

export function ProgressHistoryChart({ entityIds, labels, looks, height = 220 }: ProgressHistoryChartProps) {
  useProgressHistory(entityIds);
  const histories = useHistories(entityIds);
  const rule = useStore(progressHistoryStore, (state) => state.rule);
  const [axis, setAxis] = useQuery("progress", "running");
  const byClock = axis === "clock";

  const drawn = useMemo(() => {
    const curves = histories.map(({ history }) => (byClock ? wallCurve : elapsedCurve)(history?.snapshots ?? [], history?.live ?? []));
    const joined = joinSeries(curves.map(({ x, values }) => ({ x, lines: [values] })));
    const many = curves.length > 1;
    return {
      x: joined.x,
      lines: histories.map(({ id }, i) => ({
        label: many ? (labels?.get(id) ?? id) : "",
        ...(looks?.get(id) ?? lookOf(i)),
        values: joined.runs[i]?.[0] ?? [],
      })),
      marks: curves.flatMap(({ marks }, i) =>
        marks.map((mark) => ({ ...mark, label: many ? `${labels?.get(histories[i]?.id ?? "") ?? ""}: ${mark.label}` : mark.label })),
      ),
    };
  }, [histories, byClock, labels, looks]);

  const failed = histories.filter(({ history }) => history?.load === "error");
  const loading = histories.some(({ history }) => history === undefined || history.load === "loading");
  const empty = histories.every(({ history }) => history?.snapshots.length === 0);
  return (
    <section aria-label="Progress history" className="panel min-w-0 px-4 pt-3 pb-3" data-testid="progress-history">
      <header className="mb-2 flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="text-sm font-semibold">Progress</h2>
        <span className="text-xs text-muted max-sm:hidden">
          {byClock ? "by the clock, every attempt" : "by the time in which it ran, without queue and pauses"}
        </span>
        <MarkLegend marks={drawn.marks} />
        <div className="ml-auto">
          <Choice label="Time" options={AXES} value={byClock ? "clock" : "running"} onChange={setAxis} />
        </div>
      </header>
      {failed.map(({ id, history }) => (
        <div key={id} className="mb-2">
          <ErrorNote>
            The history of {labels?.get(id) ?? id} can't be read: {history?.error}
          </ErrorNote>
        </div>
      ))}
      {loading && drawn.x.length === 0 ? (
        <div role="status" aria-label="Loading the history" style={{ height }}>
          <Skeleton className="h-full" />
        </div>
      ) : failed.length === histories.length ? null : empty ? (
        <EmptyState icon="clock" title="No snapshot yet">
          <p>
            The first is kept when the job begins to run
            {rule === null ? "" : `, then one every ${f.percent(rule.step_percent)}, but no more than one in ${f.duration(rule.interval_seconds)}`}.
          </p>
        </EmptyState>
      ) : (
        <>
          <Chart
            title="Percent done"
            x={drawn.x}
            lines={drawn.lines}
            xKind={byClock ? "time" : "duration"}
            format={f.progressPercent}
            axis="percent"
            range={[0, 100]}
            height={height}
            marks={drawn.marks}
            testId="chart-progress"
          />
          <ProgressFacts histories={histories} labels={labels} looks={looks} />
        </>
      )}
    </section>
  );
}
