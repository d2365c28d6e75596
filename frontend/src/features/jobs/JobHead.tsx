/** Name, state and why, how far, and what can be asked of the job. */
import { useState } from "react";
import { Icon } from "@/components/Icon";
import { JobActions } from "@/components/JobActions";
import { Link } from "@/components/Link";
import { ProgressBar } from "@/components/ProgressBar";
import { RetryDialog } from "@/components/RetryDialog";
import { Stat } from "@/components/States";
import { StatusBadge } from "@/components/StatusBadge";
import { SubjectHeading } from "@/components/Subject";
import { useNow } from "@/hooks/useNow";
import { useOperations } from "@/hooks/useStores";
import * as f from "@/lib/format";
import { canRetry, errorWord, isActive, kindWord, operationTitle, statusTone, whatItDid } from "@/lib/jobWords";
import * as words from "@/lib/operationWords";
import type { Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";

const { control, dismiss, undoDismiss } = operationsStore.getState();

export function JobHead({ job, stale }: { job: Operation; stale: boolean }) {
  const pending = useOperations((state) => state.pending[job.id]);
  const actionError = useOperations((state) => state.actionErrors[job.id]);
  const canUndo = useOperations((state) => state.lastDismissed.some((it) => it.id === job.id));
  const [retrying, setRetrying] = useState(false);
  const now = useNow();
  const title = operationTitle(job);
  const active = isActive(job.status);
  const failed = job.status === "failed";
  return (
    <section className="panel" aria-label="Progress">
      <div className={`px-4 pt-3.5 pb-4 ${stale ? "stale" : ""}`}>
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <SubjectHeading kind="job" name={title} />
          <span className="text-xs text-muted">{kindWord(job.kind)}</span>
          <span data-testid="job-status">
            <StatusBadge status={job.status} />
          </span>
          <div className="ml-auto flex flex-wrap items-center gap-1.5">
            <JobActions job={job} title={title} pending={pending} onControl={(id, action) => void control(id, action)} />
            <Link href={`/compare?ids=${encodeURIComponent(job.id)}`} className="button">
              Compare
            </Link>
            {canRetry(job) && (
              <button
                type="button"
                className="button"
                disabled={pending !== undefined}
                onClick={() => {
                  setRetrying(true);
                }}
              >
                <Icon name="retry" size={12} />
                Retry
              </button>
            )}
            {failed && !job.dismissed && job.retried_by === null && (
              <button type="button" className="button" disabled={pending !== undefined} onClick={() => void dismiss(job.id)}>
                Dismiss
              </button>
            )}
            {job.dismissed && canUndo && (
              <button type="button" className="button" onClick={() => void undoDismiss()}>
                Undo dismissal
              </button>
            )}
          </div>
        </div>

        {failed && (
          <p className="mt-2 text-sm break-words" role="alert">
            <span className="font-medium text-red">{errorWord(job.error_type)}</span>
            {job.error_message !== null && job.error_message !== "" && <span className="text-muted"> — {job.error_message}</span>}
          </p>
        )}
        {active && (
          <p className={`mt-2 text-sm ${statusTone(job.status) === "warning" ? "text-amber" : "text-muted"}`} data-testid="situation">
            {words.situation(job, now)}
          </p>
        )}
        {actionError !== undefined && (
          <p className="mt-2 text-sm text-red" role="alert">
            {actionError}
          </p>
        )}
        <Relations job={job} />

        <div className="mt-3 flex items-baseline justify-between gap-4">
          <span className="text-xl font-semibold tracking-tight" data-testid="job-progress">
            {job.progress === null && job.done !== null ? f.amount(job.done, job.total, job.unit) : f.progressPercent(job.progress)}
          </span>
          <span className="text-sm text-muted">{active ? words.remainingText(job) : job.finished_at === null ? "" : `ended ${f.time(job.finished_at, now)}`}</span>
        </div>
        <ProgressBar className="mt-1.5 h-2" value={job.progress} tone={statusTone(job.status)} label={`Progress of ${title}`} moving={job.status === "running"} />
        <Numbers job={job} now={now} active={active} />
      </div>
      {retrying && (
        <RetryDialog
          jobId={job.id}
          name={title}
          onClose={() => {
            setRetrying(false);
          }}
        />
      )}
    </section>
  );
}

function Numbers({ job, now, active }: { job: Operation; now: number; active: boolean }) {
  const report = words.reportAge(job, now);
  const end = job.finished_at === null ? now : Date.parse(job.finished_at);
  const took = job.started_at === null ? f.UNKNOWN : f.duration(Math.floor((end - Date.parse(job.started_at)) / 1000));
  return (
    <dl className="mt-4 grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4 xl:grid-cols-8">
      <Stat label={active ? "Done" : "Did"} value={(active ? words.countText(job) : whatItDid(job)) || f.UNKNOWN} />
      <Stat label="Rate" value={active ? f.rate(job.rate, job.unit) : f.UNKNOWN} />
      <Stat label="Started" value={f.time(job.started_at, now)} title={f.fullTime(job.started_at)} />
      <Stat label={active ? "Running for" : "Took"} value={took} />
      <Stat label="Attempt" value={`${job.attempt} of ${Math.max(job.max_attempts, job.attempt)}`} title={job.auto_retry ? "After out of memory or a timeout it is tried once more by itself" : undefined} />
      <Stat label="Host" value={job.host ?? f.UNKNOWN} title={job.worker_id ?? undefined} />
      <Stat label="Queue" value={job.attached ? "none" : `${job.queue}${job.priority === 0 ? "" : ` · priority ${job.priority}`}`} title={job.attached ? "It runs where it was called" : `class ${job.resource_class}`} />
      {active ? <Stat label="Last report" value={report?.text.replace(/^report(ed)? /, "") ?? f.UNKNOWN} /> : <Stat label="Time limit" value={f.duration(job.time_limit_seconds)} />}
    </dl>
  );
}

/** The jobs and the page that it belongs with. */
function Relations({ job }: { job: Operation }) {
  const links: [string, string, string][] = [];
  if (job.entity_type === "training" && job.entity_id !== null) links.push(["Its training", `/trainings/${job.entity_id}`, "curves and checkpoints"]);
  if (job.retry_of !== null) links.push(["Retry of", `/jobs/${job.retry_of}`, job.retry_of]);
  if (job.retried_by !== null) links.push(["Retried as", `/jobs/${job.retried_by}`, job.retried_by]);
  if (links.length === 0) return null;
  return (
    <p className="mt-2 flex flex-wrap gap-x-4 text-sm text-muted">
      {links.map(([word, href, text]) => (
        <span key={href}>
          {word}:{" "}
          <Link href={href} className="link">
            {text}
          </Link>
        </span>
      ))}
    </p>
  );
}
