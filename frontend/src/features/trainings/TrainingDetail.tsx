/** One training: how far, how well, its curves over what the machine did, its checkpoints, parameters and log. */
import { lazy, Suspense, useMemo } from "react";
import { LogPanel } from "@/components/log/LogPanel";
import { ErrorNote, Skeleton } from "@/components/States";
import { SubjectMissing } from "@/components/Subject";
import { Tabs, type Tab } from "@/components/Tabs";
import { JobTimeline } from "@/components/timeline/JobTimeline";
import { useNow } from "@/hooks/useNow";
import { useRun, useRunStore } from "@/hooks/useRun";
import { useOperations, useSystemMonitor, useTrainings } from "@/hooks/useStores";
import { useTrainingWebSocket } from "@/hooks/useTrainingWebSocket";
import { isActive } from "@/lib/jobWords";
import { usePageSubject } from "@/lib/pageTitle";
import { useQuery } from "@/lib/router";
import { isOutOfReach } from "@/stores/systemMonitorStore";
import type { KnownTraining } from "@/stores/trainingsStore";
import { CheckpointsPanel } from "./CheckpointsPanel";
import { CurvesAndMachine } from "./CurvesAndMachine";
import { ParametersPanel } from "./ParametersPanel";
import { TrainingHead } from "./TrainingHead";

const ProgressHistoryChart = lazy(async () => ({
  default: (await import("@/features/progress-history/ProgressHistoryChart")).ProgressHistoryChart,
}));

interface Props {
  trainingId: string;
}

export function TrainingDetail({ trainingId }: Props) {
  useTrainingWebSocket(trainingId);
  const training = useTrainings((state) => state.trainings[trainingId]);
  const error = useTrainings((state) => state.errors[trainingId]);
  usePageSubject(training?.name ?? null);
  useRun(training);

  if (training?.created_at === undefined) return <SubjectMissing kind="training" error={error ?? null} />;
  return <Detail training={training} error={error} />;
}

function Detail({ training, error }: { training: KnownTraining; error: string | undefined }) {
  const jobId = training.job_id ?? "";
  const live = useOperations((state) => state.operations[jobId]);
  const read = useRunStore((state) => state.jobs[jobId]);
  const checkpoints = useTrainings((state) => state.checkpoints[training.id]);
  const outOfReach = useSystemMonitor(isOutOfReach);
  const now = useNow();
  const [tab, setTab] = useQuery("tab", "overview");
  const ids = useMemo(() => [training.id], [training.id]);
  const job = useMemo(() => (live === undefined ? read : { ...live, usage: live.usage ?? read?.usage }), [live, read]);
  const status = training.status ?? "queued";
  const tabs: Tab[] = [
    {
      key: "overview",
      word: "Overview",
      render: () => (
        <div className="grid gap-4">
          <CurvesAndMachine training={training} usage={job?.usage} />
          <LogPanel jobId={training.job_id ?? null} />
        </div>
      ),
    },
    {
      key: "checkpoints",
      word: "Checkpoints",
      note: checkpoints === undefined ? undefined : String(checkpoints.length),
      render: () => <CheckpointsPanel checkpoints={checkpoints} now={now} />,
    },
    ...(job === undefined ? [] : [{ key: "timeline", word: "Timeline", render: () => <JobTimeline job={job} /> }]),
    { key: "parameters", word: "Parameters", render: () => <ParametersPanel training={training} kind={job?.kind} /> },
    {
      key: "history",
      word: "Progress History",
      render: () => (
        <Suspense fallback={<Skeleton className="h-64 rounded-lg" />}>
          <ProgressHistoryChart entityIds={ids} />
        </Suspense>
      ),
    },
  ];
  return (
    <div className="flex flex-col gap-4" data-testid="training-detail" data-status={status}>
      <TrainingHead training={training} job={job} now={now} stale={outOfReach && isActive(status)} />
      {error !== undefined && <ErrorNote>{error}</ErrorNote>}
      <Tabs label="The training's parts" tabs={tabs} chosen={tab} onChoose={setTab} />
    </div>
  );
}
