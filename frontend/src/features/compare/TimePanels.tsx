/** Where the time went: in which phase, and on which part of the way. */
import { LineSwatch } from "@/components/LineSwatch";
import { Panel } from "@/components/Panel";
import { inDivergence, phaseRows, tenthCells, type TenthCell } from "@/lib/comparisonWords";
import * as f from "@/lib/format";
import { relative } from "@/lib/runDifferences";
import type { Comparison } from "@/lib/types/progress";
import type { ViewRun } from "./view";

interface Props {
  comparison: Comparison;
  runs: ViewRun[];
}

/** The comparison's runs, in its order, as the page shows them. */
function shown({ comparison, runs }: Props): (ViewRun | undefined)[] {
  return comparison.runs.map((each) => runs.find((run) => run.id === each.id));
}

export function PhasePanel(props: Props) {
  const rows = phaseRows(props.comparison);
  const runs = shown(props);
  const baseline = runs.findIndex((run) => run?.isBaseline === true);
  const longest = Math.max(...rows.flatMap((row) => row.seconds.map((seconds) => seconds ?? 0)), 0);
  return (
    <Panel title="Time by phase" testId="phases">
      {rows.length === 0 ? (
        <p className="text-sm text-muted">None of them told a phase so far.</p>
      ) : (
        <dl className="flex flex-col gap-3">
          {rows.map((row) => (
            <div key={row.name}>
              <dt className="caption mb-1">{row.name}</dt>
              {row.seconds.map((seconds, i) => {
                const run = runs[i];
                const ended = [i, baseline].every((at) => props.comparison.runs[at]?.status === "completed");
                const against = baseline < 0 || i === baseline || !ended ? "" : relative(seconds, row.seconds[baseline] ?? null);
                return (
                  run !== undefined && (
                    <dd key={run.id} className={`grid ${baseline < 0 ? "grid-cols-[minmax(0,9rem)_minmax(0,1fr)_11ch]" : "grid-cols-[minmax(0,9rem)_minmax(0,1fr)_11ch_7ch]"} items-center gap-3 py-0.5 text-xs`}>
                      <span className="flex min-w-0 items-center gap-2">
                        <LineSwatch color={run.look.color} dash={run.look.dash} />
                        <span className="truncate" title={run.label}>{run.label}</span>
                      </span>
                      <span className="h-2 overflow-hidden rounded-sm bg-track" aria-hidden="true">
                        <span className="block h-full rounded-sm" style={{ width: `${longest > 0 && seconds !== null ? (seconds / longest) * 100 : 0}%`, background: `var(${run.look.color})` }} />
                      </span>
                      <span className="text-right">{f.duration(seconds)}</span>
                      {baseline >= 0 && <span className="text-right text-muted">{against}</span>}
                    </dd>
                  )
                );
              })}
            </div>
          ))}
        </dl>
      )}
    </Panel>
  );
}

function background({ ratio }: TenthCell): string | undefined {
  if (ratio === null || ratio < 1.02) return undefined;
  return `color-mix(in oklab, var(--amber-mark) ${Math.round(Math.min((ratio - 1) * 40, 40))}%, transparent)`;
}

export function TenthsPanel(props: Props) {
  const { comparison } = props;
  const runs = shown(props);
  const cells = tenthCells(comparison);
  const tenths = Array.from({ length: 10 }, (_, i) => i);
  const diverge = comparison.diverge;
  const called = (id: string | null) => runs.find((run) => run?.id === id)?.label ?? id ?? "";
  return (
    <Panel title="Where they diverge" testId="tenths" bodyClassName="relative overflow-x-auto" scrolls>
      <table className="table border-t border-line" style={{ fontSize: 12 }}>
        <caption className="caption px-4 py-2 text-left">
          Seconds spent on each tenth of the way, by percent; the darker, the longer it took against the quickest there.
          {diverge !== null && ` Framed: from ${f.percent(diverge.from)} to ${f.percent(diverge.to)} ${called(comparison.slowest)} lost ${f.percent(diverge.share * 100)} of what it lost against ${called(comparison.fastest)}.`}
        </caption>
        <thead>
          <tr>
            <th scope="col" className="sticky left-0 bg-panel">Run</th>
            {tenths.map((i) => (
              <th key={i} scope="col" className={`number px-1.5! ${inDivergence(comparison, i) ? "border-t-2! border-t-amber-mark! text-fg!" : ""}`}>
                {i * 10}–{i * 10 + 10}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cells.map((row, i) => {
            const run = runs[i];
            return (
              run !== undefined && (
                <tr key={run.id}>
                  <th scope="row" className="sticky left-0 max-w-36 border-b! bg-panel text-xs! text-fg!">
                    <span className="flex items-center gap-2">
                      <LineSwatch color={run.look.color} dash={run.look.dash} />
                      <span className="truncate" title={run.label}>{run.label}</span>
                    </span>
                  </th>
                  {row.map((cell, tenth) => (
                    <td
                      key={tenth}
                      className="number px-1.5! text-xs"
                      style={{ background: background(cell) }}
                      title={cell.ratio === null ? undefined : `${f.metric(cell.ratio, 3)} times as long as the quickest`}
                    >
                      {cell.seconds === null ? f.UNKNOWN : f.metric(cell.seconds, 3)}
                    </td>
                  ))}
                </tr>
              )
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}
