/** What the server says of all of them, in one sentence. */
import { ErrorNote } from "@/components/States";
import { useComparisonStore } from "@/hooks/useComparison";
import { sentenceOf } from "@/lib/comparisonWords";
import { isLive } from "@/stores/comparisonStore";
import type { ViewRun } from "./view";

export function Insight({ runs }: { runs: ViewRun[] }) {
  const comparison = useComparisonStore((state) => state.comparison);
  const error = useComparisonStore((state) => state.comparisonError);
  const known = runs.filter(({ run }) => run.load === "ready");
  const loading = runs.some(({ run }) => run.load === "loading");
  const live = known.some(({ run }) => isLive(run));
  if (error !== null && comparison === null) return <ErrorNote>The runs can't be compared: {error}</ErrorNote>;
  return (
    <section aria-label="In one sentence" className="panel border-l-2! border-l-accent! px-4 py-3" data-testid="insight">
      <p className="min-h-5 max-w-[110ch] text-sm" data-testid="insight-sentence">
        {known.length < 2
          ? loading
            ? "Reading…"
            : "Two runs at least are needed to say something of their speed: add one."
          : comparison === null
            ? "Comparing…"
            : sentenceOf(comparison, new Map(runs.map(({ id, label }) => [id, label])))}
      </p>
      <p className="mt-0.5 text-xs text-muted">
        Only the time in which they really ran is compared.
        {live && " While a run goes on, this follows its snapshots."}
        {error !== null && <span className="text-amber"> Not brought up to date: {error}</span>}
      </p>
    </section>
  );
}
