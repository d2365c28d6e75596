/** How the runs were started: only what differs, or all of it. */
import { useMemo } from "react";
import { Choice } from "@/components/Choice";
import { LineSwatch } from "@/components/LineSwatch";
import { Panel } from "@/components/Panel";
import { UNKNOWN } from "@/lib/format";
import { useQuery } from "@/lib/router";
import { settingRows } from "@/lib/runDifferences";
import { runParams } from "@/stores/comparisonStore";
import type { ViewRun } from "./view";

const WHICH = [
  { value: "", word: "Differences" },
  { value: "all", word: "All" },
];

export function SettingsPanel({ runs }: { runs: ViewRun[] }) {
  const [which, setWhich] = useQuery("settings");
  const all = which === "all";
  const known = useMemo(() => runs.filter(({ run }) => run.load === "ready"), [runs]);
  const rows = useMemo(() => settingRows(known.map(({ run }) => runParams(run))), [known]);
  const differing = rows.filter((row) => row.differs).length;
  const shown = all ? rows : rows.filter((row) => row.differs);
  const baseline = known.findIndex((run) => run.isBaseline);
  return (
    <Panel
      title="Settings"
      note={rows.length === 0 ? "" : `${differing} of ${rows.length} differ`}
      bodyClassName="relative max-h-[32rem] overflow-auto"
      scrolls
      testId="settings"
      actions={<Choice label="Which settings" options={WHICH} value={all ? "all" : ""} onChange={setWhich} />}
    >
      {shown.length === 0 ? (
        <p className="border-t border-line px-4 py-4 text-sm text-muted">
          {known.length < 2 ? "With a second run, what differs stands here." : rows.length === 0 ? "No settings are known of these runs." : "They were started with the same settings."}
        </p>
      ) : (
        <table className="table border-t border-line">
          <thead>
            <tr>
              <th scope="col" className="sticky left-0 bg-panel">Setting</th>
              {known.map((run) => (
                <th key={run.id} scope="col">
                  <span className="flex max-w-48 items-center gap-2">
                    <LineSwatch color={run.look.color} dash={run.look.dash} />
                    <span className="truncate" title={run.label}>{run.label}</span>
                    {run.isBaseline && <span className="font-normal text-muted">baseline</span>}
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.name} data-testid="setting" data-setting={row.name} data-differs={row.differs}>
                <th scope="row" className="sticky left-0 border-b! bg-panel font-mono text-xs! text-muted!">
                  {row.name}
                </th>
                {row.values.map((value, i) => {
                  const other = baseline >= 0 && i !== baseline && value !== row.values[baseline];
                  return (
                    <td key={known[i]?.id ?? i} className={`max-w-64 truncate font-mono text-xs ${other ? "font-semibold text-accent" : row.differs ? "" : "text-muted"}`} title={value ?? "not set"}>
                      {value ?? UNKNOWN}
                      {other && <span className="sr-only"> (differs from the baseline)</span>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
