/** How many rows of metrics lie where, by age: counted when it is asked for, since that goes over all of them. */
import { Panel } from "@/components/Panel";
import { useServer } from "@/hooks/useServer";
import * as f from "@/lib/format";
import type { AgeCount } from "@/lib/types/server";
import { serverStore } from "@/stores/serverStore";

export function MetricCountsPanel() {
  const counts = useServer((state) => state.counts);
  const counting = useServer((state) => state.counting);
  const error = useServer((state) => state.countsError);
  return (
    <Panel
      title="Metrics by age"
      note="Goes over every row: a second or two for each million"
      bodyClassName=""
      testId="metric-counts"
      actions={
        <button type="button" className="button" disabled={counting} onClick={() => void serverStore.getState().countMetrics()}>
          {counting ? "counting…" : counts === null ? "Count" : "Count again"}
        </button>
      }
    >
      {error !== null && (
        <p role="alert" className="border-t border-line px-4 py-3 text-sm text-red">
          {error}
        </p>
      )}
      {counts !== null && (
        <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="Rows of metrics by age">
          <table className="table border-t border-line">
            <thead>
              <tr>
                <th scope="col">Age</th>
                <th scope="col" className="number">
                  Live
                </th>
                <th scope="col" className="number">
                  Archived
                </th>
              </tr>
            </thead>
            <tbody>
              {counts.live.by_age.map((bucket, i) => (
                <tr key={bucket.from_days}>
                  <th scope="row">{ageWords(bucket)}</th>
                  <td className="number">{f.count(bucket.rows)}</td>
                  <td className="number text-muted">{f.count(counts.archived.by_age[i]?.rows)}</td>
                </tr>
              ))}
              <tr>
                <th scope="row">All</th>
                <td className="number font-medium">{f.count(counts.live.rows)}</td>
                <td className="number font-medium">{f.count(counts.archived.rows)}</td>
              </tr>
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function ageWords({ from_days: from, to_days: to }: AgeCount): string {
  if (to === null) return `more than ${from} days`;
  return from === 0 ? `up to ${to} ${to === 1 ? "day" : "days"}` : `${from} to ${to} days`;
}
