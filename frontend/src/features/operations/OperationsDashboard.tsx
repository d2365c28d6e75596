/** The page that opens: what runs, how far, what uses the machine, what failed and what to do. */
import { useMemo, useRef, useState } from "react";
import { ErrorNote, Skeleton } from "@/components/States";
import { FilterField } from "@/components/FilterField";
import { RetryDialog } from "@/components/RetryDialog";
import { useJobResources } from "@/hooks/useJobResources";
import { useLiveTrainings } from "@/hooks/useLiveTrainings";
import { useNow } from "@/hooks/useNow";
import { useShortcuts } from "@/hooks/useShortcuts";
import { useOperations, useSystemMonitor } from "@/hooks/useStores";
import { kindWord, operationTitle } from "@/lib/jobWords";
import { useQuery } from "@/lib/router";
import type { Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { isOutOfReach } from "@/stores/systemMonitorStore";
import { FailedList } from "./FailedList";
import { FinishedList } from "./FinishedList";
import { NothingYet } from "./NothingYet";
import { OperationCard } from "./OperationCard";
import { QueuedList } from "./QueuedList";
import { ResourceCorrelationVisualization } from "./ResourceCorrelationVisualization";
import { StatusFilter, type View } from "./StatusFilter";
import { UndoNote } from "./UndoNote";

const WATCHED_JOBS = 50;

function matches(operation: Operation, text: string): boolean {
  if (text === "") return true;
  const words = `${operationTitle(operation)} ${kindWord(operation.kind)} ${operation.status} ${operation.id}`.toLowerCase();
  return text.toLowerCase().split(/\s+/).every((part) => words.includes(part));
}

export function OperationsDashboard() {
  const active = useOperations((state) => state.activeOperations);
  const failed = useOperations((state) => state.failedOperations);
  const finished = useOperations((state) => state.finishedOperations);
  const counts = useOperations((state) => state.counts);
  const sparks = useOperations((state) => state.sparks);
  const pending = useOperations((state) => state.pending);
  const actionErrors = useOperations((state) => state.actionErrors);
  const load = useOperations((state) => state.load);
  const error = useOperations((state) => state.error);
  const lastDismissed = useOperations((state) => state.lastDismissed);
  const cpu = useSystemMonitor((state) => state.cpu);
  const memory = useSystemMonitor((state) => state.memory);
  const gpus = useSystemMonitor((state) => state.gpus);
  const gpuReason = useSystemMonitor((state) => state.gpuReason);
  const outOfReach = useSystemMonitor(isOutOfReach);
  const hasData = useSystemMonitor((state) => state.lastDataAt !== null);
  const [view, setView] = useQuery("show", "all");
  const [text, setText] = useQuery("q");
  const [retrying, setRetrying] = useState<Operation | null>(null);
  const now = useNow();
  const filter = useRef<HTMLInputElement>(null);
  const keys = useMemo(() => ({ "/": () => filter.current?.focus() }), []);
  useShortcuts(keys);

  const { control, retry, dismiss, undoDismiss, forgetDismissed, fetchAllActiveOperations } = operationsStore.getState();
  const shown = useMemo(() => {
    const inView = (status: string) => view === "all" || view === status;
    return {
      moving: active.filter(
        (job) =>
          job.status !== "queued" &&
          matches(job, text) &&
          (inView(job.status) || (view === "running" && ["starting", "cancelling", "paused"].includes(job.status))),
      ),
      queued: inView("queued") ? active.filter((job) => job.status === "queued" && matches(job, text)) : [],
      failed: inView("failed") ? failed.filter((job) => matches(job, text)) : [],
      finished: inView("finished") ? finished.filter((job) => matches(job, text)) : [],
    };
  }, [active, failed, finished, view, text]);
  const shares = useMemo(() => {
    void active;
    return operationsStore.getState().systemResources();
  }, [active]);

  const watched = useMemo(
    () => active.filter((job) => job.status !== "queued").slice(0, WATCHED_JOBS).map((job) => job.id),
    [active],
  );
  useJobResources(watched);

  const trainings = useMemo(
    () =>
      active.flatMap((job) =>
        job.status !== "queued" && job.entity_type === "training" && job.entity_id !== null
          ? [{ jobId: job.id, trainingId: job.entity_id }]
          : [],
      ),
    [active],
  );
  useLiveTrainings(trainings.slice(0, WATCHED_JOBS));

  const stale = outOfReach && load === "ready";
  const empty = active.length === 0 && failed.length === 0 && finished.length === 0;
  const nothingShown = shown.moving.length + shown.queued.length + shown.failed.length + shown.finished.length === 0;

  return (
    <div className="flex flex-col gap-4" data-testid="operations-dashboard">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <StatusFilter counts={counts} view={view as View} onView={setView} known={load === "ready"} />
        <FilterField ref={filter} value={text} onChange={setText} label="Filter operations" />
      </div>

      {error !== null && <ErrorNote onRetry={() => void fetchAllActiveOperations()}>{error}</ErrorNote>}

      {load === "loading" && (
        <div className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,330px),1fr))] gap-3" aria-label="Loading operations" role="status">
          <Skeleton className="h-64 rounded-lg" />
          <Skeleton className="h-64 rounded-lg" />
        </div>
      )}
      {load === "ready" && empty && <NothingYet />}
      {load === "ready" && !empty && nothingShown && (
        <p className="panel px-4 py-6 text-center text-sm text-muted">
          Nothing here matches.{" "}
          <button
            type="button"
            className="link"
            onClick={() => {
              setView("all");
              setText("");
            }}
          >
            Show everything
          </button>
        </p>
      )}

      {shown.moving.length > 0 && (
        <section aria-label="Under way" className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,330px),1fr))] gap-3">
          {shown.moving.map((operation) => (
            <OperationCard
              key={operation.id}
              operation={operation}
              spark={sparks[operation.id]}
              now={now}
              stale={stale}
              pending={pending[operation.id]}
              error={actionErrors[operation.id]}
              onControl={(jobId, action) => void control(jobId, action)}
            />
          ))}
        </section>
      )}
      {shown.queued.length > 0 && (
        <QueuedList operations={shown.queued} now={now} pending={pending} onControl={(jobId, action) => void control(jobId, action)} />
      )}
      {view === "all" && (
        <ResourceCorrelationVisualization
          cpu={cpu}
          memory={memory}
          gpus={Object.values(gpus)}
          gpuReason={gpuReason}
          shares={shares}
          stale={outOfReach && hasData}
        />
      )}
      {shown.failed.length > 0 && (
        <FailedList
          operations={shown.failed}
          now={now}
          pending={pending}
          errors={actionErrors}
          onRetry={setRetrying}
          onDismiss={(jobId) => void dismiss(jobId)}
        />
      )}
      {shown.finished.length > 0 && <FinishedList operations={shown.finished} now={now} />}

      {retrying !== null && (
        <RetryDialog
          name={operationTitle(retrying)}
          suggested={retrying.suggested_retry_params}
          onClose={() => {
            setRetrying(null);
          }}
          onRetry={(changed) => {
            void retry(retrying.id, changed);
            setRetrying(null);
          }}
        />
      )}
      {lastDismissed !== null && (
        <UndoNote
          key={lastDismissed.id}
          text={`${operationTitle(lastDismissed)} dismissed`}
          onUndo={() => void undoDismiss()}
          onDone={forgetDismissed}
        />
      )}
    </div>
  );
}
