/** One job of any kind: how far, what happened to it, what it uses, what it was given and gave, and what it wrote. */
import { lazy, Suspense, useMemo } from "react";
import { LogPanel } from "@/components/log/LogPanel";
import { ErrorNote, Skeleton } from "@/components/States";
import { SubjectMissing } from "@/components/Subject";
import { JobTimeline } from "@/components/timeline/JobTimeline";
import { useJob } from "@/hooks/useJob";
import { useSystemMonitor } from "@/hooks/useStores";
import { isActive } from "@/lib/jobWords";
import { isOutOfReach } from "@/stores/systemMonitorStore";
import { JobHead } from "./JobHead";
import { JobResourcesPanel } from "./JobResourcesPanel";
import { ValuesPanel } from "./ValuesPanel";

const ProgressHistoryChart = lazy(async () => ({
  default: (await import("@/features/progress-history/ProgressHistoryChart")).ProgressHistoryChart,
}));

export function JobPage({ jobId }: { jobId: string }) {
  const { job, error } = useJob(jobId);
  const ids = useMemo(() => [jobId], [jobId]);
  const outOfReach = useSystemMonitor(isOutOfReach);
  if (job === undefined) return <SubjectMissing kind="job" error={error} />;
  const stale = outOfReach && isActive(job.status);
  return (
    <div className="flex flex-col gap-4" data-testid="job-page" data-status={job.status}>
      <JobHead job={job} stale={stale} />
      {error !== null && <ErrorNote>It can&rsquo;t be read anew: {error}</ErrorNote>}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <JobTimeline job={job} />
        <div className="grid min-w-0 gap-4">
          <JobResourcesPanel job={job} stale={stale} />
          <ValuesPanel title="Parameters" values={job.params} nothing="None were given." />
          <ValuesPanel title="Result" values={job.result} nothing={isActive(job.status) ? "It comes with the end." : "It left none."} />
        </div>
      </div>
      <Suspense fallback={<Skeleton className="h-64 rounded-lg" />}>
        <ProgressHistoryChart entityIds={ids} />
      </Suspense>
      <LogPanel jobId={jobId} />
    </div>
  );
}
