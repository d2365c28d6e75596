/** What the page shows of each run, put together once. */
import { useMemo } from "react";
import { useComparisonStore } from "@/hooks/useComparison";
import type { CompareAddress } from "@/lib/compareAddress";
import { lookOf, runLabels, type RunLook } from "@/lib/runLook";
import type { ComparedRun } from "@/lib/types/progress";
import { emptyRun, runName, type ComparedRunState } from "@/stores/comparisonStore";

export interface ViewRun {
  id: string;
  label: string;
  look: RunLook;
  run: ComparedRunState;
  /** What the server's comparison says of it; null: it isn't in it yet. */
  compared: ComparedRun | null;
  isBaseline: boolean;
  /** Its own page, if it has one. */
  href: string | null;
}

export function useViewRuns({ ids, places, baseline }: CompareAddress): ViewRun[] {
  const runs = useComparisonStore((state) => state.runs);
  const comparison = useComparisonStore((state) => state.comparison);
  return useMemo(() => {
    const states = ids.map((id) => runs[id] ?? emptyRun(id));
    const labels = runLabels(states.map((run) => ({ id: run.id, name: runName(run) })));
    return states.map((run) => ({
      id: run.id,
      label: labels.get(run.id) ?? run.id,
      look: lookOf(places.get(run.id) ?? 0),
      run,
      compared: comparison?.runs.find((each) => each.id === run.id) ?? null,
      isBaseline: run.id === baseline,
      href: run.training !== null ? `/trainings/${run.training.id}` : run.job !== null ? `/jobs/${run.job.id}` : null,
    }));
  }, [ids, places, baseline, runs, comparison]);
}
