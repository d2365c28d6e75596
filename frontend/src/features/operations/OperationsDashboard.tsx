/** The page that opens: what runs, how far, what uses the machine, what failed and what to do. */
import { useCallback, useMemo, useRef, useState } from "react";
import { RetryDialog } from "@/components/RetryDialog";
import { ErrorNote, Skeleton } from "@/components/States";
import { useMachineLevels } from "@/hooks/useMachineLevels";
import { useNow } from "@/hooks/useNow";
import { useShortcuts } from "@/hooks/useShortcuts";
import { useOperations, useSystemMonitor } from "@/hooks/useStores";
import { operationTitle } from "@/lib/jobWords";
import { choices, isNarrowed, narrow, type OperationFilter, type View } from "@/lib/operationFilter";
import { useQuery } from "@/lib/router";
import type { Control, Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { isOutOfReach } from "@/stores/systemMonitorStore";
import { FailedList } from "./FailedList";
import { Filters } from "./Filters";
import { FinishedList } from "./FinishedList";
import { NothingYet } from "./NothingYet";
import { QueuedList } from "./QueuedList";
import { ResourceCorrelationVisualization } from "./ResourceCorrelationVisualization";
import { StatusFilter } from "./StatusFilter";
import { CARDS_MAX, UnderWay, type Layout } from "./UnderWay";
import { UndoNote } from "./UndoNote";
import { useWatchedJobs } from "./useWatchedJobs";

const { control, dismissAll, undoDismiss, forgetDismissed, fetchAllActiveOperations, fetchEndedOperations, fetchMore } = operationsStore.getState();

export function OperationsDashboard() {
  const operations = useOperations((state) => state.operations);
  const active = useOperations((state) => state.activeOperations);
  const failed = useOperations((state) => state.failedOperations);
  const finished = useOperations((state) => state.finishedOperations);
  const counts = useOperations((state) => state.counts);
  const ended = useOperations((state) => state.ended);
  const unserved = useOperations((state) => state.unserved);
  const sparks = useOperations((state) => state.sparks);
  const pending = useOperations((state) => state.pending);
  const actionErrors = useOperations((state) => state.actionErrors);
  const load = useOperations((state) => state.load);
  const error = useOperations((state) => state.error);
  const lastDismissed = useOperations((state) => state.lastDismissed);
  const gpuReason = useSystemMonitor((state) => state.gpuReason);
  const outOfReach = useSystemMonitor(isOutOfReach);
  const { levels, host, colors, peaks } = useMachineLevels();
  const now = useNow();

  const [view, setView] = useQuery("show", "all");
  const [text, setText] = useQuery("q");
  const [kind, setKind] = useQuery("kind");
  const [onHost, setHost] = useQuery("host");
  const [as, setAs] = useQuery("as");
  const [retrying, setRetrying] = useState<Operation | null>(null);
  const [highlight, setHighlight] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const keys = useMemo(() => ({ "/": () => field.current?.focus() }), []);
  useShortcuts(keys);
  useWatchedJobs(active);

  const filter: OperationFilter = useMemo(() => ({ text, kind, host: onHost, view }), [text, kind, onHost, view]);
  const shown = useMemo(() => narrow({ active, failed, finished }, filter), [active, failed, finished, filter]);
  const queued = useMemo(() => active.filter((job) => job.status === "queued"), [active]);
  const { kinds, hosts } = useMemo(() => choices([...active, ...failed, ...finished]), [active, failed, finished]);
  const onControl = useCallback((jobId: string, action: Control) => void control(jobId, action), []);

  const layout: Layout = as === "rows" || as === "cards" ? as : shown.moving.length > CARDS_MAX ? "rows" : "cards";
  const stale = outOfReach && load === "ready";
  const empty = active.length === 0 && failed.length === 0 && finished.length === 0;
  const nothingShown = shown.moving.length + shown.queued.length + shown.failed.length + shown.finished.length === 0;
  const read = (list: "failed" | "finished") => shown[list].length > 0 || ended[list].error !== null;
  const lists = {
    read: (list: "failed" | "finished") => ({
      read: isNarrowed(filter) && shown[list].length === 0 ? { ...ended[list], cursor: null } : ended[list],
      total: counts[list],
      onMore: () => void fetchMore(list),
      onAgain: () => void fetchEndedOperations(),
    }),
  };

  return (
    <div className="flex flex-col gap-4" data-testid="operations-dashboard">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <StatusFilter counts={counts} view={view} onView={(next: View) => setView(next)} known={load === "ready"} />
        <Filters
          filter={filter}
          kinds={kinds}
          hosts={hosts}
          layout={layout}
          onLayout={shown.moving.length > 1 ? setAs : null}
          onText={setText}
          onKind={setKind}
          onHost={setHost}
          fieldRef={field}
        />
      </div>

      {error !== null && <ErrorNote onRetry={() => void fetchAllActiveOperations()}>What is under way can&rsquo;t be read: {error}</ErrorNote>}
      {load === "loading" && (
        <div className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,330px),1fr))] gap-3" aria-label="Loading operations" role="status">
          <Skeleton className="h-64 rounded-lg" />
          <Skeleton className="h-64 rounded-lg" />
        </div>
      )}
      {load === "ready" && empty && ended.failed.error === null && ended.finished.error === null && <NothingYet />}
      {load === "ready" && !empty && nothingShown && (
        <p className="panel px-4 py-6 text-center text-sm text-muted">
          {isNarrowed(filter) ? "Nothing here matches." : `Nothing is ${view}.`}{" "}
          <button
            type="button"
            className="link"
            onClick={() => {
              setView("all");
              setText("");
              setKind("");
              setHost("");
            }}
          >
            Show everything
          </button>
        </p>
      )}

      {shown.moving.length > 0 && (
        <UnderWay
          operations={shown.moving}
          layout={layout}
          sparks={sparks}
          now={now}
          stale={stale}
          colors={colors}
          highlight={highlight}
          pending={pending}
          errors={actionErrors}
          onControl={onControl}
          onHighlight={setHighlight}
        />
      )}
      {shown.queued.length > 0 && (
        <QueuedList operations={shown.queued} queued={queued} unserved={unserved} now={now} pending={pending} errors={actionErrors} onControl={onControl} />
      )}
      {/* Not above or below what is still to come: it would jump. */}
      {view === "all" && load !== "loading" && (
        <ResourceCorrelationVisualization
          levels={levels}
          host={host}
          gpuReason={gpuReason}
          peaks={peaks}
          operations={operations}
          colors={colors}
          highlight={highlight}
          stale={outOfReach && levels !== null}
          onHighlight={setHighlight}
        />
      )}
      {read("failed") && (
        <FailedList
          operations={shown.failed}
          {...lists.read("failed")}
          now={now}
          pending={pending}
          errors={actionErrors}
          onRetry={setRetrying}
          onDismiss={(jobIds) => void dismissAll(jobIds)}
        />
      )}
      {read("finished") && <FinishedList operations={shown.finished} {...lists.read("finished")} now={now} onRetry={setRetrying} />}

      {retrying !== null && (
        <RetryDialog
          jobId={retrying.id}
          name={operationTitle(retrying)}
          onClose={() => {
            setRetrying(null);
          }}
        />
      )}
      {lastDismissed.length > 0 && <UndoNote dismissed={lastDismissed} onUndo={() => void undoDismiss()} onDone={forgetDismissed} />}
    </div>
  );
}
