/** Who holds the GPU's memory: jobs by name, other processes by number, and what nobody is known to hold. */
import { Link } from "@/components/Link";
import { useOperations } from "@/hooks/useStores";
import * as f from "@/lib/format";
import { operationTitle } from "@/lib/jobWords";
import type { GpuMetrics, GpuProcess } from "@/lib/types/system";

/** What the processes' own readings don't explain, or null: that can't be told. */
export function unattributedBytes({ memory_used, processes }: Pick<GpuMetrics, "memory_used" | "processes">): number | null {
  if (memory_used === null || processes === null) return null;
  const known = processes.map((process) => process.memory_bytes);
  if (known.some((bytes) => bytes === null)) return null;
  return Math.max(0, memory_used - known.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0));
}

export function GpuProcesses({ metrics }: { metrics: GpuMetrics }) {
  const { processes } = metrics;
  if (processes === null) return <p className="mt-3 text-xs text-muted">Which processes use it: the driver doesn't say.</p>;
  const rest = unattributedBytes(metrics);
  return (
    <table className="mt-3 w-full text-xs" data-testid="gpu-processes">
      <caption className="caption mb-1 text-left">{processes.length === 0 ? "No process uses it." : "Processes"}</caption>
      <tbody>
        {processes.map((process) => (
          <ProcessRow key={process.pid} process={process} />
        ))}
        {(rest === null || rest > 0) && (
          <tr>
            <th scope="row" className="py-0.5 pr-3 text-left font-normal text-muted" colSpan={2}>
              unattributed
            </th>
            <td className="text-right">{f.bytes(rest)}</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

function ProcessRow({ process }: { process: GpuProcess }) {
  const jobId = process.job_id ?? null;
  const title = useOperations((state) => {
    const job = jobId === null ? undefined : state.operations[jobId];
    return job === undefined ? jobId : operationTitle(job);
  });
  return (
    <tr>
      <th scope="row" className="w-full max-w-0 truncate py-0.5 pr-3 text-left font-normal">
        {jobId === null ? (
          <span className="text-muted">no job of this server</span>
        ) : (
          <Link href={`/operations?q=${encodeURIComponent(jobId)}`} className="link">
            {title}
          </Link>
        )}
      </th>
      <td className="pr-3 whitespace-nowrap text-muted">pid {process.pid}</td>
      <td className="text-right whitespace-nowrap" title={process.memory_bytes === null ? "The driver doesn't say" : "Measured by the driver"}>
        {f.bytes(process.memory_bytes)}
        <span className="text-muted">{process.memory_bytes === null ? " unknown" : " measured"}</span>
      </td>
    </tr>
  );
}
