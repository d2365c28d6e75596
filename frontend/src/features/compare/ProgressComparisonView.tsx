/** Runs side by side: what came of them, their curves over each other, how they were set, and where the time went. */
import { useCallback, useMemo, useState } from "react";
import { EmptyState } from "@/components/States";
import { ProgressHistoryChart } from "@/features/progress-history/ProgressHistoryChart";
import { useComparison, useComparisonStore } from "@/hooks/useComparison";
import { readCompare, writeCompare } from "@/lib/compareAddress";
import { navigate, useSearch } from "@/lib/router";
import { Insight } from "./Insight";
import { MetricCharts } from "./MetricCharts";
import { RunPicker } from "./RunPicker";
import { RunsTable } from "./RunsTable";
import { SettingsPanel } from "./SettingsPanel";
import { PhasePanel, TenthsPanel } from "./TimePanels";
import { useViewRuns } from "./view";

export function ProgressComparisonView() {
  const search = useSearch();
  const address = useMemo(() => readCompare(search), [search]);
  const { ids, baseline } = address;
  useComparison(ids);
  const runs = useViewRuns(address);
  const comparison = useComparisonStore((state) => state.comparison);
  const [picking, setPicking] = useState(false);

  const go = useCallback((next: readonly string[], pinned: string | null) => {
    navigate(writeCompare(window.location.search, next, pinned), { replace: true });
  }, []);
  const shown = useMemo(() => runs.filter(({ run }) => run.load === "ready"), [runs]);
  const shownIds = shown.map(({ id }) => id).join(" ");
  const labels = useMemo(() => new Map(runs.map(({ id, label }) => [id, label])), [runs]);
  const looks = useMemo(() => new Map(runs.map(({ id, look }) => [id, look])), [runs]);
  const historyIds = useMemo(() => shownIds.split(" ").filter((id) => id !== ""), [shownIds]);
  const compared = comparison !== null && shown.length > 1;

  const add = (
    <button type="button" className={`button ${ids.length < 2 ? "button-primary" : ""}`} onClick={() => { setPicking(true); }}>
      Choose runs
    </button>
  );
  return (
    <div className="flex flex-col gap-4" data-testid="compare">
      {ids.length === 0 ? (
        <section className="panel">
          <EmptyState icon="trainings" title="Nothing to compare yet">
            <p>Choose two runs or more: trainings, or jobs of any other kind. Their address can be kept and shared.</p>
            <div className="mt-4 flex justify-center">{add}</div>
          </EmptyState>
        </section>
      ) : (
        <>
          <div className="flex flex-wrap items-center gap-2">
            <p className="text-sm text-muted">
              {ids.length} {ids.length === 1 ? "run" : "runs"}
              {baseline === null ? "" : ` · set against ${labels.get(baseline) ?? baseline}`}
            </p>
            <div className="ml-auto">{add}</div>
          </div>
          <Insight runs={runs} />
          <RunsTable
            runs={runs}
            onPin={(id) => {
              go(ids, id);
            }}
            onRemove={(id) => {
              go(ids.filter((each) => each !== id), baseline);
            }}
          />
          <MetricCharts runs={shown} />
          <ProgressHistoryChart entityIds={historyIds} labels={labels} looks={looks} />
          {compared && (
            <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
              <PhasePanel comparison={comparison} runs={runs} />
              <TenthsPanel comparison={comparison} runs={runs} />
            </div>
          )}
          <SettingsPanel runs={runs} />
        </>
      )}
      {picking && (
        <RunPicker
          ids={ids}
          onChange={(next) => {
            go(next, baseline);
          }}
          onClose={() => {
            setPicking(false);
          }}
        />
      )}
    </div>
  );
}
