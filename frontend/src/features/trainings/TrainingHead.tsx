/** How far a training is, in which state, how well it goes, and what can be asked of it. */
import { useState } from "react";
import { Icon } from "@/components/Icon";
import { JobActions } from "@/components/JobActions";
import { Link } from "@/components/Link";
import { ProgressBar } from "@/components/ProgressBar";
import { RetryDialog } from "@/components/RetryDialog";
import { Stat } from "@/components/States";
import { StatusBadge } from "@/components/StatusBadge";
import { SubjectHeading } from "@/components/Subject";
import { useOperations } from "@/hooks/useStores";
import * as f from "@/lib/format";
import { isActive, statusTone } from "@/lib/jobWords";
import type { Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import type { KnownTraining } from "@/stores/trainingsStore";
import { DeleteDialog } from "./DeleteDialog";
import { StateLine } from "./StateLine";

interface Props {
  training: KnownTraining;
  job: Operation | undefined;
  now: number;
  stale: boolean;
}

export function TrainingHead({ training, job, now, stale }: Props) {
  const jobId = training.job_id ?? "";
  const pending = useOperations((state) => state.pending[jobId]);
  const actionError = useOperations((state) => state.actionErrors[jobId]);
  const [retrying, setRetrying] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const status = training.status ?? "queued";
  const name = training.name ?? training.id;
  const { control } = operationsStore.getState();
  const running = status === "running";
  const canRetry = (status === "failed" || status === "cancelled") && job?.attached !== true && typeof job?.retried_by !== "string";

  return (
    <section className="panel" aria-label="Progress">
      <div className={`px-4 pt-3.5 pb-4 ${stale ? "stale" : ""}`}>
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <SubjectHeading kind="training" name={name} />
          <span data-testid="training-status">
            <StatusBadge status={status} />
          </span>
          {job !== undefined && job.attempt > 1 && <span className="text-xs text-muted">attempt {job.attempt}</span>}
          <div className="ml-auto flex flex-wrap items-center gap-2">
            <Link href={`/compare?ids=${encodeURIComponent(training.id)}`} className="button">
              Compare with…
            </Link>
            {job !== undefined && isActive(status) && <JobActions job={job} title={name} pending={pending} onControl={(id, action) => void control(id, action)} />}
            {canRetry && (
              <button
                type="button"
                className="button"
                onClick={() => {
                  setRetrying(true);
                }}
              >
                <Icon name="retry" size={12} />
                Retry
              </button>
            )}
            {!isActive(status) && (
              <button
                type="button"
                className="button"
                onClick={() => {
                  setDeleting(true);
                }}
              >
                Delete…
              </button>
            )}
          </div>
        </div>
        <StateLine training={training} job={job} now={now} actionError={actionError} />
        <div className="mt-3 flex items-baseline justify-between gap-4">
          <span className="text-xl font-semibold tracking-tight" data-testid="training-progress">
            {f.progressPercent(training.progress)}
          </span>
          <span className="text-sm text-muted">
            {running ? f.eta(training.eta_low, training.eta_high, training.eta_seconds) : endedLine(training, now)}
          </span>
        </div>
        <ProgressBar className="mt-1.5 h-2" value={training.progress ?? null} tone={statusTone(status)} label={`Progress of ${name}`} moving={running} />
        <Numbers training={training} now={now} />
      </div>
      {retrying && (
        <RetryDialog
          jobId={jobId}
          name={name}
          onClose={() => {
            setRetrying(false);
          }}
        />
      )}
      {deleting && (
        <DeleteDialog
          trainings={[{ id: training.id, name, folder: training.output_path }]}
          onClose={() => {
            setDeleting(false);
          }}
        />
      )}
    </section>
  );
}

function Numbers({ training, now }: { training: KnownTraining; now: number }) {
  const status = training.status ?? "queued";
  const done = status === "completed";
  return (
    <dl className="mt-4 grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4 xl:grid-cols-8">
      <Stat label="Step" value={stepsLine(training)} testId="training-step" title={`${f.count(training.current_step)} of ${f.count(training.total_steps)}`} />
      <Stat label={done ? "Final loss" : "Loss"} value={f.metric(done ? (training.final_loss ?? training.loss) : training.loss)} testId="training-loss" />
      <Stat label="L0" value={f.metric(training.l0_sparsity, 3)} testId="training-l0" title="Features active on one input, mean" />
      <Stat label="Explained variance" value={f.metric(training.explained_variance)} />
      <Stat label="Dead features" value={f.count(training.dead_neurons)} />
      <Stat label="Samples/s" value={status === "running" ? f.compact(training.samples_per_second) : f.UNKNOWN} />
      <Stat label="Started" value={f.time(training.started_at, now)} title={f.fullTime(training.started_at)} />
      <Stat label={isActive(status) ? "Running for" : "Took"} value={elapsed(training, now)} />
    </dl>
  );
}

function stepsLine(training: KnownTraining): string {
  if (training.current_step === null || training.current_step === undefined) return f.UNKNOWN;
  return `${f.count(training.current_step)} / ${f.count(training.total_steps)}`;
}

function elapsed(training: KnownTraining, now: number): string {
  if (training.started_at === null || training.started_at === undefined) return f.UNKNOWN;
  if (typeof training.duration_seconds === "number") return f.duration(training.duration_seconds);
  const end = training.finished_at === null || training.finished_at === undefined ? now : Date.parse(training.finished_at);
  if (!isActive(training.status ?? "") && (training.finished_at === null || training.finished_at === undefined)) return f.UNKNOWN;
  return f.duration((end - Date.parse(training.started_at)) / 1000);
}

function endedLine(training: KnownTraining, now: number): string {
  if (training.finished_at === null || training.finished_at === undefined) return "";
  return `ended ${f.time(training.finished_at, now)}`;
}
