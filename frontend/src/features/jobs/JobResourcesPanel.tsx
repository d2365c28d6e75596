/** What the job uses of the machine now, and what it used over all. */
import { Panel } from "@/components/Panel";
import { Stat } from "@/components/States";
import { useJobResources } from "@/hooks/useJobResources";
import * as f from "@/lib/format";
import { isActive } from "@/lib/jobWords";
import { resourcesLine, resourcesSource } from "@/lib/operationWords";
import type { Operation } from "@/lib/types/job";

const NONE: string[] = [];

export function JobResourcesPanel({ job, stale }: { job: Operation; stale: boolean }) {
  const active = isActive(job.status) && job.status !== "queued";
  useJobResources(active ? [job.id] : NONE);
  const now = job.resources ?? null;
  // What it used so far is told with its end: until then what there is was read once, and is old.
  const usage = active ? null : (job.usage ?? null);
  return (
    <Panel title="Resources" note={active ? `now: ${resourcesSource(job)}` : undefined} stale={stale} testId="job-resources">
      {active && now !== null && now.source !== "unknown" && now.cpu_percent === null && (
        <p className="mb-3 text-sm text-muted">Such a job uses: {resourcesLine(now)}. It sends no readings.</p>
      )}
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-3">
        {active && (
          <>
            <Stat label="CPU now, of one core" value={f.percent(now?.cpu_percent)} testId="job-cpu" />
            <Stat label="Memory now" value={f.bytes(now?.rss_bytes)} />
            <Stat label="Processes" value={f.count(now?.processes)} />
            <Stat label="Reads" value={f.byteRate(now?.read_bytes_per_s)} />
            <Stat label="Writes" value={f.byteRate(now?.write_bytes_per_s)} />
            {(now?.gpus ?? []).map((gpu) => (
              <Stat key={gpu.gpu_id} label={`GPU ${gpu.gpu_id}`} value={`${f.bytes(gpu.memory_bytes)} · ${f.percent(gpu.utilization)}`} />
            ))}
          </>
        )}
        {usage !== null && (
          <>
            <Stat label="CPU, mean" value={f.percent(usage.cpu_percent?.mean)} title={`peak ${f.percent(usage.cpu_percent?.peak)}`} />
            <Stat label="Memory, peak" value={f.bytes(usage.rss_bytes?.peak)} title={`mean ${f.bytes(usage.rss_bytes?.mean)}`} />
            <Stat label="Read" value={f.bytes(usage.read_bytes)} />
            <Stat label="Written" value={f.bytes(usage.write_bytes)} />
            {usage.gpus.map((gpu) => (
              <Stat
                key={gpu.gpu_id}
                label={`GPU ${gpu.gpu_id}, peak`}
                value={f.bytes(gpu.memory_bytes?.peak)}
                title={`use: mean ${f.percent(gpu.utilization?.mean)}, peak ${f.percent(gpu.utilization?.peak)}`}
              />
            ))}
          </>
        )}
      </dl>
      {usage !== null && (
        <p className="mt-2 text-xs text-faint">
          Over all attempts: {usage.source} for {f.duration(usage.seconds)}
        </p>
      )}
      {!active && usage === null && <p className="text-sm text-muted">What it used is not known: no reading of it has come.</p>}
    </Panel>
  );
}
