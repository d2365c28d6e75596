/** The runs and what came of them; against the baseline, if one is pinned. */
import { Icon } from "@/components/Icon";
import { LineSwatch } from "@/components/LineSwatch";
import { Link } from "@/components/Link";
import { ProgressBar } from "@/components/ProgressBar";
import { StatusBadge } from "@/components/StatusBadge";
import * as f from "@/lib/format";
import { kindWord, statusTone } from "@/lib/jobWords";
import { relative } from "@/lib/runDifferences";
import { comparable, shownColumns, type RunFacts } from "@/lib/runResults";
import { runStatus } from "@/stores/comparisonStore";
import type { ViewRun } from "./view";

interface Props {
  runs: ViewRun[];
  onPin: (id: string | null) => void;
  onRemove: (id: string) => void;
}

function factsOf({ run, compared }: ViewRun): RunFacts {
  return { training: run.training, job: run.job, compared };
}

export function RunsTable({ runs, onPin, onRemove }: Props) {
  const columns = shownColumns(runs.map(factsOf));
  const baseline = runs.find((each) => each.isBaseline);
  return (
    <div className="panel relative overflow-x-auto" tabIndex={0} role="region" aria-label="Runs and results" data-testid="runs-table">
      <table className="table">
        <thead>
          <tr>
            <th scope="col" className="sticky left-0 z-[1] bg-panel">Run</th>
            <th scope="col">State</th>
            <th scope="col">Progress</th>
            {columns.map((column) => (
              <th key={column.key} scope="col" className="number" title={column.title}>
                {column.word}
              </th>
            ))}
            <th scope="col">
              <span className="sr-only">Baseline and removal</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((each) => (
            <tr key={each.id} data-testid="compared-run" data-run-id={each.id} data-color={each.look.color} data-dash={each.look.dash.join(" ")}>
              <th scope="row" className="sticky left-0 z-[1] h-11! border-b! bg-panel px-4! text-left text-[13px]! font-medium! text-fg!">
                <RunName each={each} />
              </th>
              {each.run.load === "missing" || each.run.load === "error" ? (
                <td colSpan={columns.length + 2} className="text-sm whitespace-normal!">
                  <span role="alert" className="text-red">
                    {each.run.load === "missing" ? `There is no run with the id ${each.id}.` : `It can't be read: ${each.run.error ?? ""}`}
                  </span>
                </td>
              ) : (
                <>
                  <StateCells each={each} />
                  {columns.map((column) => {
                    const facts = factsOf(each);
                    const value = column.value(facts);
                    const other = baseline === undefined || baseline === each ? null : factsOf(baseline);
                    const change = other === null || !comparable(column, facts, other) ? "" : relative(value, column.value(other));
                    return (
                      <td key={column.key} className="number" data-column={column.key}>
                        {column.words(value, facts)}
                        {other !== null && <span className="block min-h-4 text-2xs leading-4 text-muted">{change}</span>}
                      </td>
                    );
                  })}
                </>
              )}
              <td>
                <div className="flex justify-end gap-1">
                  <button
                    type="button"
                    className={`button ${each.isBaseline ? "border-accent! bg-accent-soft!" : ""}`}
                    aria-pressed={each.isBaseline}
                    aria-label={each.isBaseline ? `Baseline: ${each.label}` : `Pin ${each.label} as the baseline`}
                    disabled={each.run.load === "missing"}
                    onClick={() => {
                      onPin(each.isBaseline ? null : each.id);
                    }}
                  >
                    {each.isBaseline ? "Baseline" : "Pin"}
                  </button>
                  <button
                    type="button"
                    className="button button-icon h-[26px]! w-[26px]!"
                    aria-label={`Remove ${each.label}`}
                    onClick={() => {
                      onRemove(each.id);
                    }}
                  >
                    <Icon name="close" size={12} />
                  </button>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RunName({ each }: { each: ViewRun }) {
  const kind = each.run.job?.kind ?? (each.run.training === null ? null : "train_sae");
  return (
    <span className="flex max-w-44 items-center gap-2.5 md:max-w-72">
      <LineSwatch color={each.look.color} dash={each.look.dash} />
      <span className="min-w-0">
        <span className="block truncate leading-5" title={each.label}>
          {each.href === null ? each.label : <Link href={each.href} className="hover:text-accent">{each.label}</Link>}
        </span>
        {kind !== null && <span className="block text-2xs leading-4 font-normal text-muted">{kindWord(kind)}</span>}
      </span>
    </span>
  );
}

function StateCells({ each }: { each: ViewRun }) {
  const status = runStatus(each.run);
  const progress = each.run.job?.progress ?? each.run.training?.progress ?? null;
  return (
    <>
      <td>{status === null ? <span className="text-muted">{each.run.load === "loading" ? "reading…" : f.UNKNOWN}</span> : <StatusBadge status={status} />}</td>
      <td>
        <span className="flex items-center gap-2.5">
          <ProgressBar className="w-16" value={progress} tone={statusTone(status ?? "")} label={`Progress of ${each.label}`} />
          <span className="w-[7ch] text-right text-xs text-muted">{f.progressPercent(progress)}</span>
        </span>
      </td>
    </>
  );
}
