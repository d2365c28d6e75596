/** What an extraction's result says of each set of vectors: how long they are, and how their elements are spread. */
import { Skeleton } from "@/components/States";
import { useJobResult } from "@/hooks/useJobResult";
import * as f from "@/lib/format";
import type { JsonObject } from "@/lib/types/job";
import type { ActivationStatistics } from "@/lib/types/model";

/** The statistics of a job's result; an extraction of an earlier version has none. */
export function statisticsOf(result: JsonObject | null | undefined): ActivationStatistics[] {
  const sets = result?.["statistics"];
  if (!Array.isArray(sets)) return [];
  return sets.filter((set) => typeof set === "object" && set !== null && "mean_norm" in set) as unknown as ActivationStatistics[];
}

export function ActivationStatisticsTable({ jobId, path }: { jobId: string; path: string | null }) {
  const { result, load, error } = useJobResult(jobId);
  const sets = statisticsOf(result);
  if (error !== null) return <p role="alert" className="py-2 text-xs text-red">{error}</p>;
  if (load === "loading") return <Skeleton className="my-2 h-10" />;
  return (
    <div className="overflow-x-auto py-2 max-sm:max-w-[calc(100vw-72px)]" tabIndex={0} role="group" aria-label="Statistics of the activations">
      {sets.length === 0 ? (
        <p className="text-xs text-muted">This extraction kept no statistics with its result. metadata.json in its folder has them.</p>
      ) : (
        <table className="text-xs [&_td]:h-6 [&_td]:pr-6 [&_th]:pr-6">
          <thead>
            <tr className="text-left">
              <th scope="col">Layer</th>
              <th scope="col">Where</th>
              <th scope="col" className="number">Mean length</th>
              <th scope="col" className="number">Mean</th>
              <th scope="col" className="number">Std. deviation</th>
              <th scope="col" className="number">Least</th>
              <th scope="col" className="number">Greatest</th>
              <th scope="col" className="number">Vectors</th>
            </tr>
          </thead>
          <tbody>
            {sets.map((set) => (
              <tr key={`${set.layer} ${set.hook}`}>
                <td>{set.layer}</td>
                <td>{set.hook}</td>
                <td className="number">{f.metric(set.mean_norm)}</td>
                <td className="number">{f.metric(set.mean)}</td>
                <td className="number">{f.metric(set.std)}</td>
                <td className="number">{f.metric(set.min)}</td>
                <td className="number">{f.metric(set.max)}</td>
                <td className="number">{f.count(set.vectors)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {path !== null && <p className="mt-1 font-mono text-2xs break-all text-faint">{path}</p>}
    </div>
  );
}
