/** One training: how far, how well, its curves, checkpoints, log and parameters. */
import { useState } from "react";
import { Icon } from "@/components/Icon";
import { JobActions } from "@/components/JobActions";
import { Link } from "@/components/Link";
import { ProgressBar } from "@/components/ProgressBar";
import { RetryDialog } from "@/components/RetryDialog";
import { EmptyState, ErrorNote, Skeleton, Stat } from "@/components/States";
import { StatusBadge } from "@/components/StatusBadge";
import { useNow } from "@/hooks/useNow";
import { useOperations, useSystemMonitor, useTrainings } from "@/hooks/useStores";
import { useTrainingWebSocket } from "@/hooks/useTrainingWebSocket";
import * as f from "@/lib/format";
import { usePageSubject } from "@/lib/pageTitle";
import { errorWord, isActive, statusTone } from "@/lib/jobWords";
import { operationsStore } from "@/stores/operationsStore";
import { isOutOfReach } from "@/stores/systemMonitorStore";
import type { KnownTraining } from "@/stores/trainingsStore";
import { CheckpointsPanel } from "./CheckpointsPanel";
import { LogPanel } from "./LogPanel";
import { ParametersPanel } from "./ParametersPanel";
import { TrainingCharts } from "./TrainingCharts";

export function TrainingDetail({ trainingId }: { trainingId: string }) {
  useTrainingWebSocket(trainingId);
  const training = useTrainings((state) => state.trainings[trainingId]);
  const error = useTrainings((state) => state.errors[trainingId]);
  const curves = useTrainings((state) => state.curves[trainingId]);
  const curvesLoad = useTrainings((state) => state.curvesLoad[trainingId] ?? "loading");
  const checkpoints = useTrainings((state) => state.checkpoints[trainingId]);
  const outOfReach = useSystemMonitor(isOutOfReach);
  usePageSubject(training?.name ?? null);

  if (training?.created_at === undefined) {
    return error === undefined ? (
      <div role="status" aria-label="Loading the training" className="grid gap-3">
        <Skeleton className="h-36 rounded-lg" />
        <Skeleton className="h-64 rounded-lg" />
      </div>
    ) : (
      <section className="panel">
        <EmptyState icon="trainings" title="This training can't be shown">
          <p>{error}</p>
          <p className="mt-3">
            <Link href="/trainings" className="link">
              All trainings
            </Link>
          </p>
        </EmptyState>
      </section>
    );
  }
  return (
    <div className="flex flex-col gap-4" data-testid="training-detail" data-status={training.status}>
      <Head training={training} stale={outOfReach && isActive(training.status ?? "")} />
      {error !== undefined && <ErrorNote>{error}</ErrorNote>}
      <TrainingCharts curves={curves} load={curvesLoad} ended={!isActive(training.status ?? "")} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <CheckpointsPanel checkpoints={checkpoints} />
        <ParametersPanel training={training} />
      </div>
      <LogPanel jobId={training.job_id ?? null} />
    </div>
  );
}

function Head({ training, stale }: { training: KnownTraining; stale: boolean }) {
  const jobId = training.job_id ?? "";
  const job = useOperations((state) => state.operations[jobId]);
  const pending = useOperations((state) => state.pending[jobId]);
  const actionError = useOperations((state) => state.actionErrors[jobId]);
  const [retrying, setRetrying] = useState(false);
  const now = useNow();
  const status = training.status ?? "queued";
  const name = training.name ?? training.id;
  const { control } = operationsStore.getState();
  const running = status === "running";

  return (
    <section className="panel" aria-label="Progress">
      <div className={`px-4 pt-3.5 pb-4 ${stale ? "stale" : ""}`}>
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <Link href="/trainings" className="text-muted hover:text-fg" aria-label="All trainings">
            <Icon name="back" />
          </Link>
          <h2 className="min-w-0 truncate text-lg font-semibold" title={name}>
            {name}
          </h2>
          <span data-testid="training-status">
            <StatusBadge status={status} />
          </span>
          <div className="ml-auto flex items-center gap-2">
            {job !== undefined && <JobActions job={job} title={name} pending={pending} onControl={(id, action) => void control(id, action)} />}
            {status === "failed" && (
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
          </div>
        </div>

        {status === "failed" && (
          <p className="mt-2 text-sm break-words" role="alert">
            <span className="font-medium text-red">{errorWord(training.error_type ?? null)}</span>
            {training.error_message !== null && training.error_message !== undefined && <span className="text-muted"> — {training.error_message}</span>}
          </p>
        )}
        {status === "stalled" && (
          <p className="mt-2 text-sm text-amber">{job?.status_text ?? `No report since ${f.time(job?.last_report_at ?? training.updated_at, now)}`}</p>
        )}
        {status === "queued" && <p className="mt-2 text-sm text-muted">{job?.status_text ?? "Waits for a free slot."}</p>}
        {actionError !== undefined && (
          <p className="mt-2 text-sm text-red" role="alert">
            {actionError}
          </p>
        )}

        <div className="mt-3 flex items-baseline justify-between gap-4">
          <span className="text-xl font-semibold tracking-tight" data-testid="training-progress">
            {f.progressPercent(training.progress)}
          </span>
          <span className="text-sm text-muted">
            {running ? f.eta(training.eta_low, training.eta_high, training.eta_seconds) : tookLine(training, now)}
          </span>
        </div>
        <ProgressBar className="mt-1.5 h-2" value={training.progress ?? null} tone={statusTone(status)} label={`Progress of ${name}`} moving={running} />

        <dl className="mt-4 grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4 xl:grid-cols-8">
          <Stat label="Step" value={stepsLine(training)} testId="training-step" title={`${f.count(training.current_step)} of ${f.count(training.total_steps)}`} />
          <Stat label={status === "completed" ? "Final loss" : "Loss"} value={f.metric(status === "completed" ? (training.final_loss ?? training.loss) : training.loss)} testId="training-loss" />
          <Stat label="L0" value={f.metric(training.l0_sparsity, 3)} testId="training-l0" title="Features active on one input, mean" />
          <Stat label="Explained variance" value={f.metric(training.explained_variance)} />
          <Stat label="Dead features" value={f.count(training.dead_neurons)} />
          <Stat label="Samples/s" value={running ? f.compact(training.samples_per_second) : f.UNKNOWN} />
          <Stat label="Started" value={f.time(training.started_at, now)} title={f.fullTime(training.started_at)} />
          <Stat label={isActive(status) ? "Running for" : "Took"} value={elapsed(training, now)} />
        </dl>
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
    </section>
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

function tookLine(training: KnownTraining, now: number): string {
  if (training.finished_at === null || training.finished_at === undefined) return "";
  return `ended ${f.time(training.finished_at, now)}`;
}
