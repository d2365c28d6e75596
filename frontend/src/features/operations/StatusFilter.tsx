/** The counts are the filter: one look says how things stand, one click narrows to it. */
import { count, UNKNOWN } from "@/lib/format";
import type { View } from "@/lib/operationFilter";
import type { OperationCounts } from "@/lib/types/job";

interface Props {
  counts: OperationCounts;
  view: string;
  onView: (view: View) => void;
  /** Before the first answer no count is known, not even 0. */
  known: boolean;
}

export function StatusFilter({ counts, view, onView, known }: Props) {
  const rows: { key: View; word: string; count: number | null; alarm?: string }[] = [
    { key: "all", word: "All", count: null },
    { key: "running", word: "Running", count: counts.running + counts.starting + counts.cancelling },
    { key: "queued", word: "Queued", count: counts.queued },
    { key: "paused", word: "Paused", count: counts.paused },
    { key: "stalled", word: "Stalled", count: counts.stalled, alarm: "text-amber" },
    { key: "failed", word: "Failed", count: counts.failed, alarm: "text-red" },
    { key: "finished", word: "Finished", count: counts.finished },
  ];
  return (
    <div role="group" aria-label="Show" className="-mx-1 flex max-w-full overflow-x-auto px-1 py-0.5" data-testid="counts">
      <div className="flex rounded-lg border border-line bg-panel p-0.5">
        {rows.map(({ key, word, count: n, alarm }) => {
          const chosen = view === key;
          return (
            <button
              key={key}
              type="button"
              aria-pressed={chosen}
              data-testid={`count-${key}`}
              onClick={() => {
                onView(chosen ? "all" : key);
              }}
              className={`flex h-6 items-baseline gap-1.5 rounded-md px-2.5 text-xs leading-6 whitespace-nowrap transition-colors ${
                chosen ? "bg-raised font-medium text-fg" : "text-muted hover:text-fg"
              }`}
            >
              {word}
              {n !== null && (
                <span className={`inline-block min-w-[1ch] text-right font-semibold ${alarm !== undefined && n > 0 ? alarm : "text-fg"}`}>
                  {known ? count(n) : UNKNOWN}
                </span>
              )}
            </button>
          );
        })}
      </div>
    </div>
  );
}
